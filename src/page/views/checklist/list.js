/** The whole checklist, folded by state: what each item prevents, and the command for it. */
import { useCallback, useState } from 'preact/hooks';
import { ActButton } from '../../parts/away.js';
import { html } from '../../parts/html.js';
import { Command, Heading, Since } from '../../parts/marks.js';
import { acknowledgeItem, unacknowledgeItem } from '../../parts/questions.js';
import { visible } from '../../parts/strangers.js';
import { useRead } from '../../parts/use-read.js';
import { exact, number, opened } from '../../parts/words.js';
import { History } from './history.js';
import { NotYet } from './next-steps.js';
import { Found, finder, ItemState, Remedy, said, TopLine } from './state.js';

/** Each state with its heading, and whether it is open at first. */
const groups = [
  { state: 'broken', title: 'Broken', isOpen: true },
  { state: 'missing', title: 'Missing', isOpen: true },
  { state: 'unknown', title: 'Unknown', isOpen: false },
  { state: 'done', title: 'Done', isOpen: false },
  { state: 'not needed', title: 'Not needed', isOpen: false },
];

export function Checklist({ ask }) {
  const [turn, setTurn] = useState(0);
  const { found, fault } = useRead(`/api/checklist?turn=${turn}`, 'checklist');
  const reread = useCallback(() => setTurn((before) => before + 1), []);
  const items = found?.items ?? [];
  const open = items.filter(({ ack }) => ack === undefined);
  const acknowledged = items.filter(({ ack }) => ack !== undefined);
  return html`<section aria-labelledby="checklist" class="reading checklist">
    <${Heading} id="checklist" title="Checklist" />
    ${fault !== '' && html`<p class="fault" role="alert">${opened(fault)}</p>`}
    ${found === undefined && fault === '' && html`<p class="quiet">Loading…</p>`}
    ${found && html`<${Head} found=${found} />`}
    ${groups.map(({ isOpen, state, title }) => {
      const some = open.filter((item) => item.state === state);
      return html`<${Group} key=${state} ...${{ isOpen, title, items: some, ask, reread }} />`;
    })}
    <${Group}
      key="acknowledged"
      ...${{ isOpen: false, title: 'Acknowledged', items: acknowledged, ask, reread }}
    />
    ${
      found &&
      html`<p class="same">
        <span class="quiet">Same on the command line; root sees more</span>
        <${Command} text=${`${visible(found.command)} --all`} />
      </p>`
    }
  </section>`;
}

function Head({ found }) {
  if (found.last === undefined) return html`<${NotYet} ...${found} />`;
  return html`<${TopLine} found=${found} />
    <${Found} last=${found.last} />
    ${found.isRunning && html`<p class="quiet" role="status">A new run is on now.</p>`}`;
}

function Group({ ask, isOpen, items, reread, title }) {
  if (items.length === 0) return null;
  return html`<details open=${isOpen}>
    <summary>
      <h3>${title} <span class="tally">${number(items.length)}</span></h3>
    </summary>
    <ul class="rows">
      ${items.map((item) => html`<li key=${item.id}><${Item} ...${{ item, ask, reread }} /></li>`)}
    </ul>
  </details>`;
}

function Item({ ask, item, reread }) {
  const { cost, effect, effort, found, id, requiredBy, state, title } = item;
  const unread = visible(item.unknownWhy);
  const isOpen = state === 'broken' || state === 'missing';
  const needs = visible(requiredBy.join(', '));
  const price = cost === 'free' ? 'free' : 'costs money';
  return html`<div class="item">
    <div>
      <p class="item-title"><${ItemState} state=${state} /> <strong>${visible(title)}</strong></p>
      <p>${said(found)}</p>
      ${effect !== '' && isOpen && html`<p class="quiet">${visible(effect)}</p>`}
      ${needs !== '' && isOpen && html`<p>Required by ${needs}</p>`}
      <${Remedy} item=${item} />
      <p class="quiet item-facts">
        <code>${visible(id)}</code>${isOpen && ` · ${effort}, ${price}`}${' · '}
        <${Since} at=${item.since} />, found by ${finder(item.by)}
      </p>
      ${unread !== '' && html`<p class="quiet">The last run could not look: ${unread}</p>`}
      <${Ack} ack=${item.ack} />
      <${History} item=${item} />
    </div>
    <${AckButton} ...${{ ask, item, reread }} />
  </div>`;
}

function Ack({ ack }) {
  if (ack === undefined) return null;
  return html`<p>
    Acknowledged by ${visible(ack.by)} until
    ${' '}<time title=${exact(ack.until)}>${new Date(ack.until).toISOString().slice(0, 10)}</time>
    ${ack.note !== '' && `: ${visible(ack.note)}`}
  </p>`;
}

function AckButton({ ask, item, reread }) {
  const about = html`<span class="unseen"> ${visible(item.title)}</span>`;
  if (item.ack !== undefined) {
    return html`<${ActButton} onClick=${() => ask(unacknowledgeItem(item, reread))}>
      Take back${about}
    <//>`;
  }
  if (item.state === 'done' || item.state === 'not needed') return null;
  return html`<${ActButton} onClick=${() => ask(acknowledgeItem(item, reread))}>
    Acknowledge${about}
  <//>`;
}
