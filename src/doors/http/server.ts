/**
 * The HTTP door serves health, metrics, the API and the status page, on loopback by default. It
 * limits connections, sizes of headers and bodies, the time of a request, live listeners and wrong
 * tokens. An error in one request is answered there and never affects the doors that mail uses.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Counters } from '../../lib/counters.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { Admin } from '../../ports/admin.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import { apiRoutes } from './api.ts';
import { openAssets } from './assets.ts';
import { authority, hostCheck, isLoopback, securityHeaders } from './headers.ts';
import type { LiveFeed } from './live.ts';
import { openLive } from './live.ts';
import { type HttpEnv, Refusal } from './request.ts';
import { health, scrape } from './scrape.ts';
import { openSessions, openWrongTokens } from './session.ts';
import type { EntryDeps } from './sign-in.ts';
import { entryRoutes, hasToken, onlyKnown } from './sign-in.ts';

const bodyBytesMax = 64 * 1024;
const headerBytesMax = 16 * 1024;
/** Enough for several browsers with six connections each, the command line, and Prometheus. */
const connectionsMax = 128;
const headersMs = 10_000;
const requestMs = 15_000;
const idleMs = 30_000;
/** Time for requests under way when the door closes. */
const drainMs = 1_000;

export type HttpAddress = { readonly host: string; readonly port: number };
export type HttpDeps = {
  readonly admin: Admin;
  /** At least 128 bits, base64url. */
  readonly token: string;
  readonly metrics: Counters;
  readonly log: Log;
  readonly count: Count;
  readonly clock: Clock;
};
export type HttpDoor = {
  /** `http://127.0.0.1:PORT`. If port 0 was configured, this is the port that was found. */
  readonly address: string;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Opens the door. Throws OperatorError if it cannot listen on the address. */
export async function openHttp(where: HttpAddress, deps: HttpDeps): Promise<HttpDoor> {
  const sessions = openSessions(deps.token);
  const live = openLive(deps.admin, deps.count);
  let listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void = () => undefined;
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: 5_000,
    },
    (incoming, outgoing) => listener(incoming, outgoing),
  );
  server.maxConnections = connectionsMax;
  const port = await listen(server, where);
  const { clock, count, log } = deps;
  // Such as no file descriptor left. Postern logs it, and the door stays open.
  server.on('error', (error) => log('error', 'http.socket', { error: String(error) }));
  const entry: EntryDeps = {
    sessions,
    wrong: openWrongTokens(),
    cookieName: `postern-${port}`,
    clock,
    count,
    log,
  };
  const app = getRequestListener(routes(deps, live, entry, isLoopback(where.host)).fetch, {
    overrideGlobalObjects: false,
  });
  const isOurs = hostCheck(where.host, port);
  listener = (incoming, outgoing) => {
    for (const [name, value] of securityHeaders) outgoing.setHeader(name, value);
    outgoing.once('close', () => {
      count('postern_http_requests_total', 1, `${Math.floor(outgoing.statusCode / 100)}xx`);
    });
    if (isOurs(incoming.headers.host)) void app(incoming, outgoing);
    else {
      count('postern_http_refused_total', 1, 'host');
      refuseHost(outgoing, port);
    }
  };
  async function close(): Promise<void> {
    live.close();
    await shut(server);
  }
  return {
    address: `http://${authority(where.host, port)}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function routes(
  deps: HttpDeps,
  live: LiveFeed,
  entry: EntryDeps,
  onLoopback: boolean,
): Hono<HttpEnv> {
  const { admin, metrics, count } = deps;
  const app = new Hono<HttpEnv>();
  app.onError((error, c) => {
    if (error instanceof Refusal) return c.json({ ok: false, text: error.message }, error.status);
    deps.log('error', 'http.failed', { path: c.req.routePath, error: String(error) });
    if (error instanceof OperatorError) {
      return c.json({ ok: false, text: error.message, hint: error.hint ?? '' }, 503);
    }
    return c.json(
      {
        ok: false,
        text: 'Postern failed to answer; its log says why',
        hint: 'journalctl -u postern',
      },
      500,
    );
  });
  app.notFound((c) => c.json({ ok: false, text: 'no such page' }, 404));
  app.use(
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: (c) => {
        count('postern_http_refused_total', 1, 'body');
        return c.json(
          { ok: false, text: `the request body is over ${bodyBytesMax / 1024} KiB` },
          413,
        );
      },
    }),
  );
  app.get('/health', (c) => {
    const report = health(admin);
    return c.json(report, report.ok ? 200 : 503);
  });
  app.get('/metrics', (c) => {
    if (onLoopback || hasToken(c, entry.sessions)) return scrape(admin, live, metrics);
    return c.json(
      { ok: false, text: 'metrics need the token, because other machines can reach this address' },
      401,
    );
  });
  entryRoutes(app, entry);
  app.use('/api/*', onlyKnown(entry));
  app.route('/api', apiRoutes(admin, live, count));
  assetRoutes(app);
  return app;
}

function assetRoutes(app: Hono<HttpEnv>): void {
  const assets = openAssets();
  app.get('*', async (c, next) => {
    const asset = assets(c.req.path);
    if (asset === undefined) return next();
    const headers: Record<string, string> = { 'Content-Type': asset.type, Vary: 'Accept-Encoding' };
    if (c.req.path !== '/') {
      // The browser keeps these files but asks whether they changed, so that an upgrade shows at
      // once.
      headers['Cache-Control'] = 'no-cache';
      headers['ETag'] = asset.etag;
      if (c.req.header('if-none-match') === asset.etag) {
        return new Response(null, { status: 304, headers });
      }
    }
    const isGzip = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
    if (isGzip) headers['Content-Encoding'] = 'gzip';
    return new Response(new Uint8Array(isGzip ? asset.gzip : asset.body), { headers });
  });
}

function refuseHost(outgoing: ServerResponse, port: number): void {
  const text =
    `Postern's status page answers only as 127.0.0.1:${port} and localhost:${port}.\n` +
    'Through ssh, use the same port number on both sides:\n' +
    `ssh -L ${port}:127.0.0.1:${port} your-server\n`;
  outgoing.writeHead(421, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  outgoing.end(text);
}

async function listen(server: Server, where: HttpAddress): Promise<number> {
  try {
    server.listen({ host: where.host, port: where.port });
    await once(server, 'listening');
  } catch (cause) {
    throw new OperatorError(
      'http-listen',
      `cannot listen on ${authority(where.host, where.port)}`,
      {
        cause,
        hint: 'another program may use this port (ss -ltnp); port 0 in doors.http takes a free one',
        exit: sysexits.unavailable,
      },
    );
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : where.port;
}

async function shut(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(deadline);
}
