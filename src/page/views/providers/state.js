/** The state of a lane in words, with a shape. */
import { html } from '../../parts/html.js';
import { Glyph } from '../../parts/marks.js';

const glyphs = { healthy: 'well', slowed: 'watch', blocked: 'stop', unknown: 'idle' };
const worst = ['blocked', 'slowed', 'healthy', 'unknown'];

export function LaneState({ state }) {
  return html`<span class="lane-state ${glyphs[state] ?? 'idle'}">
    <${Glyph} of=${glyphs[state]} /> ${state}
  </span>`;
}

/** `IPv4`, `IPv6 from 2001:db8::25`. */
export function laneText({ family, source }) {
  const by = family === 'ipv6' ? 'IPv6' : 'IPv4';
  return source === '' ? by : `${by} from ${source}`;
}

/** The worst state first. */
export function byState(lanes) {
  return lanes.toSorted((one, other) => worst.indexOf(one.state) - worst.indexOf(other.state));
}
