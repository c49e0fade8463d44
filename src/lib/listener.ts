/**
 * A listening socket for programs that speak a request-and-answer protocol for hours. It asks who
 * may connect, limits how many peers may be connected and how long they may be silent, and moves
 * their bytes. It knows nothing about the protocol.
 *
 * One timer serves all connections, so a slow or dead peer costs no timer of its own. Times are
 * counted in ticks of that timer, so setting the clock forward or back ends no session.
 */
import { createServer, type Socket } from 'node:net';
import { listen } from './listen.ts';
import { PeerError } from './peer-error.ts';
import { type Fullness, PeerPlaces } from './peer-places.ts';
import { minuteMs } from './time.ts';

export type SocketAddress =
  | { readonly host: string; readonly port: number }
  /** A Unix socket; `mode` is 0o660 by default. */
  | { readonly path: string; readonly mode?: number };

/** `fd`: a socket that systemd has opened; `name` is its address as Postfix writes it. */
export type ListenAddress = SocketAddress | { readonly fd: number; readonly name: string };

type SocketName = { readonly address: string; readonly port: number };

/** A connection whose peer nobody has looked at yet. */
export type Arrival = {
  readonly fd: number;
  /** Both ends of a TCP connection; undefined on a Unix socket. */
  readonly ends: { readonly local: SocketName; readonly remote: SocketName } | undefined;
};

/**
 * `peer`: who it is, as `uid 101` or `192.0.2.7`; its connections are counted together. `trusted`:
 * may take all places, because the door is there for this peer.
 */
type Admitted = { readonly kind: 'admitted'; readonly peer: string; readonly trusted: boolean };

export type Admission =
  | Admitted
  | { readonly kind: 'refused'; readonly uid?: number; readonly why: string };

/** One connection to a peer, as the protocol uses it. */
export type PeerConnection = {
  readonly peer: string;
  /** As admitted. */
  readonly trusted: boolean;
  /** The file descriptor, to ask the kernel who the peer is; -1 without one. */
  readonly fd: number;
  /** Sends at once. Writes made while received bytes are being handled are sent together. */
  write(bytes: Buffer): void;
  /** Ends the connection after everything written was sent. */
  end(): void;
  /**
   * Runs a step that was not caused by bytes of the peer. An error in it ends only this connection.
   */
  run(step: () => void): void;
};

/**
 * fresh: no complete request yet. idle: nothing is under way. partial: part of a request has
 * arrived. busy: a request of several parts is under way. answering: the peer waits for Postern.
 */
export type PeerSessionState = 'fresh' | 'idle' | 'partial' | 'busy' | 'answering';

/** The protocol on one connection. */
export type PeerSession = {
  /**
   * Handles received bytes. Throws PeerError if the peer breaks its protocol; any other error is a
   * mistake in Postern.
   */
  take(chunk: Buffer): void;
  state(): PeerSessionState;
  /**
   * Complete requests so far. Time limits follow them, so sending a byte now and then extends
   * nothing.
   */
  requests(): number;
  /** Called when `ms` have passed: about a second, less if the limits are short. */
  tick(ms: number): void;
  /** Called once when the connection has ended, whichever side ended it. */
  gone(): void;
};

export type ListenerLimits = {
  readonly connectionsMax: number;
  /** From the connection to the first complete request. */
  readonly firstMs: number;
  /**
   * From a part of a request to the complete request. Also the time in which the peer must read an
   * answer.
   */
  readonly partialMs: number;
  readonly idleMs: number;
  /** How long requests under way may take to finish at close. */
  readonly drainMs: number;
  /** How long an idle peer may still begin a request at close; 0 by default. */
  readonly lingerMs?: number;
};

/** full: no place is free. many: the peer holds as many places as one peer may. */
export type ListenerFault = 'full' | 'many' | 'slow' | 'idle' | 'protocol' | 'bug';

export type ListenerHooks = {
  /**
   * Says whether the peer may connect; without it, any may. What the peer sends before the answer
   * waits in the kernel.
   */
  readonly admit?: ((arrival: Arrival) => Admission | Promise<Admission>) | undefined;
  /** Called when the places run out, and with undefined when some are free again. */
  full?(now: Fullness | undefined, address: string): void;
  open(line: PeerConnection): PeerSession;
  /** Called when Postern ends or refuses a connection, with the `cause` if there is one. */
  fault(kind: ListenerFault, peer: string, cause?: unknown): void;
};

export type Listener = {
  /** `inet:127.0.0.1:4321` or `unix:/path`: as Postfix wants it. */
  readonly address: string;
  /** Open connections. */
  readonly connections: number;
  /** Accepts no more connections; those that are open go on until `close`. */
  retire(): void;
  /** As retire; then ends the idle connections, and gives requests under way time to finish. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** The longest time between two ticks. */
const tickMsMax = 500;
/**
 * Connections whose peer is being looked at. They take no place of those that were admitted. A look
 * takes milliseconds, so this is more than come in that time.
 */
const arrivalsMax = 2_048;
/** Reading the kernel's tables takes milliseconds. */
const admitMsMax = 10_000;

/** Listens, and hands each connection of a peer that may connect to `hooks.open`. */
export async function openListener(
  where: ListenAddress,
  limits: ListenerLimits,
  hooks: ListenerHooks,
): Promise<Listener> {
  const connections = new Set<Connection>();
  const tickMs = Math.max(
    10,
    Math.min(tickMsMax, Math.floor(Math.min(limits.firstMs, limits.partialMs, limits.idleMs) / 4)),
  );
  let address = '';
  let closing: Promise<void> | undefined;
  const places = new PeerPlaces(limits.connectionsMax, (now) => hooks.full?.(now, address));
  const enter = (socket: Socket, admitted: Admitted): void => {
    const { peer, trusted } = admitted;
    const none = places.take(peer, trusted);
    if (none !== undefined) {
      socket.destroy();
      hooks.fault(none, peer);
      return;
    }
    const connection = new Connection(socket, admitted, hooks, (left) => {
      connections.delete(left);
      places.free(peer, trusted);
    });
    connections.add(connection);
    if (closing !== undefined) connection.drain(limits.lingerMs ?? 0);
  };
  const arrivals = openArrivals(hooks, enter);
  // Keep-alive, because the host of a mail server may die without closing its connections.
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: minuteMs, pauseOnConnect: true },
    (socket) => arrivals.take(socket),
  );
  address = await listen(server, where);
  // A missing file descriptor for one connection must not end the others.
  server.on('error', (cause) => hooks.fault('full', 'accept', cause));
  const timer = setInterval(() => {
    arrivals.tick(tickMs);
    for (const connection of connections) connection.tick(tickMs, limits);
  }, tickMs);
  timer.unref();
  server.once('close', () => clearInterval(timer));
  let ended: Promise<void> | undefined;
  const retire = (): Promise<void> =>
    (ended ??= new Promise((resolve) => server.close(() => resolve())));
  const close = (): Promise<void> => (closing ??= drain(retire(), limits, connections, arrivals));
  return {
    address,
    get connections() {
      return connections.size;
    },
    retire: () => void retire(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Looks at the peer of each new connection. `enter` takes those that may connect. */
function openArrivals(hooks: ListenerHooks, enter: (socket: Socket, admitted: Admitted) => void) {
  /** How long each has waited for the answer. */
  const waitedMs = new Map<Socket, number>();
  const decide = (socket: Socket, admission: Admission): void => {
    if (admission.kind === 'refused') socket.destroy();
    else if (!socket.destroyed) enter(socket, admission);
  };
  const failed = (socket: Socket, cause: unknown): void => {
    socket.destroy();
    hooks.fault('bug', 'not looked at', cause);
  };
  const wait = (socket: Socket, admission: Promise<Admission>): void => {
    waitedMs.set(socket, 0);
    socket.once('close', () => waitedMs.delete(socket));
    admission
      .then((answer) => decide(socket, answer))
      .catch((cause: unknown) => failed(socket, cause))
      .finally(() => waitedMs.delete(socket));
  };
  return {
    take(socket: Socket): void {
      // A peer that hangs up is no fault: mail servers often just close the connection.
      socket.on('error', () => socket.destroy());
      if (waitedMs.size >= arrivalsMax) {
        socket.destroy();
        hooks.fault('full', 'not looked at');
        return;
      }
      try {
        const admission = hooks.admit?.(arrivalOf(socket)) ?? anybody(socket);
        if (admission instanceof Promise) wait(socket, admission);
        else decide(socket, admission);
      } catch (cause) {
        failed(socket, cause);
      }
    },
    destroy(): void {
      for (const socket of waitedMs.keys()) socket.destroy();
    },
    tick(ms: number): void {
      for (const [socket, soFarMs] of waitedMs) {
        if (soFarMs >= admitMsMax) socket.destroy();
        else waitedMs.set(socket, soFarMs + ms);
      }
    },
  };
}

/** The descriptor is read from an internal field, because Node has no public one. */
function arrivalOf(socket: Socket): Arrival {
  const handle: unknown = '_handle' in socket ? socket._handle : undefined;
  const fd =
    typeof handle === 'object' && handle !== null && 'fd' in handle ? handle.fd : undefined;
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  const ends =
    localAddress === undefined || remoteAddress === undefined
      ? undefined
      : {
          local: { address: localAddress, port: localPort ?? 0 },
          remote: { address: remoteAddress, port: remotePort ?? 0 },
        };
  return { fd: typeof fd === 'number' ? fd : -1, ends };
}

/** The admission where anybody may connect. */
function anybody({ remoteAddress, remotePort }: Socket): Admitted {
  const peer = remoteAddress === undefined ? 'unix' : `${remoteAddress}:${remotePort}`;
  return { kind: 'admitted', peer, trusted: true };
}

type Left = (connection: Connection) => void;

/** One connection, and how long it has been in its state. */
class Connection {
  readonly #socket: Socket;
  readonly #peer: string;
  readonly #hooks: ListenerHooks;
  readonly #talk: PeerSession;
  /** Bytes that `write` collects while received bytes are handled. */
  #pending: Buffer[] = [];
  #taking = false;
  #state: PeerSessionState = 'fresh';
  #requests = 0;
  #stateMs = 0;
  #stuckMs = 0;
  /** How long the peer may still stay idle; undefined before the close. */
  #lingerMs: number | undefined;

  constructor(socket: Socket, admitted: Admitted, hooks: ListenerHooks, left: Left) {
    const { peer, trusted } = admitted;
    socket.once('close', () => left(this)); // also if the session cannot begin
    this.#socket = socket;
    this.#peer = peer;
    this.#hooks = hooks;
    this.#talk = hooks.open({
      peer,
      trusted,
      fd: arrivalOf(socket).fd,
      write: (bytes) => this.#write(bytes),
      end: () => {
        this.#flush();
        socket.end();
      },
      run: (step) => this.#run(step),
    });
    socket.on('data', (chunk: Buffer) => this.#run(() => this.#talk.take(chunk)));
    socket.on('drain', () => socket.resume());
    socket.on('close', () => this.#guarded(() => this.#talk.gone()));
    socket.resume();
  }

  #run(step: () => void): void {
    if (this.#taking) {
      step();
      return;
    }
    this.#taking = true;
    this.#guarded(step);
    this.#taking = false;
    this.#flush();
    this.#endWhenIdle();
  }

  #write(bytes: Buffer): void {
    this.#pending.push(bytes);
    if (!this.#taking) this.#flush();
  }

  #flush(): void {
    const [first] = this.#pending;
    if (first === undefined) return;
    const bytes = this.#pending.length === 1 ? first : Buffer.concat(this.#pending);
    this.#pending = [];
    if (!this.#socket.writable) return;
    // A peer that does not read its answers must not send more requests.
    if (!this.#socket.write(bytes)) this.#socket.pause();
  }

  /** Runs one step of the session. An error in it ends this connection and no other. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (cause) {
      this.#pending = [];
      this.#socket.destroy();
      this.#hooks.fault(cause instanceof PeerError ? 'protocol' : 'bug', this.#peer, cause);
    }
  }

  tick(ms: number, limits: ListenerLimits): void {
    if (this.#lingerMs !== undefined) this.#lingerMs -= ms;
    this.#run(() => this.#talk.tick(ms));
    const state = this.#talk.state();
    const requests = this.#talk.requests();
    const same = state === this.#state && requests === this.#requests;
    this.#stateMs = same ? this.#stateMs + ms : 0;
    this.#state = state;
    this.#requests = requests;
    this.#stuckMs = this.#socket.writableNeedDrain ? this.#stuckMs + ms : 0;
    if (this.#stuckMs >= limits.partialMs) this.#expel('slow');
    else if (state === 'fresh' && this.#stateMs >= limits.firstMs) this.#expel('slow');
    else if (state === 'partial' && this.#stateMs >= limits.partialMs) this.#expel('slow');
    else if ((state === 'idle' || state === 'busy') && this.#stateMs >= limits.idleMs) {
      this.#expel('idle');
    }
  }

  #expel(kind: ListenerFault): void {
    this.#socket.destroy();
    this.#hooks.fault(kind, this.#peer);
  }

  /** The connection ends as soon as nothing is under way, after `lingerMs` at the earliest. */
  drain(lingerMs: number): void {
    this.#lingerMs = lingerMs;
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (this.#lingerMs === undefined || this.#lingerMs > 0) return;
    // Both ends: a peer that waits for another answer would close its own end late.
    if (/^(?:idle|fresh)$/.test(this.#talk.state())) this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

async function drain(
  ended: Promise<void>,
  { drainMs, lingerMs = 0 }: ListenerLimits,
  connections: ReadonlySet<Connection>,
  arrivals: { destroy(): void },
): Promise<void> {
  for (const connection of connections) connection.drain(lingerMs);
  const last = setTimeout(() => {
    for (const connection of connections) connection.destroy();
    arrivals.destroy();
  }, drainMs);
  await ended;
  clearTimeout(last);
}
