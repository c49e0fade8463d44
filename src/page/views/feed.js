/**
 * Lists the latest messages, newest first. The list can be paused for reading. Screen readers do
 * not announce its changes, because there would be no end to them.
 */
import { useState } from 'preact/hooks';
import { html } from '../parts/html.js';
import { ListEnd, ListFilter, useListed } from '../parts/listed.js';
import { Empty, Glyph, Heading, When } from '../parts/marks.js';
import { many, number, opened, verdictWord } from '../parts/words.js';

const feedMax = 80;
const shownFirst = 20;

let keys = 0;

/** Gives each item a key of its own, because one message id may occur more than once. */
export function asLines(items) {
  return items.map((item) => ({ ...item, key: ++keys }));
}

/** Adds a batch: newest first, at most `feedMax` lines. */
export function withBatch(feed, { items, skipped }) {
  const fresh = asLines(items).reverse();
  if (skipped > 0) fresh.push({ skipped, key: ++keys });
  return [...fresh, ...feed].slice(0, feedMax);
}

export function Feed({ feed, open, explain }) {
  const [paused, setPaused] = useState(undefined);
  const lines = paused ?? feed;
  const list = useListed({
    first: lines,
    total: lines.length,
    shownFirst,
    nameOf: ({ account = '', why = '', ...item }) => `${account} ${why} ${verdictWord(item)}`,
  });
  return html`<section class="feed" aria-labelledby="feed">
    <${Heading} id="feed" title="Latest messages">
      ${
        feed.length > 0 &&
        html`<button
          class="plain"
          type="button"
          aria-pressed=${paused !== undefined ? 'true' : 'false'}
          onClick=${() => setPaused(paused === undefined ? feed : undefined)}
        >
          ${paused === undefined ? 'Pause' : 'Resume'}
        </button>`
      }
      <${ListFilter} list=${list} id="feed-filter" label="Filter latest messages" />
    <//>
    ${
      lines.length === 0
        ? html`<${Empty}>Each message is listed here once Postern has judged it.<//>`
        : html`<ol class="feed-list" tabindex="0" aria-label="Messages, newest first">
              ${list.rows.map(
                (item) =>
                  html`<${Line} key=${item.key} item=${item} open=${open} explain=${explain} />`,
              )}
            </ol>
            <${ListEnd} list=${list} what="latest message" />
            ${
              lines.length >= feedMax &&
              html`<p class="quiet">
                Only the latest ${number(feedMax)} are kept here.
                ${' '}<a href="/find">Find older messages</a>
              </p>`
            }`
    }
  </section>`;
}

function Line({ item, open, explain }) {
  if (item.skipped !== undefined) {
    return html`<li class="skipped quiet">
      and ${many(item.skipped, 'more message')}, not listed
    </li>`;
  }
  const word = verdictWord(item);
  const plain = item.verdict === 'pass';
  return html`<li class=${`line ${item.verdict}${item.observed ? ' observed' : ''}`}>
    <span class="line-time"><${When} at=${item.at} as="clock" /></span>
    <${Glyph} of=${item.verdict} />
    <button class="name" type="button" onClick=${() => open(item.account)}>${item.account}</button>
    ${
      plain
        ? html`<span class="line-verdict">${word}</span>`
        : html`<button
            class="verdict line-verdict"
            type="button"
            onClick=${() => explain(item.id)}
            aria-label=${`${word}: explain ${item.id}`}
          >
            ${word}
          </button>`
    }
    ${
      (!plain || item.recipients > 1) &&
      html`<span class="line-why">
        ${about(item)}
      </span>`
    }
  </li>`;
}

/** Recipients and reason. Mail refused before its content has no recipients. */
function about({ recipients, why }) {
  const parts = recipients === 0 ? [] : [`To ${many(recipients, 'recipient')}`];
  return [...parts, ...(why === '' ? [] : [opened(why)])].join('. ');
}
