/**
 * Suspended accounts, one card each: since when, how much mail got out, how much was stopped, why,
 * and how to release the account. Of several only the first card is open at first. In mode observe
 * an account would have been suspended, and nothing was stopped.
 */
import { useState } from 'preact/hooks';
import { ActButton } from '../parts/away.js';
import { Reasons } from '../parts/evidence.js';
import { html } from '../parts/html.js';
import { ListEnd, ListFilter, useAccounts } from '../parts/listed.js';
import { Command, Glyph, Heading, When } from '../parts/marks.js';
import { suspendedTitle } from '../parts/mode.js';
import { accountHijacked, releaseAccount } from '../parts/questions.js';
import { command, many, number } from '../parts/words.js';

const shownFirst = 5;
/** So many cards are open at first. */
const openMax = 2;

export function Suspended({ view, ask, open, incident }) {
  const { suspended, status } = view;
  const { accounts } = status;
  const count = accounts.suspended + accounts.wouldBeSuspended;
  const list = useAccounts('suspended', {
    first: suspended,
    total: count,
    shownFirst,
    nameOf: ({ account }) => account.account,
    rowOf: (account) => ({ account, incident: undefined }),
  });
  if (suspended.length === 0) return null;
  const isFew = suspended.length <= openMax;
  return html`<section aria-labelledby="suspended">
    <${Heading} id="suspended" title=${suspendedTitle(status)} count=${count}>
      <${ListFilter} list=${list} id="suspended-filter" label="Filter suspended accounts" />
    <//>
    ${list.rows.map(
      (one, index) => html`<${Card}
        key=${one.account.account}
        isOpenFirst=${isFew || index === 0}
        ...${{ ...one, ask, open, reveal: incident }}
      />`,
    )}
    <${ListEnd} list=${list} what="suspended account" />
  </section>`;
}

function Card({ account, incident, ask, open, reveal, isOpenFirst }) {
  const name = account.account;
  const { observed } = account;
  const [isOpen, setOpen] = useState(isOpenFirst);
  return html`<article class="card" aria-label=${`${name}, ${stateWord(observed)}`}>
    <div class="card-head">
      <div>
        <h3>
          <button class="name" type="button" onClick=${() => open(name)}>${name}</button>
        </h3>
        <p class="since">
          <${Glyph} of="stop" /> <${Since} incident=${incident} observed=${observed} />
        </p>
        ${!isOpen && incident !== undefined && html`<p class="quiet">${shortly(incident)}</p>`}
      </div>
      <span class="buttons">
        <button
          type="button"
          class="plain"
          aria-expanded=${isOpen ? 'true' : 'false'}
          aria-label=${`${isOpen ? 'Less' : 'Details'}: ${name}`}
          onClick=${() => setOpen(!isOpen)}
        >
          ${isOpen ? 'Less' : 'Details'}
        </button>
        ${
          account.hijackedAt === undefined &&
          !observed &&
          html`<${ActButton} onClick=${() => ask(accountHijacked(name))}>It was hijacked…<//>`
        }
        <${ActButton} class="primary" onClick=${() => ask(releaseAccount(name, observed))}>
          ${observed ? 'Decide…' : 'Release…'}
        <//>
      </span>
    </div>
    ${isOpen && html`<${Details} ...${{ account, incident, reveal }} />`}
  </article>`;
}

const stateWord = (observed) => (observed ? 'would have been suspended' : 'suspended');

function Details({ account, incident, reveal }) {
  const { account: name, observed } = account;
  return html`${
    incident !== undefined &&
    html`<div class="card-facts">
      <${Facts} ...${{ incident, observed }} />
      <button type="button" onClick=${() => reveal(incident.id)}>Show what got out</button>
    </div>`
  }
    <p class="quiet"><${Later} account=${account} /></p>
    <h4>Why</h4>
    <${Reasons} reasons=${incident?.reasons ?? account.reasons} />
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('accounts', 'release', name, '--hijacked')} />
    </p>`;
}

function Since({ incident, observed }) {
  if (incident === undefined) return html`Suspended by an operator`;
  return html`${observed ? 'Would have been suspended' : 'Suspended'}${' '}
    <${When} at=${incident.suspendedAt} />, first sign <${When} at=${incident.since} />`;
}

/** In place of the details. */
function shortly({ leakedRecipients, stoppedMessages, wouldStopMessages }) {
  const stopped =
    wouldStopMessages > 0
      ? `${many(wouldStopMessages, 'message')} would have been stopped`
      : `${many(stoppedMessages, 'message')} stopped`;
  return `${many(leakedRecipients, 'recipient')} reached, ${stopped}`;
}

/** What happens to its mail now. */
function Later({ account: { held, heldMax, hijackedAt, observed } }) {
  if (observed) return html`All its mail passes, because Postern only observes it.`;
  if (hijackedAt !== undefined) return html`An operator said that it was hijacked.`;
  const most = heldMax === undefined ? '' : ` of at most ${number(heldMax.messages)}`;
  return html`Its mail is held: ${number(held.messages)}${most} messages. Beyond that its senders
    ${' '}must wait (451).`;
}

function Facts({ incident, observed }) {
  const { leakedRecipients, leakedMessages } = incident;
  return html`<dl class="facts">
    <div>
      <dt>${leakedRecipients === 1 ? 'recipient reached' : 'recipients reached'}</dt>
      <dd>${number(leakedRecipients)}</dd>
      <dd class="quiet">in ${many(leakedMessages, 'message')}</dd>
    </div>
    <${observed ? WouldHave : Done} incident=${incident} />
  </dl>`;
}

function Done({ incident: { stoppedMessages, queuedHeld, loginClosed } }) {
  return html`<div>
      <dt>${stoppedMessages === 1 ? 'message stopped' : 'messages stopped'}</dt>
      <dd>${number(stoppedMessages)}</dd>
      <dd class="quiet">${number(queuedHeld)} of them held in the mail queue</dd>
    </div>
    <div>
      <dt>login</dt>
      <dd>${loginClosed ? 'Closed' : 'Open'}</dd>
      <dd class="quiet">${loginClosed ? 'its sessions were ended' : 'change the password'}</dd>
    </div>`;
}

function WouldHave({ incident: { wouldStopMessages } }) {
  return html`<div>
      <dt>would have been stopped</dt>
      <dd>${number(wouldStopMessages)}</dd>
      <dd class="quiet">${wouldStopMessages === 1 ? 'message' : 'messages'}; all of them passed</dd>
    </div>
    <div>
      <dt>login</dt>
      <dd>Open</dd>
      <dd class="quiet">change the password</dd>
    </div>`;
}
