/**
 * Asks for confirmation: the dialog says what the action does, what undoes it, and which command
 * does the same. Escape and `Cancel` change nothing. The focus starts on the safe choice, else on
 * `Cancel`, so that an accidental Enter does nothing.
 */
import { useContext, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Away } from './parts/away.js';
import { html } from './parts/html.js';
import { Command } from './parts/marks.js';
import { sentences } from './parts/words.js';

const gone = 'Postern does not answer, so nothing can be changed here now.';

/**
 * `question`: { title, text, verb, danger?, note?, command, undo?, act(note, choice) } where `act`
 * returns an AdminResult. Instead of `verb` and `command` it may have `choices`, the safe one
 * first; the operator takes one: { label, detail, verb, command, body, after? }. `after` lists
 * commands for the next step, as [purpose, command].
 */
export function Confirm({ question, onDone, onClose }) {
  const dialog = useRef(null);
  const cancel = useRef(null);
  const note = useRef(null);
  const [fault, setFault] = useState(undefined);
  const [busy, setBusy] = useState(false);
  const isAway = useContext(Away) !== undefined;
  const [choice, choose] = useState(question.choices?.[0]);
  // Before it is painted, so that no key is pressed beside it.
  useLayoutEffect(() => {
    dialog.current.showModal();
    (dialog.current.querySelector('[name=choice]') ?? cancel.current).focus();
  }, []);
  async function submit(event) {
    event.preventDefault();
    setBusy(true);
    const done = await question.act(note.current?.value.trim() ?? '', choice);
    setBusy(false);
    if (!done.ok) return setFault(done);
    dialog.current.close();
    onDone(done);
  }
  return html`<dialog
    ref=${dialog}
    class="confirm"
    aria-labelledby="confirm-title"
    onClose=${onClose}
  >
    <form onSubmit=${submit}>
      <h2 id="confirm-title">${question.title}</h2>
      <p>${question.text}</p>
      ${
        question.choices &&
        html`<${Choices} all=${question.choices} chosen=${choice} choose=${choose} />`
      }
      ${
        question.note &&
        html`<label for="confirm-note">
          Note for the record <span class="quiet">(optional)</span>
        </label>
        <input id="confirm-note" ref=${note} maxlength="500" autocomplete="off" />`
      }
      <p class="fault" role="alert">
        ${isAway ? gone : fault === undefined ? '' : sentences(fault)}
      </p>
      <div class="buttons">
        <button
          class=${question.danger ? 'danger' : 'primary'}
          type="submit"
          disabled=${busy || isAway}
        >
          ${busy ? 'Working…' : (choice ?? question).verb}
        </button>
        <button ref=${cancel} type="button" onClick=${() => dialog.current.close()}>Cancel</button>
      </div>
      <dl class="ways">
        <dt>Same on the command line</dt>
        <dd><${Command} text=${choice?.command ?? question.command} /></dd>
        ${(choice?.after ?? []).map(
          ([what, text]) => html`<dt>${what}</dt><dd><${Command} text=${text} /></dd>`,
        )}
        ${question.undo && html`<dt>To undo this</dt><dd>${question.undo}</dd>`}
      </dl>
    </form>
  </dialog>`;
}

function Choices({ all, chosen, choose }) {
  return html`<fieldset class="choices">
    <legend class="unseen">What happened</legend>
    ${all.map(
      (one) => html`<label key=${one.label}>
        <input
          type="radio"
          name="choice"
          checked=${one === chosen}
          onChange=${() => choose(one)}
          onKeyDown=${(event) => event.key === 'Enter' && event.preventDefault()}
        />
        <span>${one.label}<span class="quiet detail">${one.detail}</span></span>
      </label>`,
    )}
  </fieldset>`;
}
