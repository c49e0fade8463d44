/**
 * Letting callers in: the token once (typed on the page, or in the link printed at start), then a
 * session cookie; or the token with every request, as the command line does.
 */
import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { secondMs } from '../../lib/time.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import { originOurs } from './headers.ts';
import { body, type Caller, type HttpEnv } from './request.ts';
import { loginBody } from './requests.ts';
import type { Keeper, WrongTokens } from './session.ts';
import { sessionMs } from './session.ts';

export type EntryDeps = {
  readonly keeper: Keeper;
  readonly wrong: WrongTokens;
  /**
   * With the port in it: cookies do not tell ports apart, and two guards may run on one machine.
   */
  readonly cookieName: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
};
type Asked = Context<HttpEnv>;

/**
 * Guards what is below it: 401 without a right token or session, 403 for a change that is not from
 * our page.
 */
export function onlyKnown(deps: EntryDeps): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const bearer = bearerOf(c);
    if (bearer !== undefined) {
      if (!deps.keeper.tokenRight(bearer)) return wrongToken(c, deps);
      c.set('caller', { kind: 'bearer' });
      return next();
    }
    const session = deps.keeper.read(getCookie(c, deps.cookieName), deps.clock.now());
    if (session === undefined) return c.json({ ok: false, text: 'sign in first' }, 401);
    const caller: Caller = { kind: 'page', session };
    c.set('caller', caller);
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      if (!fromOurPage(c)) return refuse(c, deps, 'origin');
      if (!deps.keeper.csrfRight(session, c.req.header('x-csrf-token'))) {
        return refuse(c, deps, 'csrf');
      }
    }
    return next();
  };
}

/** True when the caller brought the token; for /metrics on an address that others reach. */
export function hasToken(c: Asked, keeper: Keeper): boolean {
  const bearer = bearerOf(c);
  return bearer !== undefined && keeper.tokenRight(bearer);
}

/** `/?token=…`, `/session`, `/login` and `/logout`. */
export function entryRoutes(app: Hono<HttpEnv>, deps: EntryDeps): void {
  app.get('/', async (c, next) => {
    const token = c.req.query('token');
    if (token === undefined) return next();
    if (!deps.keeper.tokenRight(token)) {
      note(c, deps);
      return c.redirect('/#wrong-token', 303);
    }
    signIn(c, deps);
    return c.redirect('/', 303); // the token leaves the address bar and the history
  });
  // Answers 200 either way: to be signed out is no error, and should not look like one in a
  // browser's console.
  app.get('/session', (c) => {
    const session = deps.keeper.read(getCookie(c, deps.cookieName), deps.clock.now());
    return c.json({ signedIn: session !== undefined, csrf: session?.csrf ?? '' });
  });
  app.post('/login', async (c) => {
    if (!fromOurPage(c)) return refuse(c, deps, 'origin');
    const { token } = await body(c, loginBody);
    if (!deps.keeper.tokenRight(token)) return wrongToken(c, deps);
    signIn(c, deps);
    return c.json({ ok: true, text: 'signed in', count: 1 });
  });
  app.post('/logout', (c) => {
    if (!fromOurPage(c)) return refuse(c, deps, 'origin');
    setCookie(c, deps.cookieName, '', { ...cookieWays, maxAge: 0 });
    return c.json({ ok: true, text: 'signed out', count: 1 });
  });
}

const cookieWays = { path: '/', httpOnly: true, sameSite: 'Strict' } as const;

function signIn(c: Asked, deps: EntryDeps): void {
  const value = deps.keeper.open(deps.clock.now());
  setCookie(c, deps.cookieName, value, { ...cookieWays, maxAge: sessionMs / secondMs });
}

function bearerOf(c: Asked): string | undefined {
  const header = c.req.header('authorization');
  return header === undefined ? undefined : header.replace(/^Bearer +/i, '');
}

function fromOurPage(c: Asked): boolean {
  return originOurs(c.req.header('origin'), c.req.header('host'));
}

function refuse(c: Asked, deps: EntryDeps, reason: 'origin' | 'csrf'): Response {
  deps.count('postern_http_refused_total', 1, reason);
  return c.json({ ok: false, text: 'this must come from the status page itself; reload it' }, 403);
}

function wrongToken(c: Asked, deps: EntryDeps): Response {
  if (note(c, deps) === 'wrong') {
    const hint = 'it is printed when postern starts, and kept in run.json of its state folder';
    return c.json({ ok: false, text: 'that is not the token', hint }, 401);
  }
  c.header('Retry-After', '60');
  return c.json({ ok: false, text: 'too many wrong tokens; wait a minute' }, 429);
}

function note(c: Asked, deps: EntryDeps): 'wrong' | 'too-many' {
  const address = remoteOf(c.env);
  const seen = deps.wrong.note(address, deps.clock.now());
  if (seen.log) deps.log('warn', 'http.wrong-token', { address });
  deps.count('postern_http_refused_total', 1, 'token');
  return seen.kind;
}

function remoteOf(env: HttpBindings): string {
  return env.incoming.socket.remoteAddress ?? '';
}
