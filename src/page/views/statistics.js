/**
 * The last thirty days in numbers: messages a day above, below on a scale of its own those that
 * look like spam (or where nobody scans, those that were stopped); and who and what is behind them.
 */
import { useEffect, useState } from 'preact/hooks';
import { DayPlots } from '../charts/day-plots.js';
import { read } from '../parts/api.js';
import { html } from '../parts/html.js';
import { Command, Empty, Heading } from '../parts/marks.js';
import { command, many, number } from '../parts/words.js';

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
 * Numbers of the last days, asked for anew each minute; undefined until they are here, `fault`
 * while they are not to be had.
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
        // A connection that is lost is told of at the top of the page.
        if (!over && !(error instanceof TypeError)) setFault(error.message);
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
      <${Heading} id="statistics" title="Last thirty days" />
      <${Empty}>${unread(fault)}<//>
    </section>`;
  }
  const { total, query } = numbers.day;
  const scored = total.scored > 0;
  const each = everyDay(numbers.day);
  return html`<section aria-labelledby="statistics">
    <${Heading} id="statistics" title="Last thirty days">
      ${total.messages > 0 && html`<${Readout} line=${at === undefined ? total : each[at]} scored=${scored} />`}
    <//>
    ${
      total.messages === 0
        ? html`<${Empty}>Each day’s mail will be counted here.<//>`
        : html`<${DayPlots} days=${each} scored=${scored} onDay=${setAt} said=${said(total, scored)} />
            <${AsTable} days=${each} scored=${scored} />`
    }
    ${
      total.messages > 0 &&
      !scored &&
      html`<p class="same">
        <span class="quiet">Nothing is scanned for spam. To have it scanned:</span>
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
    ${fault !== '' && html`<p class="quiet small-print">These are older. ${unread(fault)}</p>`}
    <p class="quiet small-print">
      Days are UTC, from ${new Date(query.since * dayMs).toISOString().slice(0, 10)} on.
    </p>
  </section>`;
}

const unread = (fault) =>
  `${fault.slice(0, 1).toUpperCase()}${fault.slice(1)}. It is asked again each minute.`;

/** One entry a day, oldest first, also for days without mail. */
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
  return `Thirty days: ${many(total.messages, 'message')}, ${more}. The table below has the numbers.`;
}

function Readout({ line, scored }) {
  return html`<p class="readout">
    <span class="quiet">${line.at === undefined ? 'In all' : line.key}</span>
    <span class="key pass"><i></i>${many(line.messages, 'message')}</span>
    ${
      scored
        ? html`<span class="key refuse"><i></i>${number(bad(line))} like spam</span>`
        : html`<span class="key hold"><i></i>${number(line.stopped)} stopped</span>`
    }
  </p>`;
}

/** Who sends what looks like spam: a bar for its share, and the numbers. */
function Ranking({ title, answer, open }) {
  const lines = answer.lines.filter((line) => bad(line) > 0);
  return html`<div>
    <h3>${title} with most spam</h3>
    ${lines.length === 0 && html`<p class="quiet">None.</p>`}
    <ol class="ranking">
      ${lines.map((line) => {
        const share = Math.min(1, bad(line) / Math.max(1, line.scored));
        return html`<li key=${line.key}>
          ${
            open === undefined
              ? html`<span class="ranked">${line.key}</span>`
              : html`<button class="ranked name" type="button" onClick=${() => open(line.key)}>${line.key}</button>`
          }
          <span class="ranking-bar" aria-hidden="true"><i style=${{ width: `${Math.max(1, share * 100)}%` }}></i></span>
          <span class="figure quiet">
            ${number(bad(line))} of ${number(line.messages)}, mean ${line.mean.toFixed(1)}${line.meanBefore === undefined ? '' : `, before ${line.meanBefore.toFixed(1)}`}
          </span>
        </li>`;
      })}
    </ol>
  </div>`;
}

function Rules({ answer }) {
  return html`<div>
    <h3>Rules that strike most</h3>
    <ol class="ranking">
      ${answer.lines.map(
        (line) => html`<li key=${line.key}>
          <span class="ranked">${line.key}</span>
          <span class="figure quiet">${number(line.messages)} times, ${line.mean.toFixed(1)} points</span>
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
          ${scored && html`<th scope="col">Like spam</th>`}
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
