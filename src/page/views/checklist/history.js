/** The history of one item: when it became done, broke or was acknowledged, and who did it. */
import { useState } from 'preact/hooks';
import { html } from '../../parts/html.js';
import { When } from '../../parts/marks.js';
import { visible } from '../../parts/strangers.js';
import { useRead } from '../../parts/use-read.js';
import { opened } from '../../parts/words.js';
import { finder, said } from './state.js';

const linesMax = 20;

/** Folded; its lines are fetched when it is opened. */
export function History({ item }) {
  const [isOpen, setOpen] = useState(false);
  const about = html`<span class="unseen">: ${visible(item.title)}</span>`;
  return html`<details
    class="item-history"
    onToggle=${({ currentTarget }) => setOpen(currentTarget.open)}
  >
    <summary>History${about}</summary>
    ${isOpen && html`<${Changes} id=${item.id} />`}
  </details>`;
}

function Changes({ id }) {
  const query = new URLSearchParams({ id, limit: linesMax });
  const { fault, found } = useRead(`/api/checklist/history?${query}`);
  if (fault !== '') return html`<p class="fault" role="alert">${opened(fault)}</p>`;
  if (!found) return html`<p class="quiet">Loading…</p>`;
  if (found.length === 0) return html`<p class="quiet">Nothing changed since it is kept.</p>`;
  return html`<ul class="rows">
    ${found.map((change) => {
      const key = `${change.at} ${change.what}`;
      return html`<li key=${key}><${Change} ...${change} /></li>`;
    })}
  </ul>`;
}

function Change({ at, by, from, text, to, what }) {
  const became = from === undefined ? `${to} at first` : `${from}, then ${to}`;
  return html`<p>
    <${When} at=${at} />: ${what === 'state' ? became : what}, by ${finder(by)}
    ${text !== '' && html`<br /><span class="quiet">${said(text)}</span>`}
  </p>`;
}
