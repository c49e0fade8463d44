/** All incidents, newest first. */
import { html } from '../../parts/html.js';
import { Command, Empty, Heading } from '../../parts/marks.js';
import { useRead } from '../../parts/use-read.js';
import { many, opened, stoppedText } from '../../parts/words.js';
import { IncidentLine } from './summary.js';

const shownMax = 100;

export function Incidents() {
  const { found, fault } = useRead(`/api/incidents?limit=${shownMax}`);
  return html`<section aria-labelledby="incidents" class="reading">
    <${Heading} id="incidents" title="Incidents" count=${found?.length} />
    ${fault !== '' && html`<p class="fault" role="alert">${opened(fault)}</p>`}
    ${found === undefined && fault === '' && html`<p class="quiet">Loading…</p>`}
    ${
      found?.length === 0 &&
      html`<${Empty}>
        An incident is listed here once an account was suspended, or made most of the bad answers
        of a provider.
      <//>`
    }
    ${
      found?.length > 0 &&
      html`<ul class="rows">
        ${found.map(
          (one) => html`<li key=${one.id}>
            <p><${IncidentLine} one=${one} /></p>
            ${
              one.kind !== 'replies' &&
              html`<p class="quiet">
                ${many(one.leakedMessages, 'message')} to${' '}
                ${many(one.leakedRecipients, 'recipient')} got out,${' '}
                ${stoppedText(one)}
              </p>`
            }
          </li>`,
        )}
      </ul>`
    }
    ${found?.length === shownMax && html`<p class="quiet">Older ones are not listed here.</p>`}
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text="postern incidents list" />
    </p>
  </section>`;
}
