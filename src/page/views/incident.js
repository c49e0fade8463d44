/** One incident: its timeline, who suffered, and each message that got out; and a list of all. */
import { Reasons } from '../parts/evidence.js';
import { html } from '../parts/html.js';
import { Command, Empty, Heading, When } from '../parts/marks.js';
import { incidentAddress, providerAddress } from '../parts/route.js';
import { command, exact, many, number, stamp } from '../parts/words.js';
import { Outcome } from './fate.js';
import { Recipients, Subject } from './find.js';
import { useAgain } from './providers.js';

const words = {
  thief: 'likely the thief’s',
  owner: 'likely the owner’s',
  unclear: 'not clear',
};
const shownMax = 100;

export function Incidents({ id, open, explain }) {
  if (id === '') return html`<${All} />`;
  return html`<${One} key=${id} ...${{ id, open, explain }} />`;
}

function All() {
  const { fault, found } = useAgain('/api/incidents?limit=100');
  return html`<section aria-labelledby="incidents">
    <${Heading} id="incidents" title="Incidents" count=${found?.length} />
    ${fault && html`<p class="fault" role="alert">${fault}</p>`}
    ${found === undefined && !fault && html`<p class="quiet">Loading…</p>`}
    ${found?.length === 0 && html`<${Empty}>No incident is known.<//>`}
    ${
      found?.length > 0 &&
      html`<ul class="rows">
        ${found.map(
          (one) => html`<li key=${one.id}>
            <a class="lane-name" href=${incidentAddress(one.id)}>${one.account}</a>
            ${
              one.kind === 'replies'
                ? ' made most of the bad answers of a provider, '
                : ` ${one.observed ? 'would have been' : 'was'} suspended, `
            }
            <${When} at=${one.suspendedAt ?? one.since} />${hasEnded(one) ? '' : '; not over'}
          </li>`,
        )}
      </ul>`
    }
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('incidents', 'list')} />
    </p>
  </section>`;
}

const hasEnded = ({ endedAt }) => endedAt !== undefined && endedAt !== null;

function One({ id, open, explain }) {
  const { fault, found, none } = useAgain(`/api/incidents/${encodeURIComponent(id)}`);
  return html`<section class="incident" aria-labelledby="incident">
    <${Heading} id="incident" title=${`Incident ${id}`}>
      <a href="/incidents">All incidents</a>
    <//>
    ${fault && html`<p class="fault" role="alert">${fault}</p>`}
    ${found === undefined && !none && !fault && html`<p class="quiet">Loading…</p>`}
    ${none && html`<${Empty}>Postern has no record of incident ${id}.<//>`}
    ${found && html`<${Told} ...${{ found, open, explain }} />`}
  </section>`;
}

function Told({ found, open, explain }) {
  const { incident, lanes, timeline } = found;
  return html`<p>
      <button class="name" type="button" onClick=${() => open(incident.account)}>
        ${incident.account}
      </button>
      ${' '}<${Standing} incident=${incident} />
    </p>
    <p>
      ${many(incident.leakedMessages, 'message')} to
      ${' '}${many(incident.leakedRecipients, 'recipient')} got out,
      ${' '}${number(incident.stoppedMessages)} stopped.
    </p>
    ${lanes.length > 0 && html`<${Lanes} lanes=${lanes} />`}
    <h3>Timeline</h3>
    <${Timeline} entries=${timeline} />
    <h3>To tell others</h3>
    <p class="same">
      <span class="quiet">A report for a provider’s form</span>
      <${Command} text=${command('incidents', 'report', incident.id)} />
    </p>
    <p class="same">
      <span class="quiet">A report for the network of the thief</span>
      <${Command} text=${command('incidents', 'report', incident.id, '--to', 'abuse')} />
    </p>
    <${Leaked} ...${{ found, explain }} />
    ${incident.reasons.length > 0 && html`<h3>Why</h3><${Reasons} reasons=${incident.reasons} />`}`;
}

function Standing({ incident: { endedAt, kind, observed, since, suspendedAt } }) {
  const end = hasEnded({ endedAt }) ? html`; ended <${When} at=${endedAt} />` : '; not over';
  if (kind === 'replies') {
    return html`was not suspended; bad answers since <${When} at=${since} />${end}.`;
  }
  return html`${observed ? 'would have been' : 'was'} suspended <${When} at=${suspendedAt} />; first
    sign${' '}<${When} at=${since} />${end}.`;
}

function Lanes({ lanes }) {
  return html`<h3>Providers that suffered from it</h3>
    <ul class="rows small">
      ${lanes.map(
        (one) => html`<li key=${`${one.provider} ${one.source} ${one.family} ${one.since}`}>
          <a href=${providerAddress(one.provider)}>${one.name}</a>
          ${` ${one.blockedAt === undefined ? 'slowed' : 'blocked'} our mail from `}
          <${When} at=${one.since} />
          ${
            one.recoveredAt === undefined
              ? ' and has not ended that'
              : html` until${' '}<${When} at=${one.recoveredAt} />`
          }
          ${
            one.share !== undefined &&
            `; this account made ${Math.round(one.share * 100)} % of its bad answers`
          }
        </li>`,
      )}
    </ul>`;
}

function Timeline({ entries }) {
  return html`<ol class="steps timeline">
    ${entries.map(
      ({ at, part, quote, text, until }, nth) => html`<li key=${nth} class=${`part-${part}`}>
        <time datetime=${new Date(at).toISOString()} title=${exact(at)}>${stamp(at)}</time>
        <${Until} at=${at} until=${until} />
        <p>${text}</p>
        ${quote !== '' && html`<p class="reply">${quote}</p>`}
      </li>`,
    )}
  </ol>`;
}

/** The last time of what happened several times; nothing within one minute. */
function Until({ at, until }) {
  if (until === undefined || stamp(until) === stamp(at)) return null;
  return html`<span class="quiet"> until ${stamp(until)}</span>`;
}

function Leaked({ found: { incident, leaked, marks, remarks }, explain }) {
  const sums = Object.entries(words)
    .filter(([mark]) => marks[mark] > 0)
    .map(([mark, text]) => `${number(marks[mark])} ${text}`);
  return html`<h3>Mail that got out</h3>
    ${sums.length > 0 && html`<p>${sums.join(', ')}</p>`}
    <ul class="rows small">
      ${leaked.slice(0, shownMax).map(
        (one) => html`<li key=${one.id} class="leak">
          <p>
            <button class="name" type="button" onClick=${() => explain(one.id)}>
              <${Subject} of=${one} />
            </button>
          </p>
          <p><${Recipients} of=${one} />, <${When} at=${one.at} /></p>
          <p><${Outcome} state=${one.state} text=${one.became} /></p>
          <p><span class="tag leak-${one.mark}">${words[one.mark]}</span></p>
          <p class="quiet">${one.why.join('; ')}</p>
        </li>`,
      )}
    </ul>
    ${
      leaked.length > shownMax &&
      html`<p class="quiet">And ${many(leaked.length - shownMax, 'more message')}.</p>`
    }
    ${remarks.map((said) => html`<p key=${said} class="quiet">${said}</p>`)}
    <p class="same">
      <span class="quiet">All recipients as a table</span>
      <${Command} text=${command('incidents', 'show', incident.id, '--csv')} />
    </p>`;
}
