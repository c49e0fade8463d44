/**
 * Requests to the HTTP door. Every answer to an action is `{ ok, text, hint? }`; the text of a
 * failed one can be shown as it is.
 */
let csrf = '';
let signedOut = () => undefined;

/** Sets what is called when the session has ended. */
export function onSignedOut(listener) {
  signedOut = listener;
}

/** Asks whether the cookie belongs to a valid session. */
export async function session() {
  const response = await fetch('/session', { cache: 'no-store' });
  const found = await response.json();
  csrf = found.csrf;
  return found.signedIn;
}

/** Exchanges the token for a session. */
export function signIn(token) {
  return send('/login', { token });
}

/** Ends the session in this browser. */
export async function signOut() {
  await send('/logout', {});
  signedOut();
}

/** Reads JSON from the door; undefined if there is no such thing (404). */
export async function read(path) {
  const response = await fetch(path, { cache: 'no-store' });
  if (response.status === 401) signedOut();
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error((await words(response)).text);
  return response.json();
}

/** Reads text from the door. */
export async function readText(path) {
  const response = await fetch(path, { cache: 'no-store' });
  if (response.status === 401) signedOut();
  if (!response.ok) throw new Error((await words(response)).text);
  return response.text();
}

/** Performs an action; returns an `AdminResult`. */
export async function act(path, body = {}) {
  const done = await send(path, body);
  if (done.status === 401) signedOut();
  return done;
}

async function send(path, body) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
      body: JSON.stringify(body),
    });
    return { ...(await words(response)), status: response.status };
  } catch {
    const hint = 'on the server, run: postern status';
    return { ok: false, text: 'Postern does not answer', hint, status: 0 };
  }
}

async function words(response) {
  try {
    return await response.json();
  } catch {
    return { ok: false, text: `Postern answered with HTTP status ${response.status} and no text` };
  }
}

/** Path of an account's route. Names may contain slashes and spaces. */
export function accountPath(name, verb = '') {
  return `/api/accounts/${encodeURIComponent(name)}${verb === '' ? '' : `/${verb}`}`;
}
