/** Says what is wrong with the guard itself, as `postern status` and /health do. */
import { html } from './parts/html.js';
import { Command } from './parts/marks.js';

export function Troubles({ troubles }) {
  return html`<div role="alert">
    ${
      troubles.length > 0 &&
      html`<section class="troubles" aria-labelledby="troubles">
        <h2 id="troubles">What is wrong with Postern</h2>
        <ul>
          ${troubles.map((why) => html`<li key=${why}>${why}</li>`)}
        </ul>
        <p>On the server, run: <${Command} text="postern doctor" /></p>
      </section>`
    }
  </div>`;
}
