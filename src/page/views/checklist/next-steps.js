/**
 * The first part of the overview: how much of the checklist is broken, and the next three steps.
 * While an account is suspended, that matters more: then only the line is shown.
 */
import { html } from '../../parts/html.js';
import { Command, Heading } from '../../parts/marks.js';
import { checklistAddress } from '../../parts/route.js';
import { visible } from '../../parts/strangers.js';
import { useRead } from '../../parts/use-read.js';
import { ItemState, Remedy, said, TopLine } from './state.js';

export function NextSteps({ isCalm = false }) {
  const { found } = useRead('/api/checklist');
  if (!found) return null;
  const steps = found.next.map((id) => found.items.find((item) => item.id === id));
  return html`<section aria-labelledby="next-steps">
    <${Heading} id="next-steps" title="Next steps">
      <a href=${checklistAddress}>Whole checklist</a>
    <//>
    ${found.last === undefined && html`<${NotYet} ...${found} />`}
    ${found.last !== undefined && html`<${TopLine} found=${found} />`}
    ${
      isCalm &&
      steps.length > 0 &&
      html`<ol class="next-list">
        ${steps.map((item) => html`<li key=${item.id}><${Step} item=${item} /></li>`)}
      </ol>`
    }
  </section>`;
}

function Step({ item }) {
  return html`<p>
      <${ItemState} state=${item.state} /> <strong>${visible(item.title)}</strong>
      <span class="quiet"> ${item.effort}</span>
    </p>
    <p class="quiet">${said(item.found)}</p>
    <${Remedy} item=${item} />`;
}

export function NotYet({ command, isRunning }) {
  if (isRunning) return html`<p class="quiet" role="status">The first run is on now.</p>`;
  return html`<p class="quiet">
    Postern has not looked yet. It does so a minute after its start, or at once:
    ${' '}<${Command} text=${visible(command)} />
  </p>`;
}
