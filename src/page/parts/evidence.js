/**
 * Evidence as a scale: 0 is nothing, 1 holds a message, more suspends. And its reasons, heaviest
 * first.
 */
import { html } from './html.js';
import { opened } from './words.js';

const scaleMax = 2;

/** The scale of one account, with a mark at 1. */
export function Gauge({ evidence }) {
  const share = Math.min(1, Math.max(0, evidence / scaleMax));
  const said = `Evidence ${evidence.toFixed(2)}; 1 holds a message`;
  const level = evidence >= 1 ? 'gauge over' : 'gauge';
  return html`<div class=${level} role="img" aria-label=${said} title=${said}>
    <div class="gauge-fill" style=${{ width: `${share * 100}%` }}></div>
    <div class="gauge-mark" style=${{ left: `${100 / scaleMax}%` }}></div>
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
