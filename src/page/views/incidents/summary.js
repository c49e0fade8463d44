/** What an incident was, in a few words; for lists. */
import { html } from '../../parts/html.js';
import { Glyph, When } from '../../parts/marks.js';
import { incidentAddress } from '../../parts/route.js';
import { visible } from '../../parts/strangers.js';

export const hasEnded = ({ endedAt }) => endedAt !== undefined && endedAt !== null;

export function IncidentLine({ one }) {
  const { account, id, kind, observed, since, suspendedAt } = one;
  const what =
    kind === 'replies'
      ? 'made most of the bad answers of a provider'
      : `${observed ? 'would have been' : 'was'} suspended`;
  return html`<a class="lane-name" href=${incidentAddress(id)}>${visible(account)}</a>
    ${' '}${what} <${When} at=${suspendedAt ?? since} />${' '}
    <span class=${hasEnded(one) ? 'lane-state well' : 'lane-state stop'}>
      <${Glyph} of=${hasEnded(one) ? 'well' : 'stop'} /> ${hasEnded(one) ? 'over' : 'not over'}
    </span>`;
}
