/**
 * The command socket: the API on a Unix socket in the state folder, for `postern …`. It has a
 * server and limits of its own, so nothing that happens on the page's port keeps an operator from
 * releasing or suspending an account. Only root and the guard's own user may connect; the kernel
 * says who connected. The token is asked for as well, in case the modes of the folder are wrong.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { listen } from '../../lib/listen.ts';
import type { Peer } from '../../ports/handover.ts';
import { openSessions, openWrongTokens } from './api/session.ts';
import { beforeHttp } from './peers/connections.ts';
import { commonRoutes, type HttpDeps, headerBytesMax, shut } from './server.ts';

/** Commands at the same time; each uses one connection. */
const connectionsMax = 64;
const headersMs = 5_000;
const requestMs = 10_000;
const socketMode = 0o600;

export type CommandDeps = HttpDeps & {
  /** The user at the other end of a Unix socket, as the kernel knows it. */
  readonly peerOf: (socket: Socket) => Pick<Peer, 'uid'> | undefined;
  /** The guard's own user. */
  readonly uid: number;
};
export type CommandSocket = AsyncDisposable & {
  /** `unix:/PATH` */
  readonly address: string;
};

/** Opens the socket. Throws OperatorError if it cannot listen there. */
export async function openCommandSocket(path: string, deps: CommandDeps): Promise<CommandSocket> {
  const { clock, count, log, peerOf, uid } = deps;
  const app = commonRoutes(deps, {
    sessions: openSessions(deps.token),
    wrong: openWrongTokens(),
    cookieName: 'postern',
    clock,
    count,
    log,
    prove: () => undefined,
  });
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    { maxHeaderSize: headerBytesMax, headersTimeout: headersMs, requestTimeout: requestMs },
    (incoming: IncomingMessage, outgoing: ServerResponse) => void answer(incoming, outgoing),
  );
  server.maxConnections = connectionsMax;
  beforeHttp(server, (socket, admit) => {
    const peer = peerOf(socket)?.uid;
    if (peer === 0 || peer === uid) {
      admit(socket);
      return;
    }
    socket.on('error', () => undefined);
    socket.destroy();
    count('postern_http_refused_total', 1, 'peer');
  });
  const address = await listen(server, { path, mode: socketMode });
  server.on('error', (error) => log('error', 'http.socket', { error: String(error) }));
  return { address, [Symbol.asyncDispose]: () => shut(server) };
}
