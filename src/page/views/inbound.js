/**
 * Mail that comes in: how much honest-looking mail waited and how long, what is in quarantine, and
 * what was put off and has not come back.
 */
import { useEffect, useState } from 'preact/hooks';
import { InboundPlots } from '../charts/inbound-plots.js';
import { read } from '../parts/api.js';
import { ActButton } from '../parts/away.js';
import { html } from '../parts/html.js';
import { Command, Empty, Glyph, Heading, When } from '../parts/marks.js';
import { allowIncoming, dropIncoming, releaseIncoming } from '../parts/questions.js';
import { command, many, number, opened, stamp } from '../parts/words.js';

const againMs = 60_000;
const days = 30;
const rowsMax = 10;
const paths = {
  days: `/api/inbound/days?days=${days}`,
  quarantine: `/api/inbound?state=quarantined&limit=${rowsMax}`,
  atRisk: `/api/inbound/at-risk?limit=${rowsMax}`,
};

/**
 * Reads numbers and lists every minute and when a list gets longer or shorter, as after an action;
 * undefined at first.
 */
function useInbound({ atRisk, quarantined }) {
  const [answers, setAnswers] = useState(undefined);
  useEffect(() => {
    let over = false;
    const ask = async () => {
      const asked = Object.entries(paths).map(async ([name, path]) => [name, await read(path)]);
      // The top of the page already says when the connection is lost.
      const fresh = await Promise.all(asked).catch(() => undefined);
      if (!over && fresh !== undefined) setAnswers(Object.fromEntries(fresh));
    };
    void ask();
    const timer = setInterval(ask, againMs);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [atRisk, quarantined]);
  return answers;
}

function stanceText({ stance, waitMs }) {
  if (stance === 'defer') return 'Suspicious mail is put off with a 451';
  if (stance === 'observe') return 'Observing only: what would have been done is counted';
  return waitMs > 0
    ? `Suspicious mail waits here for ${waited(waitMs)}`
    : 'What counts as spam goes to Junk; nothing waits';
}

export function Inbound({ view, ask }) {
  const status = view.status.inbound;
  const answers = useInbound(status);
  if (answers === undefined) return undefined;
  const { quarantine, atRisk } = answers;
  const counted = sum(answers.days);
  const isQuiet = counted.honest + counted.stopped + counted.junk === 0;
  const isIdle = status.waiting + status.quarantined + atRisk.length === 0;
  if (isQuiet && isIdle) return undefined;
  return html`<section aria-labelledby="inbound">
    <${Heading} id="inbound" title="Inbound">
      <span class="quiet legend-note">${stanceText(status)}</span>
    <//>
    <p class="readout">
      <span class="quiet">Last ${days} days</span>
      <span class="key pass"><i></i>${said(counted)}</span>
      <span>${number(counted.stopped)} stopped</span>
      <span class="quiet">${junkText(counted)}</span>
      ${status.waiting > 0 && html`<span>${number(status.waiting)} waiting now</span>`}
    </p>
    <${InboundPlots} days=${answers.days} said=${chartText(counted)} />
    <${AsTable} days=${answers.days} />
    ${atRisk.length > 0 && html`<${AtRisk} rows=${atRisk} all=${status.atRisk} ask=${ask} />`}
    <${Quarantine} rows=${quarantine} all=${status.quarantined} ask=${ask} />
  </section>`;
}

function sum(all) {
  const total = { honest: 0, observed: 0, stopped: 0, junk: 0, observedJunk: 0, longestMs: 0 };
  for (const { longestMs, ...day } of all) {
    for (const name of ['honest', 'observed', 'stopped', 'junk', 'observedJunk']) {
      total[name] += day[name];
    }
    total.longestMs = Math.max(total.longestMs, longestMs);
  }
  return total;
}

function waited(ms) {
  return ms < 60_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}

/** What only would have been done, in stance observe, is said apart. */
function both(done, would, words, wouldWords) {
  const parts = [
    ...(done > 0 || would === 0 ? [`${number(done)} ${words}`] : []),
    ...(would > 0 ? [`${number(would)} ${wouldWords}`] : []),
  ];
  return parts.join(', ');
}

function said({ honest, observed, longestMs }) {
  const longest = longestMs > 0 ? `, at most ${waited(longestMs)}` : '';
  return both(honest - observed, observed, `waited and arrived${longest}`, 'would have waited');
}

function junkText({ junk, observedJunk }) {
  return both(junk - observedJunk, observedJunk, 'to Junk', 'would have gone to Junk');
}

function chartText(counted) {
  return (
    `Honest-looking mail of the last ${days} days: ${said(counted)}. The table below has the ` +
    'numbers.'
  );
}

function AsTable({ days: all }) {
  const some = all.filter(({ honest, stopped, junk }) => honest + stopped + junk > 0);
  const isObserved = some.some(({ observed }) => observed > 0);
  return html`<details class="as-table">
    <summary>Numbers by day</summary>
    <table>
      <thead>
        <tr>
          <th scope="col">Day</th>
          <th scope="col" class="right">${isObserved ? 'Waited or would' : 'Waited'}</th>
          <th scope="col" class="right">Mean</th>
          <th scope="col" class="right">Longest</th>
          <th scope="col" class="right">Stopped</th>
          <th scope="col" class="right">Junk</th>
        </tr>
      </thead>
      <tbody>
        ${some.map(
          (one) => html`<tr key=${one.at}>
            <th scope="row">${new Date(one.at).toISOString().slice(0, 10)}</th>
            <td class="right figure">${number(one.honest)}</td>
            <td class="right figure">${waited(one.meanMs)}</td>
            <td class="right figure">${waited(one.longestMs)}</td>
            <td class="right figure">${number(one.stopped)}</td>
            <td class="right figure">${number(one.junk)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}

function AtRisk({ rows, all, ask }) {
  return html`<div class="incoming">
    <h3><${Glyph} of="watch" /> Put off, and not back yet <span class="tally">${all}</span></h3>
    <p class="quiet">It looks honest. Some senders never try again.</p>
    <ul class="rows">
      ${rows.map(
        (row) => html`<li key=${row.key} class="incoming-row">
          <div>
            <p class="incoming-from">${row.sender || 'No sender'}</p>
            <p class="quiet">
              To ${row.recipient}, first tried <${When} at=${row.firstAt} />,
              ${' '}${many(row.tries, 'try', 'tries')}
            </p>
          </div>
          ${
            row.sender !== '' &&
            html`<span class="buttons">
              <${ActButton}
                onClick=${() => ask(allowIncoming(row.sender))}
                aria-label=${`Let it pass: mail of ${row.sender}`}
              >
                Let it pass…
              <//>
            </span>`
          }
        </li>`,
      )}
    </ul>
    ${
      all > rows.length &&
      html`<p class="same"><${Command} text=${command('inbound', 'at-risk')} /></p>`
    }
  </div>`;
}

function Quarantine({ rows, all, ask }) {
  return html`<div class="incoming">
    <h3>Quarantine <span class="tally">${all}</span></h3>
    ${rows.length === 0 && html`<${Empty}>Nothing is in quarantine.<//>`}
    <ul class="rows">
      ${rows.map((row) => html`<${Row} key=${row.queueId} row=${row} ask=${ask} />`)}
    </ul>
    ${
      all > rows.length &&
      html`<p class="same">
        <span class="quiet">And ${many(all - rows.length, 'more message')}:</span>
        ${' '}<${Command} text=${command('quarantine', 'list')} />
      </p>`
    }
  </div>`;
}

function Row({ row, ask }) {
  const { queueId, sender, subject, recipients, recipientCount, reasons, due } = row;
  const more = recipientCount > 1 ? ` and ${recipientCount - 1} more` : '';
  return html`<li class="incoming-row">
    <div>
      <p class="incoming-subject">${subject || 'No subject'}</p>
      <p class="incoming-from">From ${sender || 'nobody (a bounce)'} to ${recipients[0]}${more}</p>
      <p class="quiet">
        Came <${When} at=${row.at} />, will be deleted ${stamp(due)}, id ${queueId}
      </p>
      ${reasons.length > 0 && html`<p class="quiet">${opened(reasons.join('; '))}.</p>`}
    </div>
    <span class="buttons">
      <${ActButton}
        onClick=${() => ask(releaseIncoming(queueId))}
        aria-label=${`Deliver ${queueId}`}
      >
        Deliver…
      <//>
      <${ActButton}
        onClick=${() => ask(dropIncoming(queueId))}
        aria-label=${`Delete ${queueId}`}
      >
        Delete…
      <//>
    </span>
  </li>`;
}
