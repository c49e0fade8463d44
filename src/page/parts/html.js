/** Writes markup in template strings, with htm and Preact. */
import htm from 'htm';
import { h } from 'preact';

export const html = htm.bind(h);
