/** The latest incidents, on the overview. Without an incident the overview has no such part. */
import { html } from '../../parts/html.js';
import { Heading } from '../../parts/marks.js';
import { incidentsAddress } from '../../parts/route.js';
import { useRead } from '../../parts/use-read.js';
import { IncidentLine } from './summary.js';

const shownMax = 3;

export function LatestIncidents() {
  const { found } = useRead(`/api/incidents?limit=${shownMax}`);
  if (!found || found.length === 0) return null;
  return html`<section aria-labelledby="latest-incidents">
    <${Heading} id="latest-incidents" title="Latest incidents">
      <a href=${incidentsAddress}>All incidents</a>
    <//>
    <ul class="rows small">
      ${found.map((one) => html`<li key=${one.id}><${IncidentLine} one=${one} /></li>`)}
    </ul>
  </section>`;
}
