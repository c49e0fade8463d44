/** The state of an item of the checklist in words, with a shape, and what all of them share. */
import { html } from '../../parts/html.js';
import { Command, Glyph, When } from '../../parts/marks.js';
import { visible } from '../../parts/strangers.js';
import { many, number, opened } from '../../parts/words.js';

const glyphs = { broken: 'stop', missing: 'watch', unknown: 'idle', done: 'well' };
const dayMs = 86_400_000;

export function ItemState({ state }) {
  return html`<span class="item-state ${glyphs[state] ?? 'idle'}">
    <${Glyph} of=${glyphs[state]} /> ${state}
  </span>`;
}

/** How much is broken, and what breaks next. */
export function TopLine({ found: { broken, due, items, now } }) {
  const done = items.filter(({ state }) => state === 'done').length;
  const needed = items.filter(({ state }) => state !== 'not needed').length;
  const parts = [
    broken === 0 ? 'Nothing is broken' : `${number(broken)} broken`,
    ...(due === undefined ? [] : [`next to break: ${visible(due.what)} ${inDays(due.at - now)}`]),
    `${number(done)} of ${number(needed)} in place`,
  ];
  return html`<p class="top-line">${parts.join(' · ')}</p>`;
}

function inDays(ms) {
  const days = Math.floor(ms / dayMs);
  if (days <= 0) return ms < 0 ? '(overdue)' : 'today';
  return `in ${many(days, 'day')}`;
}

/** Texts are written to fit inside a sentence; a name at the beginning stays as it is. */
export function said(text) {
  return visible(/^\S*[._/@]\S/.test(text) ? text : opened(text));
}

/** Who found it: a person, or a run of ours. */
export function finder(by) {
  return by === 'nightly check' || by === 'guard' ? `the ${by}` : visible(by);
}

/** When the list was found, and by which run. */
export function Found({ last: { asRoot, at, by } }) {
  return html`<p class="quiet">
    Found <${When} at=${at} /> by ${finder(by)}.
    ${!asRoot && ' That run was not of root: what only root can read stays as root found it.'}
  </p>`;
}

/** The command that puts an item in place, or what to do in words. */
export function Remedy({ item: { command, fix } }) {
  if (command !== '') return html`<p><${Command} text=${visible(command)} /></p>`;
  if (fix === '') return null;
  const [first] = fix.split('\n');
  return html`<p><span class="quiet">To do: </span>${visible(first)}</p>`;
}
