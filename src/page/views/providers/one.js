/** One provider: each lane with its state, charts, replies in their words, and changes. */
import { useState } from 'preact/hooks';
import { LanePlots } from '../../charts/lane-plots.js';
import { html } from '../../parts/html.js';
import { Command, Empty, Heading, Moment, Since, When } from '../../parts/marks.js';
import { incidentAddress, providersAddress } from '../../parts/route.js';
import { PageLink, visible, Words } from '../../parts/strangers.js';
import { useRead } from '../../parts/use-read.js';
import { command, many, number, opened } from '../../parts/words.js';
import { Bulk, NewReplies } from './list.js';
import { LaneState, laneText } from './state.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Each chart has at most 170 steps. */
const ranges = [
  { name: '24 hours', ms: dayMs, stepMs: hourMs / 6 },
  { name: '7 days', ms: 7 * dayMs, stepMs: hourMs },
  { name: '90 days', ms: 90 * dayMs, stepMs: dayMs },
];
const shownMax = 30;

export function Provider({ id, now, open }) {
  const [range, setRange] = useState(ranges[0]);
  // Rounded, so that the address of the request stays the same for one step.
  const since = (Math.floor(now / range.stepMs) + 1) * range.stepMs - range.ms;
  const query = new URLSearchParams({ since: String(since), step: String(range.stepMs / 1_000) });
  const path = `/api/providers/${encodeURIComponent(id)}?${query}`;
  const { found, fault } = useRead(path, id);
  const { found: all } = useRead('/api/providers');
  const name = found?.[0]?.name ?? id;
  const mine = (list) => list.filter((one) => one.provider === id);
  return html`<section aria-labelledby="provider" class="reading">
      <${Heading} id="provider" title=${visible(name)}>
        <a href=${providersAddress}>All providers</a>
      <//>
      ${fault !== '' && html`<p class="fault" role="alert">${opened(fault)}</p>`}
      ${found === undefined && fault === '' && html`<p class="quiet">Loading…</p>`}
      ${
        found === null &&
        html`<${Empty}>
          Postern knows no provider ${visible(id)}, or has read no answer from there in the mail
          ${' '}log.
        <//>`
      }
      ${found && html`<${Ranges} chosen=${range} choose=${setRange} />`}
      ${(found ?? []).map(
        (lane) => html`<${Lane}
          key=${laneText(lane.standing)}
          ...${{ lane, since, range, open }}
        />`,
      )}
      ${
        found &&
        html`<p class="same">
          <span class="quiet">Same on the command line</span>
          <${Command} text=${command('providers', 'show', id)} />
        </p>`
      }
    </section>
    ${found && all && html`<${NewReplies} names=${all.names} newReplies=${mine(all.newReplies)} />`}
    ${found && all && html`<${Bulk} names=${all.names} bulk=${mine(all.bulk)} />`}`;
}

function Ranges({ chosen, choose }) {
  return html`<div class="ranges" role="group" aria-label="Time shown">
    ${ranges.map(
      (one) => html`<button
        key=${one.name}
        type="button"
        aria-pressed=${one === chosen}
        onClick=${() => choose(one)}
      >
        ${one.name}
      </button>`,
    )}
  </div>`;
}

function Lane({ lane, since, range, open }) {
  const { changes, replies, samples, standing } = lane;
  return html`<article class="lane ${standing.state}" aria-label=${`By ${laneText(standing)}`}>
    <h3>
      By ${laneText(standing)}: <${LaneState} state=${standing.state} />
    </h3>
    <p>
      ${visible(opened(standing.why))}.
      ${
        standing.since > 0 &&
        html`<span class="quiet"> In this state <${Since} at=${standing.since} />.</span>`
      }
    </p>
    <${Verdict} standing=${standing} />
    <${Cause} standing=${standing} open=${open} />
    <${Ipv4Only} commands=${standing.commands} />
    <${LanePlots} samples=${samples} since=${since} range=${range} />
    <${Replies} replies=${replies} range=${range} />
    <${Changes} changes=${changes} range=${range} />
  </article>`;
}

/** The reply that decided the state, and what to do. */
function Verdict({ standing: { cure, link, reply } }) {
  if (reply === '') return null;
  return html`<h4>In their words</h4>
    <${Words} text=${reply} />
    ${cure !== '' && html`<p><strong>What to do:</strong> ${visible(cure)}</p>`}
    ${link !== '' && html`<p>Where: <${PageLink} address=${link} /></p>`}`;
}

function Cause({ standing: { causedBy, incident }, open }) {
  if (causedBy === undefined || causedBy === null) return null;
  return html`<p>
    <strong>Caused by</strong> ${' '}
    <button class="name" type="button" onClick=${() => open(causedBy.account)}>
      ${visible(causedBy.account)}
    </button>
    ${`: ${Math.round(causedBy.share * 100)} % of the bad replies were for its mail. `}
    ${incident && html`<a href=${incidentAddress(incident)}>Show the incident</a>`}
  </p>`;
}

function Ipv4Only({ commands }) {
  if (commands.length === 0) return null;
  return html`<h4>It refuses IPv6 only</h4>
    <p>Postfix sends to it by IPv4 after these commands:</p>
    <ul class="commands">
      ${commands.map((one) => html`<li key=${one}><${Command} text=${one} /></li>`)}
    </ul>`;
}

function Replies({ replies, range }) {
  if (replies.length === 0) return null;
  return html`<h4>Replies in the last ${range.name}</h4>
    <ul class="rows small">
      ${replies.slice(0, shownMax).map(
        (one) => html`<li key=${one.shape}>
          <p>
            <strong>${many(one.count, 'time')}</strong>
            ${' '}<span class="tag">${one.scope === '' ? 'no rule knows it' : one.scope}</span>
            <span class="quiet"> last <${When} at=${one.lastAt} /></span>
          </p>
          <${Words} text=${one.example} />
          ${one.cure !== '' && html`<p>${visible(one.cure)}</p>`}
        </li>`,
      )}
    </ul>
    ${
      replies.length > shownMax &&
      html`<p class="quiet">And ${number(replies.length - shownMax)} more kinds.</p>`
    }`;
}

function Changes({ changes, range }) {
  return html`<h4>Changes in the last ${range.name}</h4>
    ${
      changes.length === 0
        ? html`<p class="quiet">None.</p>`
        : html`<ol class="timeline">
            ${changes.slice(0, shownMax).map(
              (one) => html`<li key=${one.at} class="moment of-${one.to}">
                <${Moment} at=${one.at} />
                <p>
                  <${LaneState} state=${one.to} />
                  <span class="quiet"> before: ${one.from}</span>
                </p>
                ${one.reply !== '' && html`<${Words} text=${one.reply} />`}
              </li>`,
            )}
          </ol>`
    }`;
}
