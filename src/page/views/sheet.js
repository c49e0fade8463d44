/**
 * Shows one account with its history, or explains one message, in a dialog over the page. Escape
 * closes the dialog.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { accountPath, read } from '../parts/api.js';
import { ActButton } from '../parts/away.js';
import { evidenceHeld, Gauge, Reasons } from '../parts/evidence.js';
import { html } from '../parts/html.js';
import { Command, Empty, When } from '../parts/marks.js';
import { isOrWouldBe } from '../parts/mode.js';
import { releaseAccount, suspendAccount } from '../parts/questions.js';
import { heldOfAddress } from '../parts/route.js';
import { explainLabel, visible } from '../parts/strangers.js';
import { command, many, number, opened, stoppedText, verdictWord } from '../parts/words.js';
import { Bound, Told } from './bound.js';
import { Facts } from './facts.js';
import { Fate } from './fate.js';

const shownMax = 12;
/** Addresses named at the top of a message. */
const sampleMax = 5;

/** `about`: { account } or { id }; `status`: of Postern now. */
export function Sheet({ about, ask, open, explain, incident, status, onClose }) {
  const dialog = useRef(null);
  const [found, setFound] = useState(undefined);
  const path = pathOf(about);
  // Before it is painted, so that no key is pressed beside it.
  useLayoutEffect(() => {
    dialog.current.showModal();
  }, []);
  useEffect(() => {
    let current = true;
    const set = (value) => current && setFound(value);
    read(path).then(
      (value) => set(value ?? { none: true }),
      (error) => set({ fault: error.message }),
    );
    return () => {
      current = false;
    };
  }, [path]);
  const title = about.id ?? about.account;
  return html`<dialog
    ref=${dialog}
    class="sheet"
    aria-labelledby="sheet-title"
    onClose=${onClose}
  >
    <div class="sheet-head">
      <h2 id="sheet-title">${title}</h2>
      <button type="button" onClick=${() => dialog.current.close()}>Close</button>
    </div>
    ${found === undefined && html`<p class="quiet">Loading…</p>`}
    ${found?.fault && html`<p class="fault">${found.fault}</p>`}
    ${found?.none && html`<${Empty}>Postern has no record of ${title}.<//>`}
    ${found?.account && html`<${Account} ...${{ found, ask, explain, incident, status }} />`}
    ${
      (found?.story || found?.message || found?.fate) &&
      html`<${Story} found=${found} open=${open} />`
    }
  </dialog>`;
}

function pathOf(about) {
  if (about.id !== undefined) return `/api/explain/${encodeURIComponent(about.id)}`;
  return accountPath(about.account);
}

function Account({ found, ask, explain, incident, status }) {
  const { account, incidents, stories, audit } = found;
  const { account: name, observed } = account;
  const suspended = account.state === 'suspended';
  const reasons = suspended ? (incidents[0]?.reasons ?? account.reasons) : account.reasons;
  return html`<p>
      <span class="tag ${account.state}">
        ${observed ? 'would have been suspended' : account.state}
      </span>
      <span class="quiet"> last mail <${When} at=${account.lastSeen} /></span>
      ${
        account.exemptUntil &&
        html`<span class="quiet">, exemption ends <${When} at=${account.exemptUntil} /></span>`
      }
    </p>
    <div class="watched-scale">
      <${Gauge} evidence=${account.evidence} />
      <span class="figure">${account.evidence.toFixed(2)}</span>
    </div>
    <p class="quiet">
      Evidence; mail ${isOrWouldBe(status)} held from
      ${' '}${evidenceHeld.toFixed(2)} on (the mark)
    </p>
    <p>
      Today: ${many(account.messagesToday, 'message')}
      ${' '}to ${many(account.recipientsToday, 'recipient')}. Known from earlier mail:
      ${' '}${many(account.knownRecipients, 'recipient')}${
        account.importedRecipients > 0 && html` (imported: ${number(account.importedRecipients)})`
      }${wroteFirst(account)}.
    </p>
    ${account.expected && html`<${Expected} mailing=${account.expected} />`}
    ${account.probation && html`<p>${opened(account.probation)}.</p>`}
    ${reasons.length > 0 && html`<h3>Why</h3><${Reasons} reasons=${reasons} />`}
    <div class="buttons">
      <${ActButton}
        class=${suspended ? 'primary' : ''}
        onClick=${() => ask(suspended ? releaseAccount(name, observed) : suspendAccount(name))}
      >
        ${suspended ? (observed ? 'Decide…' : 'Release…') : 'Suspend…'}
      <//>
      ${
        account.held.messages > 0 &&
        html`<a href=${heldOfAddress(name)}>Held mail: ${number(account.held.messages)}</a>`
      }
    </div>
    <p class="same">
      <span class="quiet">To exempt the account until tomorrow</span>
      <${Command} text=${command('accounts', 'allow', name, '--until', 'tomorrow')} />
    </p>
    ${account.told?.length > 0 && html`<${Told} told=${account.told} />`}
    ${account.bound && html`<${Bound} name=${name} bound=${account.bound} />`}
    ${found.facts && html`<${Facts} facts=${found.facts} />`}
    <${Stories} stories=${stories} explain=${explain} />
    <${History} incidents=${incidents} audit=${audit} incident=${incident} />`;
}

/** The mailing that an operator announced. */
function Expected({ mailing }) {
  const { account, by, left, recipients, until } = mailing;
  return html`<p>
      Announced by ${by}: ${many(recipients, 'new recipient')}, ${number(left)} left, until
      ${' '}<${When} at=${until} />.
    </p>
    <p class="same"><span class="quiet">To take it back</span>
    <${Command} text=${command('accounts', 'expect', account, '--cancel')} />
  </p>`;
}

function Stories({ stories, explain }) {
  if (stories.length === 0) return null;
  return html`<h3>
      ${
        stories.every(({ observed }) => observed)
          ? 'Messages that would have been stopped'
          : 'Messages held, delayed or refused'
      }
    </h3>
    <ul class="rows small">
      ${stories.slice(0, shownMax).map(
        (one) => html`<li key=${one.id}>
          <button
            class="name"
            type="button"
            onClick=${() => explain(one.id)}
            aria-label=${explainLabel(one.subject, one.id)}
          >
            ${one.subject === '' ? one.id : visible(one.subject)}
          </button>
          ${` ${verdictWord(one)}, `}<span class="quiet"><${When} at=${one.at} /></span>
          <p class="quiet">${toAndFrom(one)}</p>
        </li>`,
      )}
    </ul>`;
}

function toAndFrom({ client, recipients, sample }) {
  const others = recipients - sample.length;
  const first = sample.map(visible).join(', ');
  const to =
    first === ''
      ? many(recipients, 'recipient')
      : `To ${first}${others > 0 ? ` and ${number(others)} more` : ''}`;
  return `${to}, from ${client === '' ? 'this machine' : visible(client)}`;
}

function History({ incidents, audit, incident }) {
  if (incidents.length === 0 && audit.length === 0) return null;
  return html`<h3>History</h3>
    <ul class="rows small">
      ${incidents.map(
        (one) => html`<li key=${one.id}>
          ${one.observed ? 'Would have been suspended' : 'Suspended'}
          ${' '}<${When} at=${one.suspendedAt} />:
          ${' '}${many(one.leakedRecipients, 'recipient')} reached,
          ${' '}${stoppedText(one)}${ended(one)}.
          ${' '}
          <button class="name" type="button" onClick=${() => incident(one.id)}>
            Show what got out
          </button>
        </li>`,
      )}
      ${audit.slice(0, shownMax).map(
        (one) => html`<li key=${`${one.at} ${one.action}`}>
          ${opened(one.action)} by ${one.by}, <${When} at=${one.at} />
          ${one.detail === '' ? '' : `: ${one.detail}`}
        </li>`,
      )}
    </ul>`;
}

/** When a suspension ended, and who ended it. */
/** Of mail that comes in, if it is verified. */
function wroteFirst({ wroteFirst: count = 0 }) {
  return count === 0 ? '' : `, and ${many(count, 'correspondent')} who wrote to it`;
}

function ended({ endedAt, endedBy }) {
  if (endedAt === undefined || endedAt === null) return '';
  return html`; ended <${When} at=${endedAt} /> by ${endedBy}`;
}

/** The story, else the row of the message, else what the day files have; all in one form. */
function aboutOf({ story, message, fate }) {
  if (story !== undefined) return story;
  const kept = fate?.message;
  const row = message ?? { ...kept, queueId: kept.id, recipients: kept.recipientCount };
  const sample = kept?.recipients.slice(0, sampleMax) ?? [];
  return { ...row, sample, reasons: [], subject: kept?.subject ?? '', observed: false };
}

function Story({ found, open }) {
  const about = aboutOf(found);
  const others = about.recipients - about.sample.length;
  return html`<p>
      <strong>${opened(verdictWord(about))}</strong> <${When} at=${about.at} />, from${' '}
      <button class="name" type="button" onClick=${() => open(about.account)}>
        ${about.account}
      </button>
    </p>
    <dl class="story">
      <dt>Subject</dt>
      <dd>${about.subject === '' ? html`<span class="unkept">not kept</span>` : about.subject}</dd>
      <dt>To</dt>
      <dd>
        ${about.sample.length === 0 ? many(about.recipients, 'recipient') : about.sample.join(', ')}
        ${about.sample.length > 0 && others > 0 ? ` and ${number(others)} more` : ''}
      </dd>
      <dt>Sent from</dt>
      <dd>${about.client || 'this machine'}</dd>
    </dl>
    ${found.fate && html`<${Fate} fate=${found.fate} />`}
    ${
      about.reasons.length > 0
        ? html`<h3>Why</h3><${Reasons} reasons=${about.reasons} />`
        : html`<p>Postern found no evidence against this message.</p>`
    }
    ${found.unsigned && html`<${Unsigned} ...${found.unsigned} />`}
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('explain', about.id ?? about.queueId)} />
    </p>`;
}

/** Why no key signed a message, and the command that allows it. */
function Unsigned({ text, allow }) {
  return html`<h3>No DKIM signature</h3>
    <p>${opened(text)}.</p>
    ${
      allow !== '' &&
      html`<p class="same"><span class="quiet">To allow it</span><${Command} text=${allow} /></p>`
    }`;
}
