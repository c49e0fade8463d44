/**
 * Says what was just done and how to undo it. It takes the focus, because the button that was
 * pressed is often gone.
 */
import { useEffect, useRef } from 'preact/hooks';
import { ActButton } from './parts/away.js';
import { html } from './parts/html.js';

export function Notice({ notice, ask, onClose }) {
  const place = useRef(null);
  useEffect(() => {
    if (notice !== undefined) place.current?.focus();
  }, [notice]);
  return html`<div role="status">
    ${
      notice !== undefined &&
      html`<div class="notice" ref=${place} tabindex="-1">
        <p><strong>${notice.text}.</strong></p>
        ${notice.undo && html`<p class="quiet undo">To undo this: ${notice.undo}</p>`}
        <span class="buttons">
          ${
            notice.again &&
            html`<${ActButton} onClick=${() => ask(notice.again.question())}>
              ${notice.again.label}…
            <//>`
          }
          <button class="plain" type="button" onClick=${onClose}>Close</button>
        </span>
      </div>`
    }
  </div>`;
}
