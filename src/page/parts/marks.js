/** Small parts that all views use: times, glyphs of states, commands to copy, headings. */
import { useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import { ownCommands } from './own-command.js';
import { clockTime, exact, relative, stamp } from './words.js';

/** Redraws every few seconds, so that relative times stay correct. */
export function useNow(everyMs = 5_000) {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((count) => count + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}

/** Shows a relative time, and the exact one on hover. `as="clock"` shows the time of day. */
export function When({ at, as = 'relative' }) {
  const iso = new Date(at).toISOString();
  return html`<time datetime=${iso} title=${exact(at)}>
    ${as === 'clock' ? clockTime(at) : relative(at)}
  </time>`;
}

/** Shows a day and time, and the exact one on hover; `until`: the end of a span. */
export function Moment({ at, until = at }) {
  const [from, to] = [stamp(at), stamp(until)];
  const day = from.slice(0, from.indexOf(','));
  // The day is said once.
  const end = to.startsWith(day) ? to.slice(day.length + 1).trim() : to;
  return html`<span class="moment-time">
    <${Stamp} at=${at} />${from !== to && html` to <${Stamp} at=${until} text=${end} />`}
  </span>`;
}

/** When something began, exactly and relative. */
export function Since({ at }) {
  return html`since <${Stamp} at=${at} /> (${relative(at)})`;
}

function Stamp({ at, text = stamp(at) }) {
  return html`<time datetime=${new Date(at).toISOString()} title=${exact(at)}>${text}</time>`;
}

const shapes = {
  pass: html`<circle cx="6" cy="6" r="3" fill="none" stroke="currentColor" stroke-width="1.5" />`,
  delay: html`<path d="M6 2 11 10.5H1z" fill="none" stroke="currentColor" stroke-width="1.5" />`,
  hold: html`<path d="M2.2 1.5h2.6v9H2.2zM7.2 1.5h2.6v9H7.2z" fill="currentColor" />`,
  refuse: html`<path d="M2 2l8 8M10 2l-8 8" stroke="currentColor" stroke-width="2.2" />`,
  well: html`<path
    d="M1.5 6.5 4.6 9.6 10.5 2.8"
    fill="none"
    stroke="currentColor"
    stroke-width="2"
  />`,
  watch: html`<path d="M6 1 11.5 11H.5z" fill="currentColor" />`,
  stop: html`<path d="M3.7.7h4.6l3 3v4.6l-3 3H3.7l-3-3V3.7z" fill="currentColor" />`,
  idle: html`<path d="M1.5 6h9" stroke="currentColor" stroke-width="2" />`,
};

/** A shape for each state, so that colour is never the only sign. It stands beside its word. */
export function Glyph({ of }) {
  return html`<svg class="glyph" viewBox="0 0 12 12" aria-hidden="true" focusable="false">
    ${shapes[of] ?? shapes.idle}
  </svg>`;
}

/**
 * A command line, as it works on the server. One click selects it whole; an option is never broken
 * after its hyphens.
 */
export function Command({ text }) {
  const pieces = ownCommands(text).split(/(?<= )(--?[a-z][a-z-]*)/);
  const isOption = (piece) => piece.startsWith('-');
  return html`<code class="command">
    ${pieces.map((one) => (isOption(one) ? html`<span class="option">${one}</span>` : one))}
  </code>`;
}

/** The text of a part of the page that has nothing to show. */
export function Empty({ children }) {
  return html`<p class="empty">${children}</p>`;
}

/** The heading of a section, with a count. */
export function Heading({ id, title, count, children }) {
  return html`<div class="heading">
    <h2 id=${id} tabindex="-1">
      ${title}${count === undefined ? '' : html` <span class="tally">${count}</span>`}
    </h2>
    ${children}
  </div>`;
}
