/**
 * Held mail. It waits in the mail server's hold queue until it is released or dropped. Each account
 * is one row, which opens to its messages.
 */
import { useState } from 'preact/hooks';
import { read } from '../parts/api.js';
import { ActButton } from '../parts/away.js';
import { html } from '../parts/html.js';
import { ListEnd, ListFilter, useListed } from '../parts/listed.js';
import { Command, Empty, Heading, When } from '../parts/marks.js';
import { dropHeld, releaseHeld } from '../parts/questions.js';
import { heldAddress } from '../parts/route.js';
import { explainLabel, visible } from '../parts/strangers.js';
import { command, many, number } from '../parts/words.js';

const onOverview = 4;
const onView = 20;
const messagesFirst = 10;
const none = [];

const whys = {
  verdict: 'held on arrival',
  queue: 'held in the mail queue',
  content: 'held for its content',
  foreign: 'held for its author',
  rule: 'held by a script rule',
};

/** The part of the overview. */
export function Held(shared) {
  const { held, status } = shared.view;
  return html`<section aria-labelledby="held">
    <${Groups} ...${{ ...shared, id: 'held', shownFirst: onOverview }} />
    ${
      held.count > onOverview &&
      html`<p class="list-end"><a href=${heldAddress}>All held mail: ${number(status.held)}</a></p>`
    }
  </section>`;
}

/** A view of its own, of all accounts or of one. */
export function HeldView({ name, ...shared }) {
  if (name !== '') return html`<${HeldOf} ...${{ ...shared, name }} />`;
  return html`<section aria-labelledby="all-held" class="reading">
    <${Groups} ...${{ ...shared, id: 'all-held', shownFirst: onView }} />
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('held', 'list')} />
    </p>
  </section>`;
}

async function askGroups(text, limit) {
  const query = new URLSearchParams({ like: text, limit: String(limit) });
  const { count, groups } = await read(`/api/held-groups?${query}`);
  return { rows: groups, total: count };
}

function Groups({ view, id, shownFirst, ...shared }) {
  const { held, status } = view;
  const list = useListed({
    first: held.groups,
    total: held.count,
    shownFirst,
    nameOf: ({ account }) => account,
    ask: askGroups,
  });
  return html`<${Heading} id=${id} title="Held mail" count=${status.held}>
      <${ListFilter} list=${list} id=${`${id}-filter`} label="Filter accounts with held mail" />
    <//>
    ${held.count === 0 && html`<${Empty}>${nothingHeld(status)}<//>`}
    <ul class="rows">
      ${list.rows.map(
        (group) => html`<${Group}
          key=${group.account}
          ...${{ ...shared, group, max: status.heldMax, version: held }}
        />`,
      )}
    </ul>
    <${ListEnd} list=${list} what="account with held mail" />`;
}

const nothingHeld = ({ enforce, mode }) =>
  mode === 'observe' && enforce.length === 0
    ? 'No message is held: Postern only observes. Messages that would have been held passed.'
    : 'No message is held.';

/** How much is held of an account, where that is near the limit. */
function fullness({ messages }, max) {
  if (messages * 2 < max.messages) return '';
  return messages >= max.messages
    ? `, the most that may be held: its senders must wait`
    : ` of at most ${number(max.messages)}`;
}

function Group({ group, max, version, ask, open, explain }) {
  const { account: name, latestAt, messages } = group;
  const [isOpen, setOpen] = useState(false);
  return html`<li class="held-group">
    <div class="held-head">
      <div>
        <button class="name" type="button" onClick=${() => open(name)}>${visible(name)}</button>
        <p class="quiet">
          ${many(messages, 'message')}${fullness(group, max)}
          ${latestAt !== undefined && html`, latest <${When} at=${latestAt} />`}
        </p>
      </div>
      <span class="buttons">
        <button
          type="button"
          class="plain"
          aria-expanded=${isOpen ? 'true' : 'false'}
          aria-label=${`${isOpen ? 'Hide' : 'Show'} held messages of ${name}`}
          onClick=${() => setOpen(!isOpen)}
        >
          ${isOpen ? 'Hide' : 'Show'}
        </button>
        <${AllButtons} ...${{ name, messages, ask }} />
      </span>
    </div>
    ${isOpen && html`<${Messages} ...${{ name, messages, version, ask, explain }} />`}
  </li>`;
}

function AllButtons({ name, messages, ask }) {
  const all = { account: name };
  return html`<${ActButton}
      onClick=${() => ask(releaseHeld(all, messages))}
      aria-label=${`Release all held mail of ${name}`}
    >
      Release all…
    <//>
    <${ActButton}
      onClick=${() => ask(dropHeld(all, messages))}
      aria-label=${`Drop all held mail of ${name}`}
    >
      Drop all…
    <//>`;
}

function HeldOf({ view, name, ask, open, explain }) {
  const known = view.held.groups.find(({ account }) => account === name);
  const messages = known?.messages ?? view.status.held;
  return html`<section aria-labelledby="held-of" class="reading">
    <${Heading} id="held-of" title=${`Held mail of ${visible(name)}`}>
      <a href=${heldAddress}>All held mail</a>
    <//>
    <div class="buttons">
      <button type="button" onClick=${() => open(name)}>Show the account</button>
      ${known !== undefined && html`<${AllButtons} ...${{ name, messages, ask }} />`}
    </div>
    <${Messages} ...${{ name, messages, version: view.held, ask, explain }} />
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('held', 'list', '--account', name)} />
    </p>
  </section>`;
}

function Messages({ name, messages, version, ask, explain }) {
  const list = useListed({
    first: none,
    total: messages,
    shownFirst: messagesFirst,
    version,
    nameOf: ({ queueId }) => queueId,
    async ask(_text, limit) {
      const query = new URLSearchParams({ account: name, state: 'held', limit: String(limit) });
      const rows = await read(`/api/held?${query}`);
      return { rows, total: rows.length < limit ? rows.length : messages };
    },
  });
  if (!list.isAnswered) return html`<p class="quiet">Loading…</p>`;
  if (list.rows.length === 0) return html`<${Empty}>No message of this account is held.<//>`;
  return html`<ul class="rows small held">
      ${list.rows.map(
        (row) => html`<${Row} key=${row.queueId} row=${row} ask=${ask} explain=${explain} />`,
      )}
    </ul>
    <${ListEnd} list=${list} what="held message" />`;
}

function Row({ row, ask, explain }) {
  const one = { ids: [row.queueId] };
  return html`<li class="held-row">
    <div>
      <button
        class="name"
        type="button"
        onClick=${() => explain(row.queueId)}
        aria-label=${explainLabel(row.subject, row.queueId)}
      >
        ${row.subject !== '' ? visible(row.subject) : html`<span class="id">${row.queueId}</span>`}
      </button>
      <p>${toText(row)}${row.client === '' ? '' : `, from ${visible(row.client)}`}</p>
      <p class="quiet">
        ${row.subject === '' ? '' : `${row.queueId}, `}<${When} at=${row.at} />, ${whys[row.why]}
      </p>
    </div>
    <span class="buttons">
      <${ActButton}
        onClick=${() => ask(releaseHeld(one, 1))}
        aria-label=${`Release ${row.queueId}`}
      >
        Release…
      <//>
      <${ActButton} onClick=${() => ask(dropHeld(one, 1))} aria-label=${`Drop ${row.queueId}`}>
        Drop…
      <//>
    </span>
  </li>`;
}

/** The first recipients where they are known, and how many there are. */
function toText({ recipients, sample }) {
  if (sample.length === 0) return many(recipients, 'recipient');
  const others = recipients - sample.length;
  return `To ${sample.map(visible).join(', ')}${others > 0 ? ` and ${number(others)} more` : ''}`;
}
