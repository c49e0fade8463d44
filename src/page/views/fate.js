/** What became of a message: the steps in their order, and the recipients by server and outcome. */
import { html } from '../parts/html.js';
import { Glyph } from '../parts/marks.js';
import { exact, many, number, opened, stamp } from '../parts/words.js';

const glyphs = {
  delivered: 'well',
  waiting: 'delay',
  delayed: 'delay',
  held: 'hold',
  bounced: 'refuse',
  expired: 'refuse',
  refused: 'refuse',
  dropped: 'refuse',
};

/** An outcome in words, with a shape. */
export function Outcome({ state, text }) {
  return html`<span class="outcome ${glyphs[state] ?? ''}">
    <${Glyph} of=${glyphs[state]} /> ${text}
  </span>`;
}

export function Fate({ fate: { told } }) {
  const { brief, groups, remarks, state, steps } = told;
  return html`<h3>Outcome</h3>
    <p><${Outcome} state=${state} text=${opened(brief)} /></p>
    <${Steps} steps=${steps} />
    ${
      groups.some(isTelling) &&
      html`<ul class="rows small">
        ${groups.map(
          (group) => html`<${Group}
            key=${`${group.state} ${group.where}`}
            group=${group}
            alone=${groups.length === 1}
          />`,
        )}
      </ul>`
    }
    ${remarks.map((said) => html`<p key=${said} class="quiet">${said}</p>`)}`;
}

function isTelling({ count, reply }) {
  return count > 1 || reply !== '';
}

function inWords(steps) {
  return steps.map(({ text, at }) => (at === undefined ? text : `${text} ${stamp(at)}`)).join(', ');
}

function Steps({ steps }) {
  return html`<ol class="steps">
    ${steps.map(
      ({ text, at }) => html`<li key=${`${text} ${at}`}>
        ${opened(text)}${' '}
        ${
          at !== undefined &&
          html`<time datetime=${new Date(at).toISOString()} title=${exact(at)}>${stamp(at)}</time>`
        }
      </li>`,
    )}
  </ol>`;
}

/** `alone`: the steps of the message are those of the group. */
function Group({ group, alone }) {
  const { count, from, mx, recipients, reply, state, steps, unnamed, where } = group;
  const others = count - recipients.length - unnamed;
  return html`<li>
    <p>
      <${Outcome} state=${state} text=${many(count, 'recipient')} />
      ${where === '' ? '' : ` at ${where}`}${alone ? '' : `: ${inWords(steps)}`}
    </p>
    ${
      recipients.length > 0 &&
      html`<p>${recipients.join(', ')}${others > 0 ? ` and ${number(others)} more` : ''}</p>`
    }
    ${
      unnamed > 0 &&
      html`<p><span class="unkept">${many(unnamed, 'address', 'addresses')} not kept</span></p>`
    }
    ${
      reply !== '' &&
      html`<p class="quiet">
          Last reply${mx === '' ? '' : ` of ${mx}`}${from === '' ? '' : ` to ${from}`}:
        </p>
        <p class="reply">${reply}</p>`
    }
  </li>`;
}
