/**
 * Finds messages by anything that a person remembers, and says what became of each. The search is
 * in the address, so that a search can be sent to a colleague.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { read } from '../parts/api.js';
import { html } from '../parts/html.js';
import { Command, Empty, Heading, When } from '../parts/marks.js';
import { findAddress, goTo, overviewAddress } from '../parts/route.js';
import { visible } from '../parts/strangers.js';
import { command, many, number } from '../parts/words.js';
import { Outcome } from './fate.js';

const limits = [50, 1_000];
const accountsMax = 20;

export function Find({ text, open, explain }) {
  const [limit, setLimit] = useState(limits[0]);
  const [answer, setAnswer] = useState(undefined);
  const field = useRef(null);
  useEffect(() => {
    field.current.focus();
  }, []);
  useEffect(() => {
    let isCurrent = true;
    const set = (value) => isCurrent && setAnswer(value);
    setAnswer(undefined);
    field.current.value = text;
    if (text !== '') {
      findAll(text, limit).then(
        (found) => set(found),
        (error) => set({ fault: error.message }),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [text, limit]);
  function submit(event) {
    event.preventDefault();
    const typed = field.current.value.trim();
    if (typed === '') return;
    setLimit(limits[0]);
    goTo(findAddress(typed));
  }
  return html`<section aria-labelledby="find">
    <${Heading} id="find" title="Find messages">
      <a href=${overviewAddress}>Back to the overview</a>
    <//>
    <form role="search" aria-label="Find messages" class="find-form" onSubmit=${submit}>
      <label for="find-field">Address, subject, queue id, client, script or account</label>
      <div class="find-line">
        <input
          ref=${field}
          id="find-field"
          type="search"
          maxlength="1000"
          autocomplete="off"
          autocapitalize="none"
          spellcheck=${false}
        />
        <button class="primary" type="submit">Find</button>
      </div>
    </form>
    <div role="status" class="find-answer">
      ${text !== '' && answer === undefined && html`<p class="quiet">Searching…</p>`}
      ${answer?.fault && html`<p class="fault">${answer.fault}</p>`}
      ${
        answer?.found &&
        html`<${Answer} answer=${answer} text=${text} open=${open} explain=${explain}>
          ${
            answer.more &&
            limit < limits.at(-1) &&
            html`<button type="button" onClick=${() => setLimit(limits.at(-1))}>Show more</button>`
          }
        <//>`
      }
    </div>
  </section>`;
}

/** Messages, and accounts with the text in their names. */
async function findAll(text, limit) {
  const [messages, accounts] = await Promise.all([
    read(`/api/find?${new URLSearchParams({ q: text, limit: String(limit) })}`),
    read(`/api/lookup?${new URLSearchParams({ q: text, limit: String(accountsMax) })}`),
  ]);
  return { ...messages, lookup: accounts };
}

function Accounts({ lookup: { accounts, count }, open }) {
  if (count === 0) return null;
  const cut = accounts.length < count ? `${number(accounts.length)} of ${number(count)} shown` : '';
  return html`<h3>Accounts <span class="tally">${number(count)}</span></h3>
    <ul class="found-accounts">
      ${accounts.map(
        ({ account, state }) => html`<li key=${account}>
          <button class="name" type="button" onClick=${() => open(account)}>
            ${visible(account)}
          </button>
          ${' '}<span class="tag ${state}">${state}</span>
        </li>`,
      )}
    </ul>
    ${cut !== '' && html`<p class="quiet">${cut}</p>`}
    <h3>Messages</h3>`;
}

function Answer({ answer, text, open, explain, children }) {
  const { found, lookup, more, remarks } = answer;
  return html`<${Accounts} lookup=${lookup} open=${open} />
    ${
      found.length === 0
        ? html`<${Empty}>No message was found.<//>`
        : html`<p class="quiet">
          ${many(found.length, 'message')}, newest first${more ? '; more exist' : ''}
        </p>
        <ul class="rows">
          ${found.map(
            (one) => html`<${Row} key=${`${one.id} ${one.at}`} ...${{ one, open, explain }} />`,
          )}
        </ul>`
    }
    ${children} ${remarks.map((said) => html`<p key=${said} class="quiet">${said}</p>`)}
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('find', text)} />
    </p>`;
}

function Row({ one, open, explain }) {
  return html`<li class="mail">
    <div>
      <button
        class="name subject"
        type="button"
        disabled=${one.id === ''}
        onClick=${() => explain(one.id)}
      >
        <${Subject} of=${one} />
      </button>
      <p class="quiet">
        <${When} at=${one.at} />
        ${one.account === '' ? ', no account' : ', from '}
        ${
          one.account !== '' &&
          html`<button class="name" type="button" onClick=${() => open(one.account)}>
            ${one.account}
          </button>`
        }
      </p>
    </div>
    <p class="mail-to"><${Recipients} of=${one} /></p>
    <${Outcome} state=${one.state} text=${one.became} />
  </li>`;
}

/** The subject, marked where it is not kept. */
export function Subject({ of: { subject, id } }) {
  if (subject !== '') return subject;
  return html`<span class="unkept">${id === '' ? 'A message' : id}: subject not kept</span>`;
}

/** The first recipient and how many more; marked where no address is kept. */
export function Recipients({ of: { recipients, recipientCount } }) {
  if (recipients.length === 0) {
    return html`<span class="unkept">${many(recipientCount, 'recipient')}, not kept</span>`;
  }
  const others = recipientCount - 1;
  return html`${recipients[0]}${others > 0 ? ` and ${number(others)} more` : ''}`;
}
