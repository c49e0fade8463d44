/** Shows text that strangers wrote: as text only, with every character visible. */
import { html } from './html.js';

const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Makes characters visible that steer a terminal, or turn the direction of text (UAX 9). */
export function visible(text) {
  return text.replace(hidden, (one) => `\\u{${one.codePointAt(0).toString(16).padStart(4, '0')}}`);
}

/** The name of a button that explains a message; it begins with what is seen. */
export function explainLabel(subject, id) {
  return subject === '' ? `Explain ${id}` : `${visible(subject)}: explain ${id}`;
}

/** Words of a mail server. */
export function Words({ text }) {
  return html`<p class="reply" dir="ltr">${visible(text)}</p>`;
}

/** A link to a page of a provider, as it stands in our rules. Anything else is shown as text. */
export function PageLink({ address }) {
  if (!/^https:\/\/[\w.-]+(?:\/|$)/.test(address)) return visible(address);
  return html`<a href=${address} rel="noreferrer noopener" target="_blank">${address}</a>`;
}
