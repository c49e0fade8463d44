/**
 * Real programs on a leash: started in a session of their own, ended by the pid we started,
 * awaited, and ended too when the test process dies without saying goodbye (a shell holds the other
 * end of a pipe and notices).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type ListenOptions, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Both kinds of daemon end up leading a process group; end of input, or death of our side, ends the
 * group.
 */
const keeper = `
grace=$1; shift
"$@" </dev/null & child=$!
( read -r _; kill -s TERM "$child" 2>/dev/null
  while kill -0 "$child" 2>/dev/null && [ "$grace" -gt 0 ]; do grace=$((grace-1)); sleep 0.05; done
  kill -s KILL -- "-$child" 2>/dev/null ) <&3 3<&- &
exec 3<&-
wait "$child"; code=$?
kill -s KILL -- "-$child" 2>/dev/null
exit "$code"`;

export type Leashed = {
  /** Ends it and waits until it is gone; whole process group. */
  stop(): Promise<void>;
  /** What it wrote to stdout and stderr so far (the last 64 KiB). */
  output(): string;
  /** True once it has ended. */
  readonly ended: boolean;
};

/**
 * Starts a program that stays in the foreground. `detaches`: it makes a session of its own
 * (Postfix's master does, and waits two seconds where it already has one). `graceMs`: how long it
 * gets to end before it is killed.
 */
export function leash(
  program: string,
  args: readonly string[],
  how: { readonly detaches: boolean; readonly graceMs: number },
): Leashed {
  const command = how.detaches ? [program, ...args] : ['setsid', program, ...args];
  const grace = String(Math.ceil(how.graceMs / 50));
  const child: ChildProcess = spawn('/bin/sh', ['-c', keeper, 'leash', grace, ...command], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let text = '';
  const gather = (chunk: Buffer): void => {
    text = (text + chunk.toString('latin1')).slice(-65_536);
  };
  child.stdout?.on('data', gather);
  child.stderr?.on('data', gather);
  const exited = once(child, 'exit');
  const line = child.stdio[3];
  line?.on('error', () => undefined); // the keeper may be gone before the port is freed
  return {
    async stop() {
      if (line !== null && line !== undefined && 'end' in line) line.end();
      await exited;
    },
    output: () => text,
    get ended() {
      return child.exitCode !== null || child.signalCode !== null;
    },
  };
}

/**
 * A port on 127.0.0.1 that was free a moment ago, below the range that the kernel assigns, so that
 * nobody's outgoing connection takes it in the meantime. No test gets it again while this process
 * runs.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    try {
      // An abstract name belongs to the network namespace, as the port does.
      const reserved = await listening({ path: `\0postern-test-port-${port}` });
      reserved.unref();
      const server = await listening({ port, host: '127.0.0.1' });
      server.close();
      await once(server, 'close');
      return port;
    } catch {
      // taken: try another
    }
  }
  throw new Error('no free port on 127.0.0.1 between 12000 and 32000');
}

async function listening(where: ListenOptions): Promise<Server> {
  const server = createServer();
  server.listen(where);
  await once(server, 'listening');
  return server;
}

/** Waits until `look` answers with something; fails with `what` and the program's last words. */
export async function eventually<Value>(
  what: string,
  look: () => Value | undefined | Promise<Value | undefined>,
  more: { readonly timeoutMs?: number; readonly detail?: () => string | Promise<string> } = {},
): Promise<Value> {
  // Far more than needed, because a busy machine is no fault.
  const timeoutMs = more.timeoutMs ?? 60_000;
  const deadline = Date.now() + timeoutMs;
  while (true) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${what}\n${(await more.detail?.()) ?? ''}`);
    }
    await sleep(25);
  }
}

/** Waits until something accepts connections on this port of 127.0.0.1; fails if `daemon` ends. */
export async function listens(port: number, daemon?: Leashed): Promise<void> {
  await eventually(
    `port ${port} answers`,
    () => {
      if (daemon?.ended === true) throw new Error(`ended: ${daemon.output()}`);
      return accepts(port);
    },
    { detail: () => daemon?.output() ?? '' },
  );
}

function accepts(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('connect', () => socket.end());
  });
}
