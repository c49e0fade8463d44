/** Asks for the token once; after that a cookie keeps the browser signed in for seven days. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { signIn } from './parts/api.js';
import { html } from './parts/html.js';
import { Command } from './parts/marks.js';
import { sentences } from './parts/words.js';

export function Login({ onIn }) {
  const [fault, setFault] = useState(
    location.hash === '#wrong-token' ? { text: 'The token in that link is wrong.' } : undefined,
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
      // The address stays: a link in a notice leads to what it names.
      if (location.hash !== '') history.replaceState(null, '', location.pathname);
      onIn();
    } else {
      setFault(done);
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
        aria-describedby="token-hint token-fault"
      />
      <button class="primary" type="submit" disabled=${busy}>Sign in</button>
    </form>
    <p id="token-fault" class="fault" role="alert">
      ${fault === undefined ? '' : sentences(fault)}
    </p>
    <p id="token-hint" class="quiet">
      Postern printed the token when it started, in a link that also opens this page. To see the
      link again, run on the server:
    </p>
    <p><${Command} text="postern status" /> (in a checkout: <code>./postern status</code>)</p>
  </main>`;
}
