/**
 * More about one thing, over the page: an account with its past, or the story of a message. Escape
 * closes it.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { accountPath, read } from '../parts/api.js';
import { Gauge, Reasons } from '../parts/evidence.js';
import { html } from '../parts/html.js';
import { Command, Empty, When } from '../parts/marks.js';
import { releaseAccount, suspendAccount } from '../parts/questions.js';
import { command, many, number, verdictWord } from '../parts/words.js';

const shownMax = 12;

/** `about`: { account } or { id }. */
export function Sheet({ about, ask, open, explain, onClose }) {
  const dialog = useRef(null);
  const [found, setFound] = useState(undefined);
  const path =
    about.id === undefined
      ? accountPath(about.account)
      : `/api/explain/${encodeURIComponent(about.id)}`;
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  useEffect(() => {
    let current = true;
    const set = (value) => current && setFound(value);
    read(path).then(
      (value) => set(value ?? { none: true }),
      (error) => set({ trouble: error.message }),
    );
    return () => {
      current = false;
    };
  }, [path]);
  const title = about.id ?? about.account;
  return html`<dialog ref=${dialog} class="sheet" aria-labelledby="sheet-title" onClose=${onClose}>
    <div class="sheet-head">
      <h2 id="sheet-title">${title}</h2>
      <button type="button" onClick=${() => dialog.current.close()}>Close</button>
    </div>
    ${found === undefined && html`<p class="quiet">Looking it up…</p>`}
    ${found?.trouble && html`<p class="trouble">${found.trouble}</p>`}
    ${found?.none && html`<${Empty}>Nothing is known about ${title}.<//>`}
    ${found?.account && html`<${Account} found=${found} ask=${ask} explain=${explain} />`}
    ${(found?.story || found?.message) && html`<${Story} found=${found} open=${open} />`}
  </dialog>`;
}

function Account({ found, ask, explain }) {
  const { account, incidents, stories, audit } = found;
  const name = account.account;
  const suspended = account.state === 'suspended';
  const reasons = suspended ? (incidents[0]?.reasons ?? account.reasons) : account.reasons;
  return html`<p>
      <span class="tag ${account.state}">${account.state}</span>
      <span class="quiet"> last mail <${When} at=${account.lastSeen} /></span>
      ${account.exemptUntil && html`<span class="quiet">, exempt until <${When} at=${account.exemptUntil} /></span>`}
    </p>
    <div class="watched-scale"><${Gauge} evidence=${account.evidence} /><span class="figure">${account.evidence.toFixed(2)}</span></div>
    <p>
      ${many(account.messagesToday, 'message')} to ${many(account.recipientsToday, 'recipient')} today;
      ${' '}knows ${many(account.knownRecipients, 'recipient')}.
    </p>
    ${reasons.length > 0 && html`<h3>Why</h3><${Reasons} reasons=${reasons} />`}
    <div class="buttons">
      <button type="button" class=${suspended ? 'primary' : ''} onClick=${() => ask(suspended ? releaseAccount(name) : suspendAccount(name))}>
        ${suspended ? 'Release…' : 'Suspend…'}
      </button>
    </div>
    <p class="same">
      <span class="quiet">To exempt it for a while</span>
      <${Command} text=${command('accounts', 'allow', name, '--until', 'tomorrow')} />
    </p>
    <${Stories} stories=${stories} explain=${explain} />
    <${Past} incidents=${incidents} audit=${audit} />`;
}

function Stories({ stories, explain }) {
  if (stories.length === 0) return null;
  return html`<h3>Not simply passed</h3>
    <ul class="rows small">
      ${stories.slice(0, shownMax).map(
        (one) => html`<li key=${one.id}>
          <button class="id" type="button" onClick=${() => explain(one.id)}>${one.id}</button>
          ${` ${verdictWord(one)}, ${many(one.recipients, 'recipient')}, `}
          <span class="quiet"><${When} at=${one.at} /></span>
        </li>`,
      )}
    </ul>`;
}

function Past({ incidents, audit }) {
  if (incidents.length === 0 && audit.length === 0) return null;
  return html`<h3>Record</h3>
    <ul class="rows small">
      ${incidents.map(
        (one) => html`<li key=${one.id}>
          Suspended <${When} at=${one.suspendedAt} />: ${many(one.leakedRecipients, 'recipient')} reached,
          ${' '}${many(one.stoppedMessages, 'message')} stopped${one.endedAt === undefined || one.endedAt === null ? '' : html`; ended <${When} at=${one.endedAt} /> by ${one.endedBy}`}.
        </li>`,
      )}
      ${audit.slice(0, shownMax).map(
        (one) => html`<li key=${`${one.at} ${one.action}`}>
          ${one.action} by ${one.by}, <${When} at=${one.at} />${one.detail === '' ? '' : `: ${one.detail}`}
        </li>`,
      )}
    </ul>`;
}

function Story({ found, open }) {
  const { story, message } = found;
  const about = story ?? { ...message, sample: [], reasons: [], subject: '', observed: false };
  const others = about.recipients - about.sample.length;
  return html`<p>
      <strong>${verdictWord(about)}</strong> <${When} at=${about.at} />, from${' '}
      <button class="name" type="button" onClick=${() => open(about.account)}>${about.account}</button>
    </p>
    <dl class="story">
      ${about.subject !== '' && html`<dt>Subject</dt><dd>${about.subject}</dd>`}
      <dt>To</dt>
      <dd>
        ${about.sample.length === 0 ? many(about.recipients, 'recipient') : about.sample.join(', ')}
        ${about.sample.length > 0 && others > 0 ? ` and ${number(others)} more` : ''}
      </dd>
      <dt>From the address</dt>
      <dd>${about.client || 'this machine'}</dd>
    </dl>
    ${about.reasons.length > 0 ? html`<h3>Why</h3><${Reasons} reasons=${about.reasons} />` : html`<p>Nothing spoke against it.</p>`}
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('explain', about.id ?? about.queueId)} />
    </p>`;
}
