/**
 * The last 30 days in numbers. The upper chart has all messages by day. The lower chart, with its
 * own scale, has those that look like spam, or the stopped ones if no mail is scanned. Below are
 * the scripts, accounts and rules with most spam.
 */
import { useEffect, useState } from 'preact/hooks';
import { DayPlots } from '../charts/day-plots.js';
import { NoAnswer, read } from '../parts/api.js';
import { html } from '../parts/html.js';
import { Command, Empty, Heading } from '../parts/marks.js';
import { command, many, number, opened } from '../parts/words.js';

const days = 30;
const againMs = 60_000;
const rowsMax = 5;
const dayMs = 86_400_000;
const kinds = {
  day: { order: 'messages', limit: days },
  script: { order: 'spam', limit: rowsMax },
  account: { order: 'spam', limit: rowsMax },
  rule: { order: 'messages', limit: rowsMax },
};

/**
 * Reads the numbers every minute. `numbers` is undefined until the first answer; `fault` is the
 * error of the last request.
 */
function useNumbers(now) {
  const [numbers, setNumbers] = useState(undefined);
  const [fault, setFault] = useState('');
  const until = Math.floor(now / dayMs);
  useEffect(() => {
    let over = false;
    const ask = async () => {
      const asked = Object.entries(kinds).map(async ([by, { order, limit }]) => {
        const query = { by, order, limit, since: until - days + 1, until };
        return [by, await read(`/api/stats?${new URLSearchParams(query)}`)];
      });
      try {
        const fresh = await Promise.all(asked);
        if (over) return;
        setNumbers(Object.fromEntries(fresh));
        setFault('');
      } catch (error) {
        // The top of the page already says when the connection is lost.
        if (!over && !(error instanceof NoAnswer)) setFault(error.message);
      }
    };
    void ask();
    const timer = setInterval(ask, againMs);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [until]);
  return { numbers, fault };
}

export function Statistics({ now, open }) {
  const { numbers, fault } = useNumbers(now);
  const [at, setAt] = useState(undefined);
  if (numbers === undefined) {
    if (fault === '') return undefined;
    return html`<section aria-labelledby="statistics">
      <${Heading} id="statistics" title="Last 30 days" />
      <${Empty}>${unread(fault)}<//>
    </section>`;
  }
  const { total, query } = numbers.day;
  const scored = total.scored > 0;
  const each = everyDay(numbers.day);
  return html`<section aria-labelledby="statistics">
    <${Heading} id="statistics" title="Last 30 days">
      ${
        total.messages > 0 &&
        html`<${Readout} line=${at === undefined ? total : each[at]} scored=${scored} />`
      }
    <//>
    ${
      total.messages === 0
        ? html`<${Empty}>Postern counts mail by day here, from the first message on.<//>`
        : html`<${DayPlots}
              days=${each}
              scored=${scored}
              onDay=${setAt}
              said=${said(total, scored)}
            />
            <${AsTable} days=${each} scored=${scored} />`
    }
    ${
      total.messages > 0 &&
      !scored &&
      html`<p class="same">
        <span class="quiet">No mail is scanned for spam. To scan it with SpamAssassin:</span>
        <${Command} text=${command('connect', 'spamassassin')} />
      </p>`
    }
    ${
      scored &&
      html`<div class="rankings">
        <${Ranking} title="Web scripts" answer=${numbers.script} />
        <${Ranking} title="Accounts" answer=${numbers.account} open=${open} />
        <${Rules} answer=${numbers.rule} />
      </div>`
    }
    ${
      fault !== '' &&
      html`<p class="quiet small-print">These numbers are not up to date. ${unread(fault)}</p>`
    }
    <p class="quiet small-print">
      Days in UTC, from ${new Date(query.since * dayMs).toISOString().slice(0, 10)} to today.
    </p>
  </section>`;
}

const unread = (fault) => `${opened(fault)}. The page asks again every minute.`;

/** One entry for each day, oldest first, days without mail included. */
function everyDay({ query, lines }) {
  const known = new Map(lines.map((line) => [line.key, line]));
  return Array.from({ length: query.until - query.since + 1 }, (_, i) => {
    const at = (query.since + i) * dayMs;
    const key = new Date(at).toISOString().slice(0, 10);
    const none = { messages: 0, recipients: 0, stopped: 0, scored: 0, spam: 0, viruses: 0 };
    return { ...none, ...known.get(key), key, at };
  });
}

const bad = (line) => line.spam + line.viruses;

function said(total, scored) {
  const more = scored
    ? `${number(bad(total))} look like spam`
    : `${number(total.stopped)} were stopped`;
  const all = many(total.messages, 'message');
  return `Last 30 days: ${all}, ${more}. The table below has the numbers.`;
}

function Readout({ line, scored }) {
  return html`<p class="readout">
    <span class="quiet">${line.at === undefined ? 'Total' : line.key}</span>
    <span class="key pass"><i></i>${many(line.messages, 'message')}</span>
    ${
      scored
        ? html`<span class="key refuse"><i></i>${number(bad(line))} look like spam</span>`
        : html`<span class="key hold"><i></i>${number(line.stopped)} stopped</span>`
    }
  </p>`;
}

/** Ranks senders by messages that look like spam, with a bar for the share of scanned mail. */
function Ranking({ title, answer, open }) {
  const lines = answer.lines.filter((line) => bad(line) > 0);
  return html`<div>
    <h3>${title} with most spam</h3>
    ${lines.length === 0 && html`<p class="quiet">No message looks like spam.</p>`}
    <ol class="ranking">
      ${lines.map((line) => {
        const share = Math.min(1, bad(line) / Math.max(1, line.scored));
        return html`<li key=${line.key}>
          ${
            open === undefined
              ? html`<span class="ranked">${line.key}</span>`
              : html`<button class="ranked name" type="button" onClick=${() => open(line.key)}>
                  ${line.key}
                </button>`
          }
          <span class="ranking-bar" aria-hidden="true">
            <i style=${{ width: `${Math.max(1, share * 100)}%` }}></i>
          </span>
          <span class="figure quiet">
            ${number(bad(line))} of ${many(line.messages, 'message')},
            ${' '}${unbroken(`mean score ${line.mean.toFixed(1)}`)}${before(line)}
          </span>
        </li>`;
      })}
    </ol>
  </div>`;
}

/** The mean score of the 30 days before, where it is known. */
function before({ meanBefore }) {
  return meanBefore === undefined ? '' : ` ${unbroken(`(before: ${meanBefore.toFixed(1)})`)}`;
}

/** Keeps the words on one line. */
function unbroken(text) {
  return text.replaceAll(' ', '\u00a0');
}

function Rules({ answer }) {
  return html`<div>
    <h3>Rules that match most</h3>
    <ol class="ranking">
      ${answer.lines.map(
        (line) => html`<li key=${line.key}>
          <span class="ranked">${line.key}</span>
          <span class="figure quiet">
            ${many(line.messages, 'message')}, ${line.mean.toFixed(1)} points each
          </span>
        </li>`,
      )}
    </ol>
  </div>`;
}

function AsTable({ days: all, scored }) {
  const rows = all.toReversed();
  return html`<details class="as-table">
    <summary>As a table</summary>
    <table>
      <thead>
        <tr>
          <th scope="col">Day</th>
          <th scope="col">Messages</th>
          <th scope="col">Recipients</th>
          <th scope="col">Stopped</th>
          ${scored && html`<th scope="col">Look like spam</th>`}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (line) => html`<tr key=${line.key}>
            <th scope="row">${line.key}</th>
            <td>${number(line.messages)}</td>
            <td>${number(line.recipients)}</td>
            <td>${number(line.stopped)}</td>
            ${scored && html`<td>${number(bad(line))}</td>`}
          </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}
