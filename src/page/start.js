/** First steps of a new installation, shown until the first message arrives. */
import { html } from './parts/html.js';
import { Command, Heading } from './parts/marks.js';

export function Start() {
  return html`<section aria-labelledby="start">
    <${Heading} id="start" title="Start here" />
    <ol class="start">
      <li>
        <p>
          <strong>Watch Postern stop a hijack.</strong> The attack plays on this page, with made-up
          mail.
        </p>
        <${Command} text="postern try hijack" />
      </li>
      <li>
        <p>
          <strong>Connect your mail server.</strong> Postern shows every change to its files first,
          and <code class="option">--undo</code> takes all changes back.
        </p>
        <${Command} text="postern connect postfix" />
      </li>
    </ol>
  </section>`;
}
