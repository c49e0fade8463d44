import { h } from 'preact';
