/**
 * A listening socket for programs that speak a request-and-answer protocol for hours. It limits how
 * many peers may connect and how long they may be silent, and moves their bytes. It knows nothing
 * about the protocol.
 *
 * One timer serves all connections, so a slow or dead peer costs no timer of its own. Times are
 * counted in ticks of that timer, so setting the clock forward or back ends no session.
 */
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { OperatorError, sysexits } from './operator-error.ts';
import { PeerError } from './peer-error.ts';
import { minuteMs } from './time.ts';

export type SocketAddress =
  | { readonly host: string; readonly port: number }
  /** A Unix socket; `mode` is 0o660 by default. */
  | { readonly path: string; readonly mode?: number };

/** One connection to a peer, as the protocol uses it. */
export type PeerConnection = {
  readonly peer: string;
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
};

export type ListenerFault = 'full' | 'slow' | 'idle' | 'protocol' | 'bug';

export type ListenerHooks = {
  open(line: PeerConnection): PeerSession;
  /** Called when Postern ends or refuses a connection, with the `cause` if there is one. */
  fault(kind: ListenerFault, peer: string, cause?: unknown): void;
};

export type Listener = {
  /** `inet:127.0.0.1:4321` or `unix:/path`: as Postfix wants it. */
  readonly address: string;
  /** Open connections. */
  readonly connections: number;
  /**
   * Accepts no more connections, ends the idle ones, and gives requests under way time to finish.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** The longest time between two ticks. */
const tickMsMax = 1_000;
/** The size of sun_path on Linux, without its closing NUL. */
const socketPathBytesMax = 107;
/** Connections that the kernel may keep waiting, enough for a burst after a restart. */
const backlog = 1_024;

/** Listens, and hands each connection to `hooks.open`. */
export async function openListener(
  where: SocketAddress,
  limits: ListenerLimits,
  hooks: ListenerHooks,
): Promise<Listener> {
  const connections = new Set<Connection>();
  const tickMs = Math.max(
    10,
    Math.min(tickMsMax, Math.floor(Math.min(limits.firstMs, limits.partialMs, limits.idleMs) / 4)),
  );
  // Keep-alive, because the host of a mail server may die without closing its connections.
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: minuteMs },
    (socket) => {
      const peer =
        socket.remoteAddress === undefined
          ? 'unix'
          : `${socket.remoteAddress}:${socket.remotePort}`;
      if (connections.size >= limits.connectionsMax) {
        hooks.fault('full', peer);
        socket.destroy();
        return;
      }
      const connection = new Connection(socket, peer, hooks, () => connections.delete(connection));
      connections.add(connection);
    },
  );
  const address = await listen(server, where);
  // A missing file descriptor for one connection must not end the others.
  server.on('error', (cause) => hooks.fault('full', 'accept', cause));
  const timer = setInterval(() => {
    for (const connection of connections) connection.tick(tickMs, limits);
  }, tickMs);
  timer.unref();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= drain(server, connections, limits.drainMs).finally(() => clearInterval(timer));
    return closing;
  };
  return {
    address,
    get connections() {
      return connections.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

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
  #draining = false;

  constructor(socket: Socket, peer: string, hooks: ListenerHooks, left: () => void) {
    this.#socket = socket;
    this.#peer = peer;
    this.#hooks = hooks;
    this.#talk = hooks.open({
      peer,
      fd: descriptorOf(socket),
      write: (bytes) => this.#write(bytes),
      end: () => {
        this.#flush();
        socket.end();
      },
      run: (step) => this.#run(step),
    });
    socket.on('data', (chunk: Buffer) => this.#run(() => this.#talk.take(chunk)));
    socket.on('drain', () => socket.resume());
    // A peer that hangs up is no fault: mail servers often just close the connection.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      left();
      this.#guarded(() => this.#talk.gone());
    });
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
    if (this.#draining) this.#endWhenIdle();
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

  /** From now on the connection ends as soon as nothing is under way. */
  drain(): void {
    this.#draining = true;
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    const state = this.#talk.state();
    if (state === 'idle' || state === 'fresh') this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Reads the file descriptor from an internal field, because Node has no public one. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = '_handle' in socket ? socket._handle : undefined;
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return -1;
  return typeof handle.fd === 'number' ? handle.fd : -1;
}

async function drain(
  server: Server,
  connections: ReadonlySet<Connection>,
  drainMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const connection of connections) connection.drain();
  const last = setTimeout(() => {
    for (const connection of connections) connection.destroy();
  }, drainMs);
  await closed;
  clearTimeout(last);
}

/**
 * Makes any kind of server listen, and returns the address as Postfix writes it. A Unix socket
 * never has wider permissions than `mode`, not even for a moment. It replaces a dead socket file,
 * but no other file.
 */
export async function listen(server: Server, where: SocketAddress): Promise<string> {
  if (!('path' in where)) {
    await bound(
      server,
      () => server.listen({ host: where.host, port: where.port, backlog }),
      `${where.host}:${where.port}`,
    );
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : where.port;
    return `inet:${where.host.includes(':') ? `[${where.host}]` : where.host}:${port}`;
  }
  if (Buffer.byteLength(where.path) > socketPathBytesMax) {
    throw new OperatorError('socket-path', `the socket path ${where.path} is too long`, {
      hint: `a Unix socket's path has at most ${socketPathBytesMax} bytes; choose a shorter one`,
      exit: sysexits.config,
    });
  }
  await removeStale(where.path);
  const mode = where.mode ?? 0o660;
  // The umask must be set before, because bind happens inside listen().
  const start = (): void => {
    const before = process.umask(0o777 & ~mode);
    try {
      server.listen({ path: where.path, backlog });
    } finally {
      process.umask(before);
    }
  };
  await bound(server, start, where.path);
  await chmod(where.path, mode);
  return `unix:${where.path}`;
}

/** Waits until the server listens. If it cannot, the error tells the operator why. */
function bound(server: Server, start: () => void, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('listening', () => {
      server.removeAllListeners('error');
      resolve();
    });
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const hints: Readonly<Record<string, string>> = {
        EADDRINUSE: 'another program listens there; choose another port, or stop that program',
        EACCES: 'this user may not listen there; choose a port above 1023 or a folder of its own',
        ENOENT: 'make the folder first',
        EADDRNOTAVAIL: 'this machine does not have that address',
      };
      const hint = hints[cause.code ?? ''];
      reject(
        new OperatorError('listen', `cannot listen on ${name}: ${cause.code ?? cause.message}`, {
          cause,
          exit: sysexits.unavailable,
          ...(hint === undefined ? {} : { hint }),
        }),
      );
    });
    start();
  });
}

/**
 * Removes the socket file of a process that died. Refuses if a program listens there, or if it is
 * another kind of file.
 */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new OperatorError('socket-path', `${path} exists and is not a socket`, {
      hint: 'choose another path for the socket, or move the existing file away',
      exit: sysexits.config,
    });
  }
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => resolve(true));
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
    probe.once('close', () => probe.removeAllListeners());
    probe.once('connect', () => probe.destroy());
  });
  if (alive) {
    throw new OperatorError('listen', `another program listens on ${path}`, {
      hint: 'is another postern running? see `postern status`',
      exit: sysexits.unavailable,
    });
  }
  await unlink(path);
}
