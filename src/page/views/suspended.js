/**
 * Suspended accounts, one card each: since when, how much mail got out, how much was stopped, why,
 * and how to release the account.
 */

import { Reasons } from '../parts/evidence.js';
import { html } from '../parts/html.js';
import { Command, Glyph, Heading, When } from '../parts/marks.js';
import { accountHijacked, releaseAccount } from '../parts/questions.js';
import { command, many, number } from '../parts/words.js';

export function Suspended({ view, ask, open, incident }) {
  const { suspended, status } = view;
  if (suspended.length === 0) return null;
  const unseen = status.accounts.suspended - suspended.length;
  return html`<section aria-labelledby="suspended">
    <${Heading} id="suspended" title="Suspended" count=${status.accounts.suspended} />
    ${suspended.map(
      (one) =>
        html`<${Card}
        key=${one.account.account}
        ...${{ ...one, ask, open, reveal: incident }}
      />`,
    )}
    ${
      unseen > 0 &&
      html`<p class="quiet">
        And ${many(unseen, 'more account')}:
        ${' '}<${Command} text=${command('accounts', 'list', '--only', 'suspended')} />
      </p>`
    }
  </section>`;
}

function Card({ account, incident, ask, open, reveal }) {
  const name = account.account;
  return html`<article class="card" aria-label=${`${name}, suspended`}>
    <div class="card-head">
      <div>
        <h3>
          <button class="name" type="button" onClick=${() => open(name)}>${name}</button>
        </h3>
        <p class="since"><${Glyph} of="stop" /> <${Since} incident=${incident} /></p>
      </div>
      <span class="buttons">
        ${
          account.hijackedAt === undefined &&
          html`<button type="button" onClick=${() => ask(accountHijacked(name))}>
            It was hijacked…
          </button>`
        }
        <button class="primary" type="button" onClick=${() => ask(releaseAccount(name))}>
          Release…
        </button>
      </span>
    </div>
    ${incident !== undefined && html`<${Facts} incident=${incident} />`}
    ${
      incident !== undefined &&
      html`<p class="reveal">
        <button type="button" onClick=${() => reveal(incident.id)}>Show what got out</button>
      </p>`
    }
    <p class="quiet"><${Later} account=${account} /></p>
    <h4>Why</h4>
    <${Reasons} reasons=${incident?.reasons ?? account.reasons} />
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('accounts', 'release', name, '--keep-held')} />
    </p>
  </article>`;
}

function Since({ incident }) {
  if (incident === undefined) return html`Suspended by an operator`;
  return html`Suspended <${When} at=${incident.suspendedAt} />, first sign
    ${' '}<${When} at=${incident.since} />`;
}

/** What happens to its mail now. */
function Later({ account: { held, heldMax, hijackedAt } }) {
  if (hijackedAt !== undefined) return html`An operator said that it was hijacked.`;
  const most = heldMax === undefined ? '' : ` of at most ${number(heldMax.messages)}`;
  return html`Its mail is held: ${number(held.messages)}${most} messages. Beyond that its senders
    ${' '}must wait (451).`;
}

function Facts({ incident }) {
  const { leakedRecipients, leakedMessages, stoppedMessages, queuedHeld, loginClosed } = incident;
  return html`<dl class="facts">
    <div>
      <dt>${leakedRecipients === 1 ? 'recipient reached' : 'recipients reached'}</dt>
      <dd>${number(leakedRecipients)}</dd>
      <dd class="quiet">in ${many(leakedMessages, 'message')}</dd>
    </div>
    <div>
      <dt>${stoppedMessages === 1 ? 'message stopped' : 'messages stopped'}</dt>
      <dd>${number(stoppedMessages)}</dd>
      <dd class="quiet">${number(queuedHeld)} of them held in the mail queue</dd>
    </div>
    <div>
      <dt>login</dt>
      <dd>${loginClosed ? 'Closed' : 'Open'}</dd>
      <dd class="quiet">${loginClosed ? 'its sessions were ended' : 'change the password'}</dd>
    </div>
  </dl>`;
}
