/** Asks for the token, once. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { signIn } from './parts/api.js';
import { html } from './parts/html.js';
import { Command } from './parts/marks.js';
import { opened } from './parts/words.js';

export function Login({ onIn }) {
  const [trouble, setTrouble] = useState(
    location.hash === '#wrong-token'
      ? { text: 'The token in that link is not the right one.' }
      : undefined,
  );
  const [busy, setBusy] = useState(false);
  const field = useRef(null);
  useEffect(() => {
    document.title = 'Sign in · Postern';
    field.current?.focus();
  }, []);
  async function submit(event) {
    event.preventDefault();
    setBusy(true);
    const done = await signIn(field.current.value.trim());
    setBusy(false);
    if (done.ok) {
      history.replaceState(null, '', '/');
      onIn();
    } else {
      setTrouble(done);
      field.current.select();
    }
  }
  return html`<main class="alone">
    <img src="/page/mark.svg" width="40" height="40" alt="" />
    <h1>Postern</h1>
    <form onSubmit=${submit}>
      <label for="token">Token</label>
      <input
        id="token"
        ref=${field}
        type="password"
        autocomplete="current-password"
        spellcheck=${false}
        required
        aria-describedby="token-hint token-trouble"
      />
      <button class="primary" type="submit" disabled=${busy}>Sign in</button>
    </form>
    <p id="token-trouble" class="trouble" role="alert">
      ${trouble === undefined ? '' : `${sentence(trouble.text)} ${trouble.hint === undefined ? '' : sentence(trouble.hint)}`}
    </p>
    <p id="token-hint" class="quiet">
      It was printed when Postern started, and opens this page by its link too. To see it again, on
      the server:
    </p>
    <p><${Command} text="postern status" /></p>
  </main>`;
}

function sentence(text) {
  return `${opened(text)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
