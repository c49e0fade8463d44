/**
 * While Postern does not answer, the page says so, and its buttons that would change something are
 * off and say why.
 */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { html } from './html.js';
import { Command } from './marks.js';
import { clockMinute, exact } from './words.js';

/** Undefined while Postern answers; else { asOf }: when it answered last. */
export const Away = createContext(undefined);

const noteId = 'away-note';
const reason = 'Postern does not answer, so nothing can be changed here now';

/** A button that asks Postern to do something. */
export function ActButton({ onClick, children, ...rest }) {
  const isAway = useContext(Away) !== undefined;
  const off = isAway && { 'aria-disabled': 'true', 'aria-describedby': noteId, title: reason };
  return html`<button type="button" ...${rest} ...${off} onClick=${isAway ? undefined : onClick}>
    ${children}
  </button>`;
}

/** Says over the figures how old they are. It stays in sight. */
export function AsOf() {
  const away = useContext(Away);
  if (away === undefined) return null;
  return html`<p class="as-of" id=${noteId}>
    <strong>
      As of <time datetime=${new Date(away.asOf).toISOString()} title=${exact(away.asOf)}>
        ${clockMinute(away.asOf)}
      </time>
    </strong>
    . ${reason}.
  </p>`;
}

/** What to do, and that nothing has to be done on the page. */
export function AwayAdvice() {
  return html`On the server, run${' '}<${Command} text="systemctl start postern" />${' '}(or${' '}
    <${Command} text="./postern up" />${' '}in a checkout), then${' '}
    <${Command} text="postern status" />. If it runs, look at the tunnel or proxy between. This page
    connects again automatically.`;
}
