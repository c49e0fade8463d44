/**
 * Decides which connections of an HTTP server stay when it has too many. Each connection belongs to
 * a peer: a user of this machine, as the kernel names it, or an address elsewhere. All local users
 * have the same address; so limits by address would let one of them lock out the others.
 *
 * When the server is full, the peer with the most connections loses its oldest one that has shown
 * no token. So a peer that opens thousands loses its own connections and nobody else's.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { minuteMs } from '../../lib/time.ts';
import type { SocketOwners } from '../../ports/scripts.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';

/** Enough for several browsers with six connections each, the command line, and Prometheus. */
const connectionsMax = 128;
/**
 * Connections whose peer is asked of the kernel at this moment, for a few milliseconds. More than
 * the kernel keeps waiting for a server (511 in Node), so that one burst does not fill it.
 */
const askedMax = 600;

export type Connections = {
  /** Calls `admit` when the connection may stay; it may be closed later. */
  take(socket: Socket, admit: () => void): void;
  /** The caller on this connection showed a token: it is never closed for another. */
  prove(socket: Socket): void;
  /** Takes no more. */
  close(): void;
};

export type ConnectionsDeps = {
  readonly owners: SocketOwners;
  readonly clock: Clock;
  readonly count: Count;
  readonly log: Log;
};

/** Calls `take` for each new connection before the HTTP server sees it. */
export function beforeHttp(
  server: Server,
  take: (socket: Socket, admit: () => void) => void,
): void {
  const [serve] = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket) => take(socket, () => serve?.call(server, socket)));
}

export function openConnections(deps: ConnectionsDeps): Connections {
  const { count, log, clock, owners } = deps;
  /** The peers with connections that have shown no token, the oldest connection first. */
  const peers = new Map<string, Set<Socket>>();
  const peerOf = new WeakMap<Socket, string>();
  const asked = new Set<Socket>();
  const open = new Set<Socket>();
  let loggedAt = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  let closed = false;

  function drop(socket: Socket, peer: string): void {
    socket.destroy();
    count('postern_http_refused_total', 1, 'crowded');
    const now = clock.now();
    if (now - loggedAt < minuteMs && now >= loggedAt) {
      leftOut++;
      return;
    }
    log('warn', 'http.crowded', { peer, ...(leftOut > 0 ? { leftOut } : {}) });
    loggedAt = now;
    leftOut = 0;
  }
  /** From now on the connection does not count for its peer, and is not closed for another. */
  function release(socket: Socket): void {
    const peer = peerOf.get(socket) ?? '';
    const mates = peers.get(peer);
    mates?.delete(socket);
    if (mates?.size === 0) peers.delete(peer);
  }
  function admit(socket: Socket, peer: string, serve: () => void): void {
    open.add(socket);
    peerOf.set(socket, peer);
    const mates = peers.get(peer);
    if (mates === undefined) peers.set(peer, new Set([socket]));
    else mates.add(socket);
    if (open.size > connectionsMax) {
      const [largest, its] = largestOf(peers);
      const [oldest] = its;
      if (oldest === undefined) return;
      open.delete(oldest);
      release(oldest);
      drop(oldest, largest);
      if (oldest === socket) return;
    }
    serve();
  }

  return {
    take(socket, serve) {
      // HTTP adds its own listener when it has the connection.
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        asked.delete(socket);
        open.delete(socket);
        release(socket);
      });
      if (closed) socket.destroy();
      else if (asked.size >= askedMax) drop(socket, 'not known yet');
      else {
        asked.add(socket);
        void peerName(owners, socket).then((peer) => {
          // Already closed: by the peer, or because the door closed.
          if (!asked.delete(socket) || socket.destroyed) return;
          if (peer === undefined) socket.destroy();
          else admit(socket, peer, serve);
        });
      }
    },
    prove: release,
    close() {
      closed = true;
      for (const socket of asked) socket.destroy();
    },
  };
}

function largestOf(
  peers: ReadonlyMap<string, ReadonlySet<Socket>>,
): readonly [string, ReadonlySet<Socket>] {
  let found: readonly [string, ReadonlySet<Socket>] = ['', new Set()];
  for (const one of peers) if (one[1].size > found[1].size) found = one;
  return found;
}

/** Undefined: the program at the other end closed its socket, so nobody waits for an answer. */
async function peerName(owners: SocketOwners, socket: Socket): Promise<string | undefined> {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
  if (!owners.isHere(address)) return networkOf(address);
  const owner = await owners.of({ address, port: socket.remotePort ?? 0 });
  if (owner === 'closed') return undefined;
  // A container may share an address with this machine; its sockets are in a table of its own.
  if (owner === 'elsewhere' || owner === 'unknown') return address;
  return `uid ${owner.uids.join(' or ')}`;
}

/** The peer of an address elsewhere. An IPv6 host has a network of 64 bits to itself. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [front = ''] = address.split('::');
  const groups = [...front.split(':').filter((group) => group !== ''), '0', '0', '0', '0'];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
