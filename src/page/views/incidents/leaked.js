/** Each message that got out, and who likely sent it. */
import { html } from '../../parts/html.js';
import { Command, When } from '../../parts/marks.js';
import { command, many, number } from '../../parts/words.js';
import { Outcome } from '../fate.js';
import { Recipients, Subject } from '../find.js';

const words = {
  thief: 'likely the thief’s',
  owner: 'likely the owner’s',
  unclear: 'not clear',
};
const shownMax = 100;

export function Leaked({ found: { incident, leaked, marks, remarks }, explain }) {
  const sums = Object.entries(words)
    .filter(([mark]) => marks[mark] > 0)
    .map(([mark, text]) => `${number(marks[mark])} ${text}`);
  return html`<h3>Mail that got out</h3>
    ${sums.length > 0 && html`<p>${sums.join(', ')}</p>`}
    ${leaked.length === 0 && html`<p class="quiet">None is known.</p>`}
    <ul class="rows small">
      ${leaked.slice(0, shownMax).map(
        (one) => html`<li key=${one.id} class="leak">
          <p>
            <button
              class="name"
              type="button"
              disabled=${one.id === ''}
              onClick=${() => explain(one.id)}
            >
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
