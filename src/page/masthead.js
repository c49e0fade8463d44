/**
 * The top: whose guard this is, its mode, whether the page is live, and how things stand in one
 * line.
 */
import { signOut } from './parts/api.js';
import { html } from './parts/html.js';
import { Glyph } from './parts/marks.js';
import { stateLine } from './parts/words.js';

const links = { live: 'Live', connecting: 'Connecting…', lost: 'Connection lost, trying again' };
const modes = {
  guard: ['Guarding', 'Bad mail is held or refused, hijacked accounts are suspended'],
  observe: ['Observing only', 'Nothing is stopped; the page shows what would have been done'],
};

export function Masthead({ view, link }) {
  const line = stateLine(view);
  const [mode, explained] = modes[view.status.mode];
  return html`<header>
    <div class="bar">
      <span class="brand">
        <img src="/page/mark.svg" width="22" height="22" alt="" />
        <span>Postern</span>
        <span class="host">${view.status.host}</span>
      </span>
      <span class="bar-end">
        <span class="chip" title=${explained}>${mode}</span>
        <span class="link ${link}" role="status">${links[link]}</span>
        <button class="plain" type="button" onClick=${signOut}>Sign out</button>
      </span>
    </div>
    <div class="state ${line.tone}" role="status">
      <span class="lamp"><${Glyph} of=${line.tone} /></span>
      <div>
        <h1>${line.title}</h1>
        <p>${line.detail}</p>
      </div>
    </div>
  </header>`;
}
