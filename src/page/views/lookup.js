/**
 * Finds an account by a part of its name, explains a message by its queue id, or leads to all
 * messages that fit. One field serves all, so that nobody has to choose first.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { read } from '../parts/api.js';
import { html } from '../parts/html.js';
import { Heading } from '../parts/marks.js';
import { findAddress, goTo } from '../parts/route.js';

const typingMs = 200;
const foundMax = 8;
const asked = 'Account, address, subject or queue id';

export function Lookup({ open, explain }) {
  const [text, setText] = useState('');
  const [found, setFound] = useState(undefined);
  const requests = useRef(0);
  useEffect(() => {
    const request = ++requests.current;
    if (text === '') return setFound(undefined);
    const timer = setTimeout(async () => {
      const answer = await find(text);
      if (request === requests.current) setFound(answer);
    }, typingMs);
    return () => clearTimeout(timer);
  }, [text]);
  function submit(event) {
    event.preventDefault();
    if (found?.story) explain(text);
    else if (found?.accounts.length > 0) open(found.accounts[0].account);
    else if (text !== '') goTo(findAddress(text));
  }
  return html`<section aria-labelledby="lookup">
    <${Heading} id="lookup" title="Look up" />
    <form role="search" onSubmit=${submit}>
      <label for="lookup-field" class="unseen">${asked}</label>
      <input
        id="lookup-field"
        type="search"
        placeholder=${asked}
        maxlength="1000"
        autocomplete="off"
        autocapitalize="none"
        spellcheck=${false}
        value=${text}
        onInput=${(event) => setText(event.currentTarget.value.trim())}
      />
    </form>
    <div role="status">
      ${
        found !== undefined &&
        html`<${Found} found=${found} text=${text} open=${open} explain=${explain} />`
      }
    </div>
  </section>`;
}

async function find(text) {
  try {
    const [accounts, story] = await Promise.all([
      read(`/api/accounts?${new URLSearchParams({ like: text, limit: String(foundMax) })}`),
      /^[\w.-]{6,64}$/.test(text) ? read(`/api/explain/${encodeURIComponent(text)}`) : undefined,
    ]);
    return { accounts: accounts ?? [], story };
  } catch (error) {
    return { accounts: [], story: undefined, fault: error.message };
  }
}

function Found({ found, text, open, explain }) {
  if (found.fault !== undefined) return html`<p class="fault">${found.fault}</p>`;
  return html`<ul class="found">
    ${
      found.story &&
      html`<li>
        <button class="name" type="button" onClick=${() => explain(text)}>
          Explain message ${text}
        </button>
      </li>`
    }
    ${found.accounts.map(
      (one) => html`<li key=${one.account}>
        <button class="name" type="button" onClick=${() => open(one.account)}>
          ${one.account}
        </button>
        <span class="tag ${one.state}">${one.state}</span>
      </li>`,
    )}
    <li><a href=${findAddress(text)}>Find messages: ${text}</a></li>
  </ul>`;
}
