/**
 * A list that says how much is shown. It is filtered by a text, and shows more when asked:
 * first what the page has already, then what the door answers.
 */
import { useEffect, useState } from 'preact/hooks';
import { read } from './api.js';
import { html } from './html.js';
import { number } from './words.js';

const step = 20;
const typingMs = 200;
/** The door answers no longer lists. */
const askedMax = 1_000;

/**
 * `first`: rows that are there; `total`: how many there are; `shownFirst`: how many are shown at
 * first; `nameOf(row)`: what the filter looks at; `ask(text, limit)`: rows and, if known, their
 * `total`. It is asked again when `version` changes.
 */
export function useListed({ first, total, shownFirst, nameOf, ask, version = first }) {
  const [text, setText] = useState('');
  const [shown, setShown] = useState(shownFirst);
  const [answer, setAnswer] = useState(undefined);
  const isAsked = first.length < total && (text !== '' || shown > first.length);
  useEffect(() => {
    if (!isAsked) return;
    let isOver = false;
    const timer = setTimeout(async () => {
      const limit = Math.min(askedMax, shown + 1);
      // The old rows stay. The top of the page says when Postern does not answer.
      const fresh = await ask(text, limit).catch(() => undefined);
      if (!isOver && fresh !== undefined) setAnswer({ text, ...fresh });
    }, typingMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isAsked, text, shown, version]);
  const part = text.toLowerCase();
  const isAnswered = isAsked && answer?.text === text;
  const found = isAnswered
    ? answer.rows
    : first.filter((row) => nameOf(row).toLowerCase().includes(part));
  const rows = found.slice(0, shown);
  return {
    rows,
    total: text === '' ? total : isAnswered ? answer.total : isAsked ? undefined : found.length,
    hasMore: found.length > shown || (isAsked ? !isAnswered : text === '' && total > rows.length),
    isAnswered,
    isWhole: total <= shownFirst,
    shownFirst,
    text,
    setText,
    grow: () => setShown((count) => Math.min(askedMax, count + step)),
    fold: () => setShown(shownFirst),
  };
}

/** A field that filters the list; without one if everything is shown. */
export function ListFilter({ list, id, label }) {
  if (list.isWhole) return null;
  return html`<div class="list-filter">
    <label for=${id} class="unseen">${label}</label>
    <input
      id=${id}
      type="search"
      placeholder=${label}
      maxlength="256"
      autocomplete="off"
      autocapitalize="none"
      spellcheck=${false}
      value=${list.text}
      onInput=${(event) => list.setText(event.currentTarget.value.trim())}
    />
  </div>`;
}

/** Below the list: how much is shown, and a button for more. `what`: `account`, for ears. */
export function ListEnd({ list, what }) {
  const { fold, grow, hasMore, isWhole, rows, shownFirst, text, total } = list;
  if (isWhole) return null;
  if (rows.length === 0) {
    return html`<p class="quiet list-end" role="status">No ${what} has “${text}” in its name.</p>`;
  }
  const of = total === undefined ? '; there are more' : ` of ${number(total)}`;
  const all = total === rows.length ? 'all ' : '';
  return html`<div class="list-end">
    <p class="quiet" role="status">
      Showing ${all}${number(rows.length)}${all === '' ? of : ''}
      ${text === '' ? '' : ` with “${text}”`}
    </p>
    ${
      hasMore &&
      html`<button type="button" onClick=${grow} aria-label=${`Show ${step} more: ${what}`}>
        Show ${step} more
      </button>`
    }
    ${
      rows.length > shownFirst &&
      html`<button type="button" class="plain" onClick=${fold} aria-label=${`Show less: ${what}`}>
        Show less
      </button>`
    }
  </div>`;
}

/** A list of accounts in one state, from the overview and then from the door. */
export function useAccounts(state, { first, total, shownFirst, nameOf, rowOf }) {
  async function ask(text, limit) {
    const query = new URLSearchParams({ state, like: text, limit: String(limit) });
    const accounts = await read(`/api/accounts?${query}`);
    const isAll = accounts.length < limit;
    return { rows: accounts.map(rowOf), total: isAll ? accounts.length : undefined };
  }
  return useListed({ first, total, shownFirst, nameOf, ask });
}
