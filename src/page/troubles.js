/** Says what is wrong with the guard itself, as `postern status` and /health do. */
import { html } from './parts/html.js';
import { Command } from './parts/marks.js';
import { ownCommands } from './parts/own-command.js';
import { many } from './parts/words.js';

/** `bypass`: what the bypass meter counted. */
export function Troubles({ troubles, bypass }) {
  const all = [...troubles, ...bypassed(bypass)];
  return html`<div role="alert">
    ${
      all.length > 0 &&
      html`<section class="troubles" aria-labelledby="troubles">
        <h2 id="troubles">What is wrong with Postern</h2>
        <ul>
          ${all.map((why) => html`<li key=${why}>${ownCommands(why)}</li>`)}
        </ul>
        <p>On the server, run: <${Command} text="postern doctor" /></p>
      </section>`
    }
  </div>`;
}

/** A sentence for each way on which mail left without a verdict. */
function bypassed({ watched, ways }) {
  const lines = ways.map(
    ({ messages, service, uid, client, login }) =>
      `${many(messages, 'message')} left without a verdict: in by ${service}` +
      `${login === '' ? '' : ` for ${login}`}` +
      `${uid === undefined ? ` from ${client}` : ` for user id ${uid}`}`,
  );
  if (watched !== 'unread') return lines;
  return ['A mail log cannot be read: mail that leaves without a verdict is not noticed', ...lines];
}
