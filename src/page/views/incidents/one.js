/** One incident: what happened and when, who answered how, what got out, and a report. */
import { Reasons } from '../../parts/evidence.js';
import { html } from '../../parts/html.js';
import { Empty, Glyph, Heading, Moment, Since, When } from '../../parts/marks.js';
import { incidentsAddress, providerAddress } from '../../parts/route.js';
import { PageLink, visible, Words } from '../../parts/strangers.js';
import { useRead } from '../../parts/use-read.js';
import { many, number, opened, percent, stoppedText } from '../../parts/words.js';
import { LaneState, laneText } from '../providers/state.js';
import { Leaked } from './leaked.js';
import { Report } from './report.js';
import { hasEnded } from './summary.js';

const shownMax = 30;

export function Incident({ id, open, explain }) {
  const { found, fault } = useRead(`/api/incidents/${encodeURIComponent(id)}`);
  return html`<section class="incident reading" aria-labelledby="incident">
    <${Heading} id="incident" title=${`Incident ${visible(found?.incident.id ?? id)}`}>
      <a href=${incidentsAddress}>All incidents</a>
    <//>
    ${fault !== '' && html`<p class="fault" role="alert">${opened(fault)}</p>`}
    ${found === undefined && fault === '' && html`<p class="quiet">Loading…</p>`}
    ${found === null && html`<${Empty}>Postern has no record of incident ${visible(id)}.<//>`}
    ${found && html`<${Told} ...${{ found, open, explain }} />`}
  </section>`;
}

function Told({ found, open, explain }) {
  const { answers, incident, lanes, timeline } = found;
  return html`<p>
      <button class="name" type="button" onClick=${() => open(incident.account)}>
        ${visible(incident.account)}
      </button>
      ${' '}<${Standing} incident=${incident} />
    </p>
    ${
      incident.kind !== 'replies' &&
      html`<p>
        ${many(incident.leakedMessages, 'message')} to
        ${' '}${many(incident.leakedRecipients, 'recipient')} got out,
        ${' '}${stoppedText(incident)}.
      </p>`
    }
    ${incident.reasons.length > 0 && html`<h3>Why</h3><${Reasons} reasons=${incident.reasons} />`}
    <h3>What happened</h3>
    <${Timeline} entries=${timeline} />
    <${Lanes} lanes=${lanes} />
    <${Answers} answers=${answers} />
    <${Leaked} ...${{ found, explain }} />
    <${Report} incident=${incident} answers=${answers} />`;
}

function Standing({ incident }) {
  const { kind, observed, since, suspendedAt } = incident;
  const end = hasEnded(incident)
    ? html`It ended <${When} at=${incident.endedAt} />.`
    : 'It is not over.';
  if (kind === 'replies') {
    return html`made most of the bad answers of a provider since <${When} at=${since} />; it was not
      suspended. ${end}`;
  }
  return html`${observed ? 'would have been' : 'was'} suspended${' '}
    <${When} at=${suspendedAt} />; first sign <${When} at=${since} />. ${end}`;
}

const glyphs = {
  sign: 'watch',
  mail: 'pass',
  answer: 'delay',
  stop: 'hold',
  person: 'idle',
  lane: 'watch',
  recovery: 'well',
};

function Timeline({ entries }) {
  return html`<ol class="timeline">
    ${entries.map(
      (
        { at, part, quote, text, until },
        nth,
      ) => html`<li key=${`${nth} ${at}`} class="moment of-${part}">
        <${Moment} at=${at} until=${until} />
        <p><${Glyph} of=${glyphs[part]} /> ${visible(opened(text))}</p>
        ${quote !== '' && html`<${Words} text=${quote} />`}
      </li>`,
    )}
  </ol>`;
}

function Lanes({ lanes }) {
  if (lanes.length === 0) return null;
  return html`<h3>Providers that slowed or blocked us</h3>
    <ul class="rows">
      ${lanes.map(
        (one) => html`<li key=${`${one.provider} ${laneText(one)} ${one.since}`}>
          <p>
            <a class="lane-name" href=${providerAddress(one.provider)}>${one.name}</a>
            <span class="quiet"> by ${laneText(one)} </span>
            <${LaneState} state=${one.blockedAt === undefined ? one.state : 'blocked'} />
            ${' '}<${Since} at=${one.since} />
            ${
              one.recoveredAt === undefined
                ? ', not recovered'
                : html`, recovered <${When} at=${one.recoveredAt} />`
            }
          </p>
          ${
            one.share !== undefined &&
            html`<p class="quiet">This account made ${percent(one.share)} of its bad answers.</p>`
          }
        </li>`,
      )}
    </ul>`;
}

function Answers({ answers }) {
  if (answers.length === 0) return null;
  const more = answers.length - shownMax;
  return html`<h3>Who answered, and how</h3>
    <ul class="rows">
      ${answers.slice(0, shownMax).map(
        (one) => html`<li key=${`${one.provider} ${one.outcome} ${one.reply}`}>
          <p>
            <strong>${one.name === '' ? 'A server' : one.name}</strong>
            ${` ${one.outcome === 'deferred' ? 'put off' : 'refused'} `}
            ${many(one.messages, 'message')} in ${many(one.count, 'attempt')}
            ${' '}<span class="tag">${one.scope === '' ? 'no rule knows it' : one.scope}</span>
            <span class="quiet"> last <${When} at=${one.lastAt} /></span>
          </p>
          <${Words} text=${one.reply} />
          ${one.cure !== '' && html`<p><strong>What to do:</strong> ${visible(one.cure)}</p>`}
          ${one.link !== '' && html`<p>Where: <${PageLink} address=${one.link} /></p>`}
        </li>`,
      )}
    </ul>
    ${more > 0 && html`<p class="quiet">And ${number(more)} more kinds of answers.</p>`}`;
}
