/** Starts the status page. */
import { h, render } from 'preact';
import { App } from './app.js';

const root = document.getElementById('page');
if (root !== null) render(h(App, {}), root);
