/** Links to the parts of the overview, with their counts: on a phone they lie screens apart. */
import { html } from '../parts/html.js';
import { suspendedTitle } from '../parts/mode.js';
import { number } from '../parts/words.js';

function targets(status) {
  const { accounts, held } = status;
  const { suspended, wouldBeSuspended } = accounts;
  return [
    ...(suspended + wouldBeSuspended > 0
      ? [['suspended', suspendedTitle(status), suspended + wouldBeSuspended]]
      : []),
    ['watched', 'Watched', accounts.watched],
    ['held', 'Held mail', held],
    ['flow', 'Messages per minute'],
    ['feed', 'Latest messages'],
    ['statistics', 'Last 30 days'],
  ];
}

export function Jumps({ view }) {
  return html`<nav class="jumps" aria-label="Parts of this page">
    ${targets(view.status).map(
      ([
        id,
        title,
        count,
      ]) => html`<a key=${id} href=${`#${id}`} onClick=${(event) => to(event, id)}>
        ${title}${count === undefined ? '' : html` <span class="tally">${number(count)}</span>`}
      </a>`,
    )}
  </nav>`;
}

/** The focus goes along, so that Tab continues there. */
function to(event, id) {
  event.preventDefault();
  const heading = document.getElementById(id);
  heading?.scrollIntoView();
  heading?.focus({ preventScroll: true });
}
