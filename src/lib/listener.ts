/**
 * A listening socket for programs on this machine that speak a request-and-answer protocol for
 * hours: how many may come, how long they may be silent, what happens to their bytes. Knows nothing
 * of what is said.
 *
 * One timer serves all connections: a slow or dead peer costs no timer of its own. Times are kept
 * as ticks of that timer, so a clock that is set forward or back ends nobody's session.
 */
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { OperatorError, sysexits } from './operator-error.ts';
import { PeerError } from './peer-error.ts';
import { minuteMs } from './time.ts';

export type SocketAddress =
  | { readonly host: string; readonly port: number }
  /** A Unix socket; `mode` 0o660 unless said otherwise. */
  | { readonly path: string; readonly mode?: number };

/** What one connection can be told. */
export type PeerConnection = {
  readonly peer: string;
  /** Its file descriptor, to ask the kernel who the peer is; -1 where there is none. */
  readonly fd: number;
  /** Goes out at once; what is written while bytes are being taken goes out together. */
  write(bytes: Buffer): void;
  /** Ends the connection after what was written. */
  end(): void;
  /**
   * Runs a step that no bytes of the peer set off, with the same care: what it throws ends this
   * connection alone.
   */
  run(step: () => void): void;
};

/**
 * fresh: no whole request yet. idle: nothing is under way. partial: half of a request is here.
 * busy: a request of several parts is. answering: the peer waits for us.
 */
export type PeerSessionState = 'fresh' | 'idle' | 'partial' | 'busy' | 'answering';

/** The other side of a line: what the protocol does with it. */
export type PeerSession = {
  /**
   * Bytes came. Throws PeerError when the peer breaks its protocol; any other error is our mistake.
   */
  take(chunk: Buffer): void;
  state(): PeerSessionState;
  /** Whole requests so far: a peer that sends a byte now and then gets nowhere. */
  requests(): number;
  /** `ms` have gone by: about a second, less where limits are short. */
  tick(ms: number): void;
  /** The connection is gone, whoever ended it. Called once. */
  gone(): void;
};

export type ListenerLimits = {
  readonly connectionsMax: number;
  /** From the connection to the first whole request. */
  readonly firstMs: number;
  /**
   * From a part of a request to the whole of it; also until our answer must have been taken off our
   * hands.
   */
  readonly partialMs: number;
  readonly idleMs: number;
  /** At close: how long requests under way may take to finish. */
  readonly drainMs: number;
};

export type ListenerFault = 'full' | 'slow' | 'idle' | 'protocol' | 'bug';

export type ListenerHooks = {
  open(line: PeerConnection): PeerSession;
  /** A connection was ended by us, or not taken. `cause` where there is one. */
  fault(kind: ListenerFault, peer: string, cause?: unknown): void;
};

export type Listener = {
  /** `inet:127.0.0.1:4321` or `unix:/path`: as Postfix wants it. */
  readonly address: string;
  /** Connections now. */
  readonly connections: number;
  /** Takes no more connections, ends the idle ones, lets what is under way finish for a while. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Milliseconds between two ticks, at most. */
const tickMsMax = 1_000;
/** sun_path on Linux, less its closing NUL. */
const socketPathBytesMax = 107;
/** Connections the kernel may keep waiting for us: a burst after a restart. */
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
  // Keep-alive: the host of a mail server may die without a word.
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
  // No file descriptor for one connection must not end the others.
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

/** One connection: bytes in, bytes out, and how long it has been in its state. */
class Connection {
  readonly #socket: Socket;
  readonly #peer: string;
  readonly #hooks: ListenerHooks;
  readonly #talk: PeerSession;
  /** What `write` gathers while bytes are being taken. */
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
    // A peer that hangs up is no fault: mail servers close without a word.
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
    // The peer does not take our answers: it must not make us take more of its requests.
    if (!this.#socket.write(bytes)) this.#socket.pause();
  }

  /** Runs one step of the talk; what it throws ends this connection and no other. */
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

  /** From now on: ends as soon as nothing is under way. */
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

/** Node has no name for it in public. */
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
 * A server of any kind listens there; answers with the address as Postfix writes it. A Unix socket
 * is open to nobody for even a moment, and takes the place of one that nobody listens on any more,
 * but of no other file.
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
  // The file must not be open to others for even a moment: bind happens inside listen().
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

/** Waits until the server listens; says in the operator's words why it does not. */
function bound(server: Server, start: () => void, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('listening', () => {
      server.removeAllListeners('error');
      resolve();
    });
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const hints: Readonly<Record<string, string>> = {
        EADDRINUSE: 'another program listens there; choose another port, or stop it',
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
 * Removes the socket file of a process that died; refuses when somebody listens, or when it is
 * another kind of file.
 */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new OperatorError('socket-path', `${path} exists and is not a socket`, {
      hint: 'choose another path for the socket, or move that file away',
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
