/**
 * Decides which connections of an HTTP server stay when it has too many. Each connection belongs to
 * a peer: a user of this machine, as the kernel names it, or a network elsewhere. All local users
 * have the same address; so limits by address would let one of them lock out the others.
 *
 * When the server is full, the peer with the most connections loses its oldest one that has shown
 * no token. So a peer that opens thousands loses its own connections and nobody else's. Requests of
 * a peer that shows no token have a rate, so that they cannot take the time that mail needs.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { networkOf } from '../../../core/client/network.ts';
import { RecentMap } from '../../../lib/recent-map.ts';
import { minuteMs, secondMs } from '../../../lib/time.ts';
import type { SocketOwners } from '../../../ports/scripts.ts';
import type { Clock, Count, Log } from '../../../ports/world.ts';
import { PacedSocket } from './paced-socket.ts';

/** Enough for several browsers with six connections each, the command line, and Prometheus. */
const connectionsMax = 128;
/**
 * Connections that wait for the kernel to name their peer, for some milliseconds. More than one
 * user can open in that time; the kernel itself keeps 511 more.
 */
const askedMax = 2_048;
/**
 * After a look into the kernel's tables, the next one waits this many times as long as it took. A
 * user can make these tables long, so looking must not take all the time.
 */
const pauseTimes = 4;
const pauseMsMax = 1_000;
/** Requests without a token: a page has some 40 files, and a monitor asks now and then. */
const requestsAtOnce = 200;
const requestsPerSecond = 20;
/** The longest wait that requests of a peer add up to. */
const waitMsMax = 10 * secondMs;
/** Peers whose requests are counted; more than may be connected. */
const pacedMax = 1_000;

export type Connections = {
  /** Calls `admit` when the connection may stay; it may be closed later. */
  take(socket: Socket, admit: (line: Duplex) => void): void;
  /**
   * The caller on this connection, as HTTP knows it, showed a token: it is never closed for another
   * and has no rate.
   */
  prove(line: Duplex): void;
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
  take: (socket: Socket, admit: (line: Duplex) => void) => void,
): void {
  const [serve] = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket) => take(socket, (line) => serve?.call(server, line)));
}

export function openConnections(deps: ConnectionsDeps): Connections {
  const { owners } = deps;
  /** The peers with connections that have shown no token, the oldest connection first. */
  const peers = new Map<string, Set<Socket>>();
  const peerOf = new WeakMap<Socket, string>();
  const socketOf = new WeakMap<Duplex, Socket>();
  const paces = openPaces();
  const open = new Set<Socket>();
  const drop = openDrops(deps);
  let closed = false;

  /** From now on the connection does not count for its peer, and is not closed for another. */
  function release(socket: Socket): void {
    const peer = peerOf.get(socket) ?? '';
    const mates = peers.get(peer);
    mates?.delete(socket);
    if (mates?.size === 0) peers.delete(peer);
  }
  function hasProved(socket: Socket): boolean {
    return peers.get(peerOf.get(socket) ?? '')?.has(socket) !== true;
  }
  function enter(socket: Socket, peer: string, serve: Serve): void {
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
    const line = new PacedSocket(socket, () => (hasProved(socket) ? 0 : paces.waitMs(peer)));
    socketOf.set(line, socket);
    serve(line);
  }
  const lookups = openLookups(owners, enter);

  return {
    take(socket, serve) {
      // HTTP adds its own listener when it has the connection.
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        open.delete(socket);
        release(socket);
      });
      if (closed) socket.destroy();
      else if (!lookups.add(socket, serve)) drop(socket, 'not known yet');
    },
    prove(line) {
      const socket = socketOf.get(line);
      if (socket !== undefined) release(socket);
    },
    close() {
      closed = true;
      lookups.close();
    },
  };
}

/** Closes a connection for another; counts each, and logs one a minute. */
function openDrops({ clock, count, log }: ConnectionsDeps): (socket: Socket, peer: string) => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  return (socket, peer) => {
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
  };
}

/** Says how long the next request of a peer must wait. */
function openPaces(): { waitMs(peer: string): number } {
  /** When the peer would have used up nothing. */
  const freeAt = new RecentMap<string, number>(pacedMax);
  const eachMs = secondMs / requestsPerSecond;
  return {
    waitMs(peer) {
      const now = performance.now();
      const before = Math.max(freeAt.get(peer) ?? 0, now);
      const free = Math.min(before + eachMs, now + requestsAtOnce * eachMs + waitMsMax);
      freeAt.set(peer, free);
      return Math.max(0, free - now - requestsAtOnce * eachMs);
    },
  };
}

type Serve = (line: Duplex) => void;
type Lookups = {
  /** False: too many connections wait already. */
  add(socket: Socket, serve: Serve): boolean;
  close(): void;
};

/** Finds the peers of new connections, many at a time, and calls `found` for each. */
function openLookups(
  owners: SocketOwners,
  found: (socket: Socket, peer: string, serve: Serve) => void,
): Lookups {
  /** How each connection is handed on when its peer is known. */
  const asked = new Map<Socket, Serve>();
  let waiting = new Set<Socket>();
  let isAsking = false;

  async function ask(socket: Socket): Promise<void> {
    const serve = asked.get(socket);
    if (serve === undefined) return;
    const peer = await peerName(owners, socket).catch(() => undefined);
    // Already closed: by the peer, or because the door closed.
    if (!asked.delete(socket) || socket.destroyed) return;
    if (peer === undefined) socket.destroy();
    else found(socket, peer, serve);
  }
  async function askAll(): Promise<void> {
    isAsking = true;
    while (waiting.size > 0) {
      const batch = waiting;
      waiting = new Set();
      const beganMs = performance.now();
      await Promise.all([...batch].map(ask));
      const pauseMs = Math.min(pauseMsMax, pauseTimes * (performance.now() - beganMs));
      await sleep(pauseMs, undefined, { ref: false });
    }
    isAsking = false;
  }
  return {
    add(socket, serve) {
      if (asked.size >= askedMax) return false;
      asked.set(socket, serve);
      socket.once('close', () => {
        asked.delete(socket);
        waiting.delete(socket);
      });
      waiting.add(socket);
      if (!isAsking) void askAll();
      return true;
    },
    close() {
      for (const socket of asked.keys()) socket.destroy();
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
  const bare = (address = ''): string => address.replace(/^::ffff:/i, '');
  const address = bare(socket.remoteAddress);
  if (!owners.isHere(address)) return networkOf(address);
  const owner = await owners.of(
    { address, port: socket.remotePort ?? 0 },
    { address: bare(socket.localAddress), port: socket.localPort ?? 0 },
  );
  if (owner === 'closed') return undefined;
  // A container may share an address with this machine; its sockets are in a table of its own.
  if (owner === 'elsewhere' || owner === 'unknown') return address;
  return `uid ${owner.uids.join(' or ')}`;
}
