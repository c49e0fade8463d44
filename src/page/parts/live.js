/**
 * Follows the live feed. The browser reconnects automatically. When the browser has given up
 * (signed out, too many pages), this file checks the session and tries again.
 */
import { session } from './api.js';

const againMs = 5_000;

/**
 * Calls back with batches, statuses and the state of the link, until the returned stop is called.
 */
export function follow({ onFeed, onStatus, onLink, onSignedOut }) {
  let source;
  let timer;
  function open() {
    source = new EventSource('/api/live');
    source.addEventListener('open', () => onLink('live'));
    source.addEventListener('feed', (event) => onFeed(JSON.parse(event.data)));
    source.addEventListener('status', (event) => onStatus(JSON.parse(event.data)));
    source.addEventListener('error', () => {
      onLink('lost');
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(() => {
        session().then((signedIn) => (signedIn ? open() : onSignedOut()), open);
      }, againMs);
    });
  }
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
