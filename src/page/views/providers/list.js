/** All providers: how each treats our mail, replies that no rule knows, rules for bulk senders. */
import { html } from '../../parts/html.js';
import { Command, Empty, Heading, Since, When } from '../../parts/marks.js';
import { providerAddress } from '../../parts/route.js';
import { visible, Words } from '../../parts/strangers.js';
import { useRead } from '../../parts/use-read.js';
import { duration, many, number, opened } from '../../parts/words.js';
import { LaneState, laneText } from './state.js';

const shownMax = 20;
const dayMs = 86_400_000;

export function Providers() {
  const { found, fault } = useRead('/api/providers');
  return html`<section aria-labelledby="providers" class="reading">
      <${Heading} id="providers" title="How providers treat our mail" />
      ${fault !== '' && html`<p class="fault" role="alert">${opened(fault)}</p>`}
      ${found === undefined && fault === '' && html`<p class="quiet">Loading…</p>`}
      ${found?.unread && html`<p class="fault">States are not known: ${visible(found.unread)}</p>`}
      ${found && html`<${Lanes} ...${found} />`}
      ${
        found &&
        html`<p class="same">
          <span class="quiet">Same on the command line</span>
          <${Command} text="postern providers list" />
        </p>`
      }
    </section>
    ${found && html`<${NewReplies} ...${found} />`} ${found && html`<${Bulk} ...${found} />`}`;
}

function Lanes({ lanes, names }) {
  if (lanes.length === 0) {
    return html`<${Empty}>
      A provider is listed here once Postern has read in the mail log that it answered.
    <//>`;
  }
  return html`<ul class="rows">
    ${lanes.map(
      (lane) => html`<li key=${`${lane.provider} ${laneText(lane)}`} class="lane-row">
        <div>
          <a class="lane-name" href=${providerAddress(lane.provider)}>
            ${names[lane.provider] ?? lane.provider}
          </a>
          <span class="quiet"> by ${laneText(lane)}</span>
          <p>${visible(opened(lane.why))}</p>
        </div>
        <p>
          <${LaneState} state=${lane.state} />
          ${' '}${lane.since > 0 && html`<span class="quiet"><${Since} at=${lane.since} /></span>`}
        </p>
        <p class="quiet"><${Hour} of=${lane.lastHour} /></p>
      </li>`,
    )}
  </ul>`;
}

function Hour({ of: { bounced, deferred, delayP50, delayP95, sent } }) {
  const delay =
    delayP50 === undefined
      ? ''
      : `; half were delivered within ${duration(delayP50)}, 95 % within ${duration(delayP95)}`;
  return (
    `Last hour: ${number(sent)} taken, ${number(deferred)} put off, ` +
    `${number(bounced)} refused${delay}`
  );
}

export function NewReplies({ names, newReplies }) {
  if (newReplies.length === 0) return null;
  const more = newReplies.length - shownMax;
  return html`<section aria-labelledby="new-replies" class="reading">
    <${Heading} id="new-replies" title="New replies this week" count=${newReplies.length} />
    <p class="quiet">No rule knows these replies. They change no state.</p>
    <ul class="rows">
      ${newReplies.slice(0, shownMax).map(
        (one) => html`<li key=${`${one.provider} ${laneText(one)} ${one.shape}`}>
          <p>
            <strong>${many(one.count, 'time')}</strong> by
            ${' '}
            <a href=${providerAddress(one.provider)}>${names[one.provider] ?? one.provider}</a>
            <span class="quiet">, last <${When} at=${one.lastAt} /></span>
          </p>
          <${Words} text=${one.example} />
        </li>`,
      )}
    </ul>
    ${more > 0 && html`<p class="quiet">And ${number(more)} more.</p>`}
  </section>`;
}

export function Bulk({ bulk, names }) {
  if (bulk.length === 0) return null;
  return html`<section aria-labelledby="bulk" class="reading">
    <${Heading} id="bulk" title="Rules for bulk senders" />
    <p class="quiet">Recipients on the busiest day, compared with the number of the provider</p>
    <ul class="rows">
      ${bulk.slice(0, shownMax).map(
        (one) =>
          html`<li key=${`${one.domain} ${one.provider}`}>
              <${Nearness} ...${one} names=${names} />
            </li>`,
      )}
    </ul>
  </section>`;
}

function Nearness({
  busiestDay,
  domain,
  limitADay,
  messagesADay,
  missing,
  names,
  passedAt,
  provider,
}) {
  const limit =
    limitADay === undefined ? 'no number is published' : `of ${number(limitADay)} a day`;
  const share = limitADay === undefined ? 0 : Math.min(1, messagesADay / limitADay);
  return html`<p>
      <strong>${domain}</strong> to ${names[provider] ?? provider}: ${number(messagesADay)} on
      ${' '}${dayOf(busiestDay)}, ${limit}
      ${
        passedAt !== undefined &&
        html`<span class="over-number">; passed <${When} at=${passedAt} /></span>`
      }
    </p>
    ${
      limitADay !== undefined &&
      html`<div class="nearness" aria-hidden="true">
        <i style=${{ width: `${share * 100}%` }}></i>
      </div>`
    }
    ${missing.length > 0 && html`<p>Missing: ${visible(missing.join(', '))}</p>`}
    <p class="same">
      <span class="quiet">What the rules ask for</span>
      <${Command} text=${`postern dns check ${domain} --bulk`} />
    </p>`;
}

/** Days are counted in UTC. */
function dayOf(day) {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}
