/** How each provider treats our mail: a list of lanes, and one provider with its timeline. */
import { useEffect, useState } from 'preact/hooks';
import { LanePlots } from '../charts/lane-plots.js';
import { read } from '../parts/api.js';
import { html } from '../parts/html.js';
import { Command, Empty, Glyph, Heading, When } from '../parts/marks.js';
import { incidentAddress, providerAddress } from '../parts/route.js';
import { command, many, number, opened, stamp } from '../parts/words.js';

const againMs = 15_000;
const shownMax = 20;
const glyphs = { healthy: 'well', slowed: 'watch', blocked: 'stop', unknown: 'idle' };

/** Reads now and again; `none`: there is no such thing. */
export function useAgain(path) {
  const [state, setState] = useState({});
  useEffect(() => {
    let isCurrent = true;
    const ask = () =>
      read(path).then(
        (found) => isCurrent && setState(found === undefined ? { none: true } : { found }),
        (error) => isCurrent && setState((known) => ({ ...known, fault: error.message })),
      );
    setState({});
    void ask();
    const timer = setInterval(ask, againMs);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [path]);
  return state;
}

export function Providers({ id, open }) {
  return id === ''
    ? html`<${All} open=${open} />`
    : html`<${One} key=${id} id=${id} open=${open} />`;
}

function LaneState({ state }) {
  return html`<span class="outcome lane-${state}"><${Glyph} of=${glyphs[state]} /> ${state}</span>`;
}

/** Our side of a lane. */
function sideOf({ family, source }) {
  const kind = family === 'ipv6' ? 'IPv6' : 'IPv4';
  return source === '' ? kind : `${source} (${kind})`;
}

function All({ open }) {
  const { fault, found } = useAgain('/api/providers');
  return html`<section aria-labelledby="providers">
    <${Heading} id="providers" title="Providers" count=${found?.lanes.length} />
    ${fault && html`<p class="fault" role="alert">${fault}</p>`}
    ${found === undefined && !fault && html`<p class="quiet">Loading…</p>`}
    ${found?.unread && html`<p class="fault">${opened(found.unread)}.</p>`}
    ${found?.lanes.length === 0 && html`<${Empty}>No mail has left for a provider yet.<//>`}
    ${
      found?.lanes.length > 0 &&
      html`<ul class="rows">
        ${found.lanes.map(
          (lane) => html`<li class="lane" key=${`${lane.provider} ${sideOf(lane)}`}>
            <p>
              <a class="lane-name" href=${providerAddress(lane.provider)}>${nameOf(lane)}</a>
              <span class="quiet"> ${sideOf(lane)}</span>
            </p>
            <p><${LaneState} state=${lane.state} /></p>
            <p class="quiet">
              Last hour: ${number(lane.lastHour.sent)} taken, ${number(lane.lastHour.deferred)} put
              off, ${number(lane.lastHour.bounced)} refused
            </p>
            <p class="lane-why">${opened(lane.why)}</p>
            ${lane.causedBy && html`<${Cause} lane=${lane} open=${open} />`}
          </li>`,
        )}
      </ul>`
    }
    ${found?.newReplies.length > 0 && html`<${NewReplies} all=${found.newReplies} />`}
    ${found?.bulk.length > 0 && html`<${Bulk} all=${found.bulk} />`}
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('providers', 'list')} />
    </p>
  </section>`;
}

const nameOf = ({ name, provider }) => name ?? provider;

function Cause({ lane: { causedBy, incident }, open }) {
  return html`<p>
    ${Math.round(causedBy.share * 100)} % of the bad answers were to mail of${' '}
    <button class="name" type="button" onClick=${() => open(causedBy.account)}>
      ${causedBy.account}
    </button>
    ${incident && html`: <a href=${incidentAddress(incident)}>the incident</a>`}
  </p>`;
}

function NewReplies({ all }) {
  return html`<h3>New replies this week</h3>
    <p class="quiet">No rule of Postern knows these words yet.</p>
    <ul class="rows small">
      ${all.slice(0, shownMax).map(
        (one) => html`<li key=${`${one.provider} ${one.shape}`}>
          <p>${nameOf(one)}, ${many(one.count, 'time')}, last <${When} at=${one.lastAt} /></p>
          <p class="reply">${one.example}</p>
        </li>`,
      )}
    </ul>`;
}

function Bulk({ all }) {
  return html`<h3>Rules for bulk senders</h3>
    <ul class="rows small">
      ${all.slice(0, shownMax).map(
        (one) => html`<li key=${`${one.domain} ${one.provider}`}>
          <p>
            ${one.domain} at ${nameOf(one)}: ${many(one.messagesADay, 'recipient')} on its busiest
            day${limitText(one)}
            ${one.passedAt && html`, which it reached <${When} at=${one.passedAt} />`}
          </p>
          ${one.missing.map((what) => html`<p class="fault" key=${what}>${opened(what)}</p>`)}
        </li>`,
      )}
    </ul>`;
}

const limitText = ({ limitADay }) =>
  limitADay === undefined ? '' : `; the rules apply from ${number(limitADay)}`;

function One({ id, open }) {
  const { fault, found, none } = useAgain(`/api/providers/${encodeURIComponent(id)}`);
  const name = found === undefined ? id : nameOf(found[0].standing);
  return html`<section aria-labelledby="provider">
    <${Heading} id="provider" title=${name}><a href="/providers">All providers</a><//>
    ${fault && html`<p class="fault" role="alert">${fault}</p>`}
    ${found === undefined && !none && !fault && html`<p class="quiet">Loading…</p>`}
    ${none && html`<${Empty}>Postern has seen no mail to ${id}.<//>`}
    ${found?.map(
      (lane) => html`<${Lane} key=${sideOf(lane.standing)} lane=${lane} open=${open} />`,
    )}
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('providers', 'show', id)} />
    </p>
  </section>`;
}

function Lane({ lane: { changes, replies, samples, standing }, open }) {
  const { cure, link, reply, since, state, why } = standing;
  return html`<article class="lane-card ${state}" aria-label=${`From ${sideOf(standing)}`}>
    <h3>From ${sideOf(standing)}</h3>
    <p>
      <${LaneState} state=${state} />
      ${since > 0 && html`<span class="quiet"> since <${When} at=${since} /></span>`}
    </p>
    <p>${opened(why)}.</p>
    ${standing.causedBy && html`<${Cause} lane=${standing} open=${open} />`}
    ${reply && html`<h4>In their words</h4><p class="reply">${reply}</p>`}
    ${cure && html`<h4>What to do</h4><p>${cure}</p>`}
    ${isWeb(link) && html`<p><a href=${link} rel="noreferrer" target="_blank">${link}</a></p>`}
    ${
      standing.commands.length > 0 &&
      html`<h4>To send by IPv4 only</h4>
        ${standing.commands.map((one) => html`<p key=${one}><${Command} text=${one} /></p>`)}`
    }
    <h4>Last 7 days</h4>
    <${LanePlots} samples=${samples} />
    ${replies.length > 0 && html`<${Replies} all=${replies} />`}
    ${changes.length > 0 && html`<${Changes} all=${changes} />`}
  </article>`;
}

/** A rule of the operator may have any text as its link. */
const isWeb = (link) => /^https:\/\//.test(link);

function Replies({ all }) {
  return html`<h4>Their answers</h4>
    <ul class="rows small">
      ${all.slice(0, shownMax).map(
        (one) => html`<li key=${one.shape}>
          <p>
            ${many(one.count, 'time')}, first <${When} at=${one.firstAt} />, last${' '}
            <${When} at=${one.lastAt} />
            ${one.scope && html` <span class="tag">${one.scope}</span>`}
          </p>
          <p class="reply">${one.example}</p>
          ${one.cure && html`<p class="quiet">${one.cure}</p>`}
        </li>`,
      )}
    </ul>`;
}

function Changes({ all }) {
  return html`<h4>Timeline</h4>
    <ol class="steps">
      ${all.slice(0, shownMax).map(
        (one) => html`<li key=${one.at}>
          <time datetime=${new Date(one.at).toISOString()}>${stamp(one.at)}</time>
          ${` ${one.from} → ${one.to}`}
        </li>`,
      )}
    </ol>`;
}
