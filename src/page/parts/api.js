/**
 * What the page asks of the door. Every answer is `{ ok, … }`: a failed one says why in words fit
 * to show.
 */
let csrf = '';
let signedOut = () => undefined;

/** Called when the session is over, whoever noticed first. */
export function onSignedOut(listener) {
  signedOut = listener;
}

/** Is there a session behind the cookie? */
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

/** Reads; undefined when there is no such thing. */
export async function read(path) {
  const response = await fetch(path, { cache: 'no-store' });
  if (response.status === 401) signedOut();
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error((await words(response)).text);
  return response.json();
}

/** Does something; the answer is the admin's `Done`. */
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
    return { ok: false, text: 'Postern does not answer. Is it running?', status: 0 };
  }
}

async function words(response) {
  try {
    return await response.json();
  } catch {
    return { ok: false, text: `Postern answered ${response.status} and no more` };
  }
}

/** Path of an account's route; names may hold slashes and spaces. */
export function accountPath(name, verb = '') {
  return `/api/accounts/${encodeURIComponent(name)}${verb === '' ? '' : `/${verb}`}`;
}
