/**
 * The search at the top of the page. It opens exactly what was typed: an account by its whole name,
 * a message by its queue id. Everything else goes to the search of messages, by recipient, subject,
 * client address and so on. Suggestions are a list of a combobox (ARIA). The key `/` leads here
 * from anywhere.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { read } from '../parts/api.js';
import { html } from '../parts/html.js';
import { findAddress, goTo } from '../parts/route.js';
import { visible } from '../parts/strangers.js';
import { number } from '../parts/words.js';

const typingMs = 150;
const foundMax = 8;
const asked = 'Account, address, subject or queue id';
const listId = 'lookup-list';
const optionId = (index) => `lookup-${index}`;

export function Lookup({ open, explain }) {
  const [typed, setTyped] = useState('');
  const [found, setFound] = useState(undefined);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const text = typed.trim();
  const field = useRef(null);
  const cameFrom = useSlash(field);
  useFound(text, setFound);
  const options = isOpen && text !== '' ? optionsOf(found, text) : [];
  const isFound = options.length > 0;
  function type(event) {
    setTyped(event.currentTarget.value);
    setActive(-1);
    setOpen(true);
  }
  function go(option) {
    setOpen(false);
    if (option.kind === 'account') open(option.account);
    else if (option.kind === 'message') explain(option.id);
    else goTo(findAddress(option.text));
  }
  async function submit(event) {
    event.preventDefault();
    if (text === '') return;
    if (active >= 0 && options[active] !== undefined) return go(options[active]);
    // The answer for this text may still be on its way.
    go(meant(found?.text === text ? found : await look(text), text));
  }
  function press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setOpen(true);
      const count = options.length;
      if (count > 0) setActive((at) => (at + step + (at < 0 && step < 0 ? 1 : 0) + count) % count);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      setOpen(false);
      setTyped('');
      (cameFrom.current ?? document.getElementById('content'))?.focus();
    }
  }
  return html`<form role="search" aria-label="Look up" class="lookup" onSubmit=${submit}>
    <label for="lookup-field" class="unseen">Look up: ${asked}. Key: /</label>
    <input
      ref=${field}
      id="lookup-field"
      type="text"
      role="combobox"
      inputmode="search"
      enterkeyhint="search"
      placeholder=${asked}
      maxlength="1000"
      autocomplete="off"
      autocapitalize="none"
      spellcheck=${false}
      aria-autocomplete="list"
      aria-expanded=${isFound ? 'true' : 'false'}
      aria-controls=${listId}
      aria-activedescendant=${active >= 0 ? optionId(active) : undefined}
      aria-keyshortcuts="/"
      value=${typed}
      onInput=${type}
      onKeyDown=${press}
      onBlur=${() => setOpen(false)}
    />
    <kbd aria-hidden="true">/</kbd>
    <${Suggestions} ...${{ options, active, go, found, meant: meant(found, text) }} />
    <p role="status" class="unseen">${isFound ? cutText(found) : ''}</p>
  </form>`;
}

/** `/` gives the focus to the field; the element that had it before is kept for Escape. */
function useSlash(field) {
  const cameFrom = useRef(undefined);
  useEffect(() => {
    const press = (event) => {
      const isTyping = event.target.closest?.('input, textarea, select, [contenteditable]');
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
      if (event.key !== '/' || isTyping || hasModifier) return;
      if (document.querySelector('dialog[open]') !== null) return;
      event.preventDefault();
      cameFrom.current = document.activeElement;
      field.current?.focus();
      field.current?.select();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  return cameFrom;
}

/** Asks a moment after the last key. An older answer never replaces a newer one. */
function useFound(text, setFound) {
  useEffect(() => {
    if (text === '') return setFound(undefined);
    let isOver = false;
    const timer = setTimeout(async () => {
      const answer = await look(text);
      if (!isOver) setFound(answer);
    }, typingMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [text]);
}

async function look(text) {
  const nothing = { text, exact: undefined, accounts: [], count: 0, isMessage: false, fault: '' };
  try {
    const query = new URLSearchParams({ q: text, limit: String(foundMax) });
    return { ...nothing, ...(await read(`/api/lookup?${query}`)) };
  } catch (error) {
    return { ...nothing, fault: error.message };
  }
}

/** What Enter opens. */
function meant(found, text) {
  if (found?.exact !== undefined) return { kind: 'account', account: found.exact };
  if (found?.isMessage) return { kind: 'message', id: text };
  return { kind: 'find', text };
}

function optionsOf(found, text) {
  const { accounts = [], exact, isMessage = false } = found ?? {};
  const exactState = accounts.find(({ account }) => account === exact)?.state;
  return [
    ...(exact === undefined ? [] : [{ kind: 'account', account: exact, state: exactState }]),
    ...(isMessage ? [{ kind: 'message', id: text }] : []),
    ...accounts
      .filter(({ account }) => account !== exact)
      .map((one) => ({ kind: 'account', ...one })),
    { kind: 'find', text },
  ];
}

function cutText(found) {
  if (found === undefined) return '';
  if (found.fault !== '') return found.fault;
  const { accounts, count } = found;
  if (count === 0) return 'No account has this in its name';
  if (count === 1) return '1 account';
  return accounts.length < count
    ? `${number(accounts.length)} of ${number(count)} accounts shown`
    : `${number(count)} accounts`;
}

function Suggestions({ options, active, go, found, meant: first }) {
  const isFirst = ({ kind, account }) => kind === first.kind && account === first.account;
  return html`<div class="suggestions" hidden=${options.length === 0}>
    <ul id=${listId} role="listbox" aria-label="Suggestions">
      ${options.map(
        (option, index) => html`<li
          key=${`${option.kind} ${option.account}`}
          id=${optionId(index)}
          role="option"
          aria-selected=${index === active ? 'true' : 'false'}
          onMouseDown=${(event) => event.preventDefault()}
          onClick=${() => go(option)}
        >
          <${Option} option=${option} />
          ${active < 0 && isFirst(option) && html`<kbd aria-hidden="true">Enter</kbd>`}
        </li>`,
      )}
    </ul>
    <p class="quiet">${cutText(found)}</p>
  </div>`;
}

function Option({ option: { kind, account, state, id, text } }) {
  if (kind === 'message') return html`<span>Message ${id}: its reasons and outcome</span>`;
  if (kind === 'find') return html`<span>Find messages: ${visible(text)}</span>`;
  return html`<span class="option-name">${visible(account)}</span>
    ${state !== undefined && html`<span class="tag ${state}">${state}</span>`}`;
}
