/** The top of the page: host, search, mode, connection, views, and the state of mail. */
import { useContext } from 'preact/hooks';
import { signOut } from './parts/api.js';
import { Away, AwayAdvice } from './parts/away.js';
import { html } from './parts/html.js';
import { Command, Glyph } from './parts/marks.js';
import { actsInPart, modeOf } from './parts/mode.js';
import { stateLine } from './parts/state-line.js';
import { relative, stamp } from './parts/words.js';
import { Lookup } from './views/lookup.js';

const links = { live: 'Live', connecting: 'Connecting…', lost: 'Connection lost, reconnecting…' };
const unknownMode = ['Not known', 'Postern does not answer'];

const views = [
  ['overview', '/', 'Overview'],
  ['checklist', '/checklist', 'Checklist'],
  ['held', '/held', 'Held mail'],
  ['providers', '/providers', 'Providers'],
  ['incidents', '/incidents', 'Incidents'],
  ['find', '/find', 'Find'],
];

/** `shown`: the view that is shown. */
export function Masthead({ view, link, shown, open, explain }) {
  const away = useContext(Away);
  const [mode, explained] = away === undefined ? modeOf(view.status) : unknownMode;
  return html`<header>
    <a class="skip" href="#content" onClick=${toContent}>Skip to the content</a>
    <div class="bar">
      <span class="brand">
        <img src="/page/mark.svg" width="22" height="22" alt="" />
        <span>Postern</span>
        <span class="host">${view.status.host}</span>
      </span>
      <${Lookup} open=${open} explain=${explain} />
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
    ${away === undefined ? html`<${State} view=${view} />` : html`<${Gone} away=${away} />`}
    <p class="printed">As of ${stamp(away?.asOf ?? view.status.now)}, ${view.status.host}</p>
  </header>`;
}

function toContent(event) {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function State({ view }) {
  const line = stateLine(view);
  return html`<${Banner} tone=${line.tone} title=${line.title}>
    <p>${line.detail}</p>
    ${
      line.enforcing &&
      html`<p class="enforcing">${line.enforcing.text}
        ${' '}To let Postern act${actsInPart(view.status) && ' on all mail'}:${' '}
        <${Command} text=${line.enforcing.command} />
      </p>`
    }
  <//>`;
}

/** In place of the last figures, which may be wrong by now. */
function Gone({ away }) {
  return html`<${Banner} tone="stop" title="Postern does not answer">
    <p>
      Last answer <time datetime=${new Date(away.asOf).toISOString()}>${stamp(away.asOf)}</time>,
      ${' '}${relative(away.asOf, Date.now())}. If Postern is down, Postfix tells senders to try
      again later, unless <code>postern_when_down</code> in main.cf says <code>accept</code>.
    </p>
    <p><${AwayAdvice} /></p>
  <//>`;
}

function Banner({ tone, title, children }) {
  return html`<div class="state ${tone}" role="status">
    <span class="lamp"><${Glyph} of=${tone} /></span>
    <div>
      <h1>${title}</h1>
      ${children}
    </div>
  </div>`;
}
