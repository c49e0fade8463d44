/** One line on the overview: how each provider treats our mail, the worst first. */
import { html } from '../../parts/html.js';
import { Heading } from '../../parts/marks.js';
import { providerAddress, providersAddress } from '../../parts/route.js';
import { useRead } from '../../parts/use-read.js';
import { number } from '../../parts/words.js';
import { byState, LaneState, laneText } from './state.js';

const shownMax = 8;

export function ProviderStrip() {
  const { found } = useRead('/api/providers');
  if (!found || found.lanes.length === 0) return null;
  const { lanes, names } = found;
  const sorted = byState(lanes);
  const more = sorted.length - shownMax;
  const isTwice = ({ provider }) => lanes.filter((one) => one.provider === provider).length > 1;
  return html`<section aria-labelledby="strip">
    <${Heading} id="strip" title="How providers treat our mail">
      <a href=${providersAddress}>All providers</a>
    <//>
    <ul class="strip">
      ${sorted.slice(0, shownMax).map(
        (lane) => html`<li key=${`${lane.provider} ${laneText(lane)}`}>
          <a href=${providerAddress(lane.provider)}>${names[lane.provider] ?? lane.provider}</a>
          ${isTwice(lane) && html`<span class="quiet">${laneText(lane)}</span>`}
          <${LaneState} state=${lane.state} />
        </li>`,
      )}
      ${more > 0 && html`<li class="quiet">and ${number(more)} more</li>`}
    </ul>
  </section>`;
}
