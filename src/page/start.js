/** What to do on a new installation, until the first message has come through. */

import { html } from './parts/html.js';
import { Command, Heading } from './parts/marks.js';

export function Start() {
  return html`<section aria-labelledby="start">
    <${Heading} id="start" title="Start here" />
    <ol class="start">
      <li>
        <p><strong>Watch a hijack being stopped.</strong> It plays on this page, with made-up mail.</p>
        <${Command} text="postern try hijack" />
      </li>
      <li>
        <p>
          <strong>Connect your mail server.</strong> You see every change to its files before it is
          made, and <code>--undo</code> takes them back.
        </p>
        <${Command} text="postern connect postfix" />
      </li>
    </ol>
  </section>`;
}
