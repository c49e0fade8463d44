/**
 * Signs callers in. A browser sends the token once, typed on the page or in the link printed at
 * start, and gets a session cookie. The command line sends the token with every request.
 */
import type { Socket } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { secondMs } from '../../lib/time.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import { body, type Caller, type HttpEnv } from './api/request.ts';
import { loginBody } from './api/requests.ts';
import type { Session, Sessions, WrongTokens } from './api/session.ts';
import { isSame, sessionMs } from './api/session.ts';
import { originOurs } from './headers.ts';

export type EntryDeps = {
  readonly sessions: Sessions;
  readonly wrong: WrongTokens;
  /**
   * Contains the port, because cookies do not distinguish ports (RFC 6265 section 8.5) and two
   * guards may run on one machine.
   */
  readonly cookieName: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
  /** The caller on this connection has shown the token or a session. */
  readonly prove: (socket: Socket) => void;
};
/** Where to find the token. */
const hint =
  'postern status prints a link with the token; the file token in the state folder has it too';

type ApiContext = Context<HttpEnv>;

/**
 * Protects the API: 401 without the right token or a session, 403 for a change that the status page
 * did not send.
 */
export function onlyKnown(deps: EntryDeps): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const bearer = bearerOf(c);
    if (bearer !== undefined) {
      if (!deps.sessions.tokenRight(bearer)) return wrongToken(c, deps);
      prove(c, deps);
      c.set('caller', { kind: 'bearer' });
      return next();
    }
    const session = sessionOf(c, deps);
    if (session === undefined) return c.json({ ok: false, text: 'not signed in', hint }, 401);
    prove(c, deps);
    const caller: Caller = { kind: 'page', session };
    c.set('caller', caller);
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      if (!fromOurPage(c)) return refuse(c, deps, 'origin');
      if (!deps.sessions.csrfRight(session, c.req.header('x-csrf-token'))) {
        return refuse(c, deps, 'csrf');
      }
    }
    return next();
  };
}

/** True if the caller sent the token or the cookie of a session. */
export function isSignedIn(c: ApiContext, deps: EntryDeps): boolean {
  const bearer = bearerOf(c);
  const isRight =
    bearer === undefined ? sessionOf(c, deps) !== undefined : deps.sessions.tokenRight(bearer);
  if (isRight) prove(c, deps);
  return isRight;
}

/** Protects /metrics: 401 without its own token, the token of the API, or a session. */
export function onlyScrapers(deps: EntryDeps, metricsToken: string): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const bearer = bearerOf(c);
    if (bearer !== undefined && isSame(bearer, metricsToken)) prove(c, deps);
    else if (!isSignedIn(c, deps)) {
      if (bearer !== undefined) return wrongToken(c, deps);
      return c.json(
        {
          ok: false,
          text: 'metrics need a token',
          hint: 'send the token in the file metrics-token in the state folder as a bearer token',
        },
        401,
      );
    }
    return next();
  };
}

/** `/?token=…`, `/session`, `/login` and `/logout`. */
export function entryRoutes(app: Hono<HttpEnv>, deps: EntryDeps): void {
  app.get('/', async (c, next) => {
    const token = c.req.query('token');
    if (token === undefined) return next();
    if (!deps.sessions.tokenRight(token)) {
      note(c, deps);
      return c.redirect('/#wrong-token', 303);
    }
    signIn(c, deps);
    return c.redirect('/', 303); // removes the token from the address bar and the history
  });
  // Answers 200 in both cases: being signed out is no error, and should not look like one in the
  // browser's console.
  app.get('/session', (c) => {
    const session = sessionOf(c, deps);
    return c.json({ signedIn: session !== undefined, csrf: session?.csrf ?? '' });
  });
  app.post('/login', async (c) => {
    if (!fromOurPage(c)) return refuse(c, deps, 'origin');
    const { token } = await body(c, loginBody);
    if (!deps.sessions.tokenRight(token)) return wrongToken(c, deps);
    signIn(c, deps);
    return c.json({ ok: true, text: 'signed in', count: 1 });
  });
  app.post('/logout', (c) => {
    if (!fromOurPage(c)) return refuse(c, deps, 'origin');
    setCookie(c, deps.cookieName, '', { ...cookieAttributes, maxAge: 0 });
    return c.json({ ok: true, text: 'signed out', count: 1 });
  });
}

const cookieAttributes = { path: '/', httpOnly: true, sameSite: 'Strict' } as const;

function signIn(c: ApiContext, deps: EntryDeps): void {
  const value = deps.sessions.open(deps.clock.now());
  setCookie(c, deps.cookieName, value, { ...cookieAttributes, maxAge: sessionMs / secondMs });
}

function sessionOf(c: ApiContext, deps: EntryDeps): Session | undefined {
  return deps.sessions.read(getCookie(c, deps.cookieName), deps.clock.now());
}

function prove(c: ApiContext, deps: EntryDeps): void {
  deps.prove(c.env.incoming.socket);
}

function bearerOf(c: ApiContext): string | undefined {
  const header = c.req.header('authorization');
  return header === undefined ? undefined : header.replace(/^Bearer +/i, '');
}

function fromOurPage(c: ApiContext): boolean {
  return originOurs(c.req.header('origin'), c.req.header('host'));
}

function refuse(c: ApiContext, deps: EntryDeps, reason: 'origin' | 'csrf'): Response {
  deps.count('postern_http_refused_total', 1, reason);
  return c.json({ ok: false, text: 'only the status page may send this; reload the page' }, 403);
}

function wrongToken(c: ApiContext, deps: EntryDeps): Response {
  if (note(c, deps) === 'wrong') {
    return c.json({ ok: false, text: 'the token is wrong', hint }, 401);
  }
  c.header('Retry-After', '60');
  return c.json(
    { ok: false, text: 'too many wrong tokens from this address; wait one minute' },
    429,
  );
}

function note(c: ApiContext, deps: EntryDeps): 'wrong' | 'too-many' {
  const address = remoteOf(c.env);
  const seen = deps.wrong.note(address, deps.clock.now());
  if (seen.log) deps.log('warn', 'http.wrong-token', { address });
  deps.count('postern_http_refused_total', 1, 'token');
  return seen.kind;
}

function remoteOf(env: HttpBindings): string {
  return env.incoming.socket.remoteAddress ?? 'command socket';
}
