/** The top of the page: host, mode, state of the connection, and the state of mail in one line. */
import { signOut } from './parts/api.js';
import { html } from './parts/html.js';
import { Glyph } from './parts/marks.js';
import { stateLine } from './parts/words.js';

const links = { live: 'Live', connecting: 'Connecting…', lost: 'Connection lost, reconnecting…' };
const modes = {
  guard: ['Guarding', 'Postern holds or refuses bad mail and suspends hijacked accounts'],
  observe: ['Observing only', 'Postern stops no mail; the page shows what it would have done'],
};

const views = [
  ['overview', '/', 'Overview'],
  ['checklist', '/checklist', 'Checklist'],
  ['providers', '/providers', 'Providers'],
  ['incidents', '/incidents', 'Incidents'],
  ['find', '/find', 'Find'],
];

/** `shown`: the view that is shown. */
export function Masthead({ view, link, shown }) {
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
    <nav aria-label="Views">
      ${views.map(
        ([name, address, title]) => html`<a
          key=${name}
          href=${address}
          aria-current=${name === shown ? 'page' : undefined}
        >
          ${title}
        </a>`,
      )}
    </nav>
    <div class="state ${line.tone}" role="status">
      <span class="lamp"><${Glyph} of=${line.tone} /></span>
      <div>
        <h1>${line.title}</h1>
        <p>${line.detail}</p>
      </div>
    </div>
  </header>`;
}
