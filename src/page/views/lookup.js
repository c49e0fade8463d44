/**
 * Finds an account by a part of its name, or explains a message by its queue id. One field serves
 * both, so that nobody has to choose first.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { read } from '../parts/api.js';
import { html } from '../parts/html.js';
import { Heading } from '../parts/marks.js';

const typingMs = 200;
const foundMax = 8;

export function Lookup({ open, explain }) {
  const [text, setText] = useState('');
  const [found, setFound] = useState(undefined);
  const asked = useRef(0);
  useEffect(() => {
    const request = ++asked.current;
    if (text === '') return setFound(undefined);
    const timer = setTimeout(async () => {
      const answer = await find(text);
      if (request === asked.current) setFound(answer);
    }, typingMs);
    return () => clearTimeout(timer);
  }, [text]);
  function submit(event) {
    event.preventDefault();
    if (found?.story) explain(text);
    else if (found?.accounts.length > 0) open(found.accounts[0].account);
  }
  return html`<section aria-labelledby="lookup">
    <${Heading} id="lookup" title="Look up" />
    <form role="search" onSubmit=${submit}>
      <label for="lookup-field" class="unseen">Account or queue id</label>
      <input
        id="lookup-field"
        type="search"
        placeholder="Account or queue id"
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
  if (found.accounts.length === 0 && found.story === undefined) {
    return html`<p class="empty">
      No account name contains “${text}”, and no stored message has this queue id. You find queue
      ids in the mail log, right after the name of the program.
    </p>`;
  }
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
  </ul>`;
}
