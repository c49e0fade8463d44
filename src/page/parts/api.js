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

/** Postern does not answer: it does not run, or something on the way to it does not. */
export class NoAnswer extends Error {
  constructor(cause) {
    super('Postern does not answer', { cause });
  }
}

/** Answers of a proxy or a tunnel that finds no Postern behind it. */
const proxyStatuses = new Set([502, 504]);

/**
 * Reads JSON from the door; undefined if there is no such thing (404). After `limitMs` without an
 * answer it gives up.
 */
export async function read(path, limitMs) {
  return (await ask(path, limitMs))?.json();
}

/** Reads text from the door. */
export async function readText(path) {
  return (await ask(path))?.text();
}

async function ask(path, limitMs) {
  const signal = limitMs === undefined ? undefined : AbortSignal.timeout(limitMs);
  // What a browser says about a failed request differs from browser to browser, and helps nobody.
  const response = await fetch(path, { cache: 'no-store', signal }).catch((cause) => {
    throw new NoAnswer(cause);
  });
  if (response.status === 401) signedOut();
  if (response.status === 404) return undefined;
  if (proxyStatuses.has(response.status)) throw new NoAnswer(response.status);
  if (!response.ok) throw new Error((await words(response)).text);
  return response;
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
    const hint = 'nothing was changed; on the server, run: systemctl start postern';
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
