/**
 * The HTTP door serves health, metrics, the API and the status page, on loopback by default. It
 * limits connections by peer, sizes of headers and bodies, the time of a request, live listeners
 * and wrong tokens. An error in one request is answered there and never affects the doors that mail
 * uses. Commands have a server of their own (command-socket.ts), which this one cannot block.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Counters } from '../../lib/counters.ts';
import { listen } from '../../lib/listen.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { minuteMs } from '../../lib/time.ts';
import type { Admin } from '../../ports/admin.ts';
import type { SocketOwners } from '../../ports/scripts.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import { apiRoutes } from './api/api.ts';
import { type HttpEnv, Refusal } from './api/request.ts';
import { openSessions, openWrongTokens } from './api/session.ts';
import { isView, openAssets } from './assets.ts';
import { authority, hostCheck, securityHeaders } from './headers.ts';
import type { LiveFeed } from './live.ts';
import { listenersMax, openLive } from './live.ts';
import { beforeHttp, openConnections } from './peers/connections.ts';
import { health, scrape } from './scrape.ts';
import type { EntryDeps } from './sign-in.ts';
import { entryRoutes, isSignedIn, onlyKnown, onlyScrapers } from './sign-in.ts';

const bodyBytesMax = 64 * 1024;
export const headerBytesMax: number = 16 * 1024;
/** From the connection, or the first byte of a later request, to the end of its headers. */
const headersMs = 5_000;
const requestMs = 10_000;
const idleMs = 30_000;
/** How often Node looks for late headers and requests. */
const lookMs = 1_000;
/**
 * A connection on which no byte moves ends then: its peer does not read the answer. An action of
 * the page may take two minutes, because Postfix's tools are slow.
 */
const stuckMs = 3 * minuteMs;
/** Time for requests under way when the door closes. */
const drainMs = 1_000;

export type HttpAddress = { readonly host: string; readonly port: number };
/** What both servers are opened with: the page's and the commands'. */
export type HttpDeps = {
  readonly admin: Admin;
  /** At least 128 bits, base64url. */
  readonly token: string;
  /** A second token, which opens only /metrics. */
  readonly metricsToken: string;
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
export async function openHttp(
  where: HttpAddress,
  deps: HttpDeps & { readonly owners: SocketOwners },
): Promise<HttpDoor> {
  const sessions = openSessions(deps.token);
  const live = openLive(deps.admin, deps.metrics);
  const connections = openConnections(deps);
  let listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void = () => undefined;
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: lookMs,
    },
    (incoming, outgoing) => listener(incoming, outgoing),
  );
  server.timeout = stuckMs;
  beforeHttp(server, connections.take);
  await listen(server, where);
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : where.port;
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
    prove: connections.prove,
  };
  const app = getRequestListener(pageRoutes(deps, live, entry).fetch, {
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
    connections.close();
    await shut(server);
  }
  return {
    address: `http://${authority(where.host, port)}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The routes that both servers have: health, metrics and the API. */
export function commonRoutes(deps: HttpDeps, entry: EntryDeps): Hono<HttpEnv> {
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
    const { why, bypassWatched, ...open } = health(admin);
    // The reasons name users, paths and addresses of this server.
    const all = { ...open, why, bypassWatched };
    return c.json(isSignedIn(c, entry) ? all : open, open.ok ? 200 : 503);
  });
  app.use('/metrics', onlyScrapers(entry, deps.metricsToken));
  app.get('/metrics', () => scrape(admin, metrics));
  app.use('/api/*', onlyKnown(entry));
  app.route('/api', apiRoutes(admin));
  return app;
}

function pageRoutes(deps: HttpDeps, live: LiveFeed, entry: EntryDeps): Hono<HttpEnv> {
  const app = commonRoutes(deps, entry);
  app.get('/api/live', (c) => {
    if (live.attach(c.env.outgoing)) return RESPONSE_ALREADY_SENT;
    deps.count('postern_http_refused_total', 1, 'listeners');
    const text = `${listenersMax} pages already follow the live feed, which is the most allowed`;
    return c.json({ ok: false, text, hint: 'close one of these pages' }, 503);
  });
  entryRoutes(app, entry);
  assetRoutes(app);
  return app;
}

function assetRoutes(app: Hono<HttpEnv>): void {
  const assets = openAssets();
  app.get('*', async (c, next) => {
    const asset = assets(c.req.path);
    if (asset === undefined) return next();
    const headers: Record<string, string> = { 'Content-Type': asset.type, Vary: 'Accept-Encoding' };
    if (!isView(c.req.path)) {
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

/** Ends idle connections, and gives requests under way a moment. */
export async function shut(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(deadline);
}
