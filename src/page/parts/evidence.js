/**
 * Shows evidence on a scale from 0 to 2, and its reasons, heaviest first. From 1 on mail is held;
 * from 2.5 on, with a second kind of evidence, the account is suspended.
 */
import { html } from './html.js';
import { opened } from './words.js';

/** Evidence from which a message is held. */
export const evidenceHeld = 1;
const scaleMax = 2;

/** The scale of one account, with a mark where mail is held. */
export function Gauge({ evidence }) {
  const share = Math.min(1, Math.max(0, evidence / scaleMax));
  const said = `Evidence ${evidence.toFixed(2)}; mail is held from ${evidenceHeld.toFixed(2)} on`;
  const level = evidence >= evidenceHeld ? 'gauge over' : 'gauge';
  return html`<div class=${level} role="img" aria-label=${said} title=${said}>
    <div class="gauge-fill" style=${{ width: `${share * 100}%` }}></div>
    <div class="gauge-mark" style=${{ left: `${(evidenceHeld / scaleMax) * 100}%` }}></div>
  </div>`;
}

/** The sentences of a verdict, each with its weight. */
export function Reasons({ reasons }) {
  const sorted = [...reasons].sort((left, right) => right.weight - left.weight);
  const heaviest = Math.max(1, ...sorted.map((one) => one.weight));
  return html`<ol class="reasons">
    ${sorted.map(
      (one) => html`<li key=${one.signal}>
        <span class="reason-text">${opened(one.text)}</span>
        <span class="weight" title=${`${one.signal}, weight ${one.weight.toFixed(2)}`}>
          <span class="weight-bar" style=${{ width: `${(one.weight / heaviest) * 100}%` }}></span>
          <span class="weight-number">${one.weight.toFixed(1)}</span>
        </span>
      </li>`,
    )}
  </ol>`;
}
