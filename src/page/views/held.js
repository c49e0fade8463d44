/**
 * Held mail by account. It waits in the mail server's hold queue until it is released or dropped.
 */
import { useState } from 'preact/hooks';
import { html } from '../parts/html.js';
import { Command, Empty, Heading, When } from '../parts/marks.js';
import { dropHeld, releaseHeld } from '../parts/questions.js';
import { command, many, number } from '../parts/words.js';

/** Rows shown of an account before somebody asks for all: what comes below must be in reach. */
const rowsFirst = 10;

const whys = {
  verdict: 'held on arrival',
  queue: 'held in the mail queue',
  content: 'held for its content',
  foreign: 'held for its author',
  rule: 'held by a script rule',
};

export function Held({ view, ask, open, explain }) {
  const { held, status } = view;
  const unseen = status.held - held.length;
  return html`<section aria-labelledby="held">
    <${Heading} id="held" title="Held mail" count=${status.held} />
    ${held.length === 0 && html`<${Empty}>No message is held.<//>`}
    ${grouped(held).map(
      ([name, rows]) =>
        html`<${Group}
          key=${name}
          name=${name}
          rows=${rows}
          max=${status.heldMax}
          most=${status.heldMost}
          ask=${ask}
          open=${open}
          explain=${explain}
        />`,
    )}
    ${
      unseen > 0 &&
      html`<p class="quiet">
        And ${many(unseen, 'more message')}: <${Command} text=${command('held', 'list')} />
      </p>`
    }
  </section>`;
}

function grouped(held) {
  const groups = new Map();
  for (const row of held) groups.set(row.account, [...(groups.get(row.account) ?? []), row]);
  return [...groups];
}

/** How much is held of an account, where that is near the limit. */
function Full({ of, max }) {
  if (of === undefined || of.messages * 2 < max.messages) return null;
  const full = of.messages >= max.messages ? ': its senders must wait' : '';
  return html`<span class="quiet">
    ${' '}${number(of.messages)} of at most ${number(max.messages)}${full}
  </span>`;
}

function Group({ name, rows, max, most, ask, open, explain }) {
  const all = { account: name };
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? rows : rows.slice(0, rowsFirst);
  return html`<table class="held">
    <caption>
      <div class="held-head">
        <div>
          <button class="name" type="button" onClick=${() => open(name)}>${name}</button>
          <${Full} of=${most.find((one) => one.account === name)} max=${max} />
        </div>
        <span class="buttons">
          <button
            type="button"
            onClick=${() => ask(releaseHeld(all, rows.length))}
            aria-label=${`Release all held mail of ${name}`}
          >
            Release all…
          </button>
          <button
            type="button"
            onClick=${() => ask(dropHeld(all, rows.length))}
            aria-label=${`Drop all held mail of ${name}`}
          >
            Drop all…
          </button>
        </span>
      </div>
    </caption>
    <thead>
      <tr>
        <th scope="col">Message</th>
        <th scope="col" class="wide">Held</th>
        <th scope="col" class="right wide">Recipients</th>
        <th scope="col"><span class="unseen">Actions</span></th>
      </tr>
    </thead>
    <tbody>
      ${shown.map(
        (row) => html`<${Row} key=${row.queueId} row=${row} ask=${ask} explain=${explain} />`,
      )}
      ${
        shown.length < rows.length &&
        html`<tr>
          <td colspan="4">
            <button
              type="button"
              onClick=${() => setWhole(true)}
              aria-label=${`Show all ${number(rows.length)} messages of ${name}`}
            >
              Show all ${number(rows.length)}
            </button>
          </td>
        </tr>`
      }
    </tbody>
  </table>`;
}

function Row({ row, ask, explain }) {
  const one = { ids: [row.queueId] };
  return html`<tr>
    <th scope="row">
      <button
        class="id"
        type="button"
        onClick=${() => explain(row.queueId)}
        aria-label=${`Explain ${row.queueId}`}
      >
        ${row.queueId}
      </button>
      <span class="narrow quiet">
        ${many(row.recipients, 'recipient')}, <${When} at=${row.at} />, ${whys[row.why]}
      </span>
    </th>
    <td class="wide"><${When} at=${row.at} /><span class="quiet">, ${whys[row.why]}</span></td>
    <td class="right figure wide">${number(row.recipients)}</td>
    <td class="buttons">
      <button
        type="button"
        onClick=${() => ask(releaseHeld(one, 1))}
        aria-label=${`Release ${row.queueId}`}
      >
        Release…
      </button>
      <button
        type="button"
        onClick=${() => ask(dropHeld(one, 1))}
        aria-label=${`Drop ${row.queueId}`}
      >
        Drop…
      </button>
    </td>
  </tr>`;
}
