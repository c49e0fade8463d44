/**
 * Asks before something is done: what it does, what undoes it, and the command line that is the
 * same. Escape and
 * `Cancel` leave everything as it is; focus starts on `Cancel`, so that no stray Enter lets a spammer out.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from './parts/html.js';
import { Command } from './parts/marks.js';

/**
 * `question`: { title, text, verb, danger?, note?, command, undo?, act(note, choice) → Done }. In place of `command` it may
 * have `choices`, of which one is taken: { label, detail, command, body, after? }; `after`: what
 * may come next, as [what for, command].
 */
export function Confirm({ question, onDone, onClose }) {
  const dialog = useRef(null);
  const cancel = useRef(null);
  const note = useRef(null);
  const [trouble, setTrouble] = useState(undefined);
  const [busy, setBusy] = useState(false);
  const [choice, choose] = useState(question.choices?.[0]);
  useEffect(() => {
    dialog.current.showModal();
    cancel.current.focus();
  }, []);
  async function submit(event) {
    event.preventDefault();
    setBusy(true);
    const done = await question.act(note.current?.value.trim() ?? '', choice);
    setBusy(false);
    if (!done.ok) return setTrouble(done);
    dialog.current.close();
    onDone(done);
  }
  return html`<dialog ref=${dialog} class="confirm" aria-labelledby="confirm-title" onClose=${onClose}>
    <form onSubmit=${submit}>
      <h2 id="confirm-title">${question.title}</h2>
      <p>${question.text}</p>
      ${question.choices && html`<${Choices} all=${question.choices} chosen=${choice} choose=${choose} />`}
      ${
        question.note &&
        html`<label for="confirm-note">Note for the record <span class="quiet">(optional)</span></label>
        <input id="confirm-note" ref=${note} maxlength="500" autocomplete="off" />`
      }
      <p class="trouble" role="alert">
        ${trouble === undefined ? '' : [trouble.text, trouble.hint].filter(Boolean).join('. ')}
      </p>
      <div class="buttons">
        <button class=${question.danger ? 'danger' : 'primary'} type="submit" disabled=${busy}>
          ${busy ? 'Working…' : question.verb}
        </button>
        <button ref=${cancel} type="button" onClick=${() => dialog.current.close()}>Cancel</button>
      </div>
      <dl class="ways">
        <dt>Same on the command line</dt>
        <dd><${Command} text=${choice?.command ?? question.command} /></dd>
        ${(choice?.after ?? []).map(
          ([what, text]) => html`<dt>${what}</dt><dd><${Command} text=${text} /></dd>`,
        )}
        ${question.undo && html`<dt>To undo it</dt><dd>${question.undo}</dd>`}
      </dl>
    </form>
  </dialog>`;
}

function Choices({ all, chosen, choose }) {
  return html`<fieldset class="choices">
    <legend class="unseen">What had happened</legend>
    ${all.map(
      (one) => html`<label key=${one.label}>
        <input type="radio" name="choice" checked=${one === chosen} onChange=${() => choose(one)} />
        <span>${one.label}<span class="quiet detail">${one.detail}</span></span>
      </label>`,
    )}
  </fieldset>`;
}
