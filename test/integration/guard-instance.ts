/**
 * A guard of its own: `./postern up` as a child in a fresh state folder. Ended by its pid with the
 * scope:
 *
 *     await using guard = await startGuard({ config: 'mode = "guard"' });
 *     guard.doors.milter; guard.pid;
 *     await guard.json('/api/recent'); await guard.cli('held', 'list');
 *     await guard.logged('account.suspended'); guard.kill('SIGKILL'); await guard.ended;
 *
 * A killed guard is started again in the same place with `startGuard({ state: guard.state, … })`;
 * who gives a state folder takes it away himself.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { withoutOwnOptions } from '../command-line.ts';
import { eventually, freePort } from './leash.ts';

const run = promisify(execFile);
export const launcher: string = resolve(import.meta.dirname, '../../postern');

export type LogLine = { readonly level: string; readonly event: string } & Readonly<
  Record<string, unknown>
>;
export type Doors = {
  readonly milter: string;
  readonly policy: string;
  readonly http: string;
  readonly all: Readonly<Record<'milter' | 'inbound' | 'policy', readonly string[]>>;
};

export type GuardOptions = {
  /** TOML. */
  readonly config?: string;
  /** A folder that is there and stays; else a fresh one that goes. */
  readonly state?: string;
  /** More words for `postern up`. Without: doors on free ports. */
  readonly words?: readonly string[];
  /**
   * Program and words in front of the launcher, such as setpriv. It must exec, so that the pid is
   * the guard's.
   */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Listening sockets, given to it as systemd does (held-sockets.ts). */
  readonly sockets?: readonly number[];
};

/** Only after the fork is the pid known that systemd writes into this variable. */
const withPid = ['/bin/sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh'];

export type GuardInstance = AsyncDisposable & {
  readonly pid: number;
  readonly state: string;
  readonly configFile: string;
  readonly doors: Doors;
  readonly token: string;
  /** From start to the line that says ready. */
  readonly readyMs: number;
  /** Resolves when the process is gone, with its exit code (null: by a signal). */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  log(): Promise<readonly LogLine[]>;
  /** The first line of this event, waited for. */
  logged(event: string, timeoutMs?: number): Promise<LogLine>;
  /** JSON from the HTTP door, with the token. Throws for anything but 200. */
  json<Answer>(path: string): Promise<Answer>;
  health(): Promise<{ readonly status: number; readonly why: readonly string[] }>;
  /** One sample of /metrics; 0 when it is not there. */
  metric(sample: string): Promise<number>;
  /**
   * A command of the launcher about this guard; answers with what it wrote. Throws unless it ends
   * with 0.
   */
  cli(...words: readonly string[]): Promise<string>;
};

/** Starts it and waits until it is ready; throws with its last words when it ends before. */
export async function startGuard(options: GuardOptions = {}): Promise<GuardInstance> {
  const state = options.state ?? (await mkdtemp(join(tmpdir(), 'pgd-')));
  const configFile = join(state, 'postern.toml');
  if (options.config !== undefined) await writeFile(configFile, options.config);
  const began = performance.now();
  const logFile = join(state, 'guard.log');
  const file = openSync(logFile, 'a');
  const sockets = options.sockets ?? [];
  const through = [...(options.through ?? []), ...(sockets.length > 0 ? withPid : [])];
  const words = [...through, launcher, 'up', '--json', '--state', state];
  if (options.config !== undefined) words.push('--config', configFile);
  words.push(...(options.words ?? ['--port', '0']));
  const [program = launcher, ...args] = words;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', file, ...sockets],
    env: {
      ...process.env,
      COLUMNS: '', // each row of a table is one line
      ...(sockets.length > 0 ? { LISTEN_FDS: String(sockets.length) } : {}),
      ...options.env,
    },
  });
  closeSync(file);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const text = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const ready = await readyLine(child, ended, text);
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
  const log = async (): Promise<readonly LogLine[]> => parsedLog(await text());
  return {
    pid: child.pid ?? 0,
    state,
    configFile,
    ended,
    kill,
    log,
    ...ready,
    readyMs: performance.now() - began,
    logged: (event, timeoutMs = 60_000) =>
      eventually(
        `the guard logs ${event}`,
        async () => (await log()).find((line) => line.event === event),
        { timeoutMs, detail: text },
      ),
    ...asked(ready.doors.http, ready.token),
    async cli(...about) {
      const [noun = '', ...more] = about;
      const args = [noun, ...more, '--state', state];
      const { stdout } = await run(launcher, args, { maxBuffer: 1 << 24 });
      return withoutOwnOptions(stdout, args);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        const late = setTimeout(() => child.kill('SIGKILL'), 12_000);
        await ended;
        clearTimeout(late);
      }
      if (options.state === undefined) await rm(state, { recursive: true, force: true });
    },
  };
}

/** `--milter … --policy … --http …` on ports that stay the same over restarts. */
export async function fixedDoors(): Promise<readonly string[]> {
  const at = async (): Promise<string> => `inet:127.0.0.1:${await freePort()}`;
  return ['--milter', await at(), '--policy', await at(), '--http', await at()];
}

/** Host and port of `inet:HOST:PORT`. */
export function inet(address: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^inet:(.+):(\d+)$/.exec(address) ?? [];
  return { host, port: Number(port) };
}

type Ready = { readonly doors: Doors; readonly token: string };

async function readyLine(
  child: ChildProcess,
  ended: Promise<number | null>,
  log: () => Promise<string>,
): Promise<Ready> {
  if (child.stdout === null) throw new Error('the guard has no standard output');
  const line = once(createInterface({ input: child.stdout }), 'line');
  line.catch(() => undefined);
  const first = await Promise.race([line, ended]);
  if (!Array.isArray(first)) throw new Error(`the guard ended with ${first}: ${await log()}`);
  const { ready, doors, token } = JSON.parse(String(first[0])) as Ready & { ready: boolean };
  // It said so as JSON, and its log says more.
  if (!ready) throw new Error(`the guard ended with ${await ended}: ${await log()}`);
  return { doors, token };
}

function asked(http: string, token: string): Pick<GuardInstance, 'json' | 'health' | 'metric'> {
  const get = (path: string): Promise<Response> =>
    fetch(new URL(path, http), {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(60_000),
    });
  return {
    async json<Answer>(path: string) {
      const answer = await get(path);
      const body = await answer.text();
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${body}`);
      return JSON.parse(body) as Answer;
    },
    async health() {
      const answer = await get('/health');
      const { why } = (await answer.json()) as { why: readonly string[] };
      return { status: answer.status, why };
    },
    async metric(sample) {
      const text = await (await get('/metrics')).text();
      const line = text.split('\n').find((one) => one.startsWith(`${sample} `));
      return line === undefined ? 0 : Number(line.slice(sample.length + 1));
    },
  };
}

/** The lines that are JSON; Node itself may have put others between them. */
function parsedLog(text: string): readonly LogLine[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as LogLine];
    } catch {
      return [];
    }
  });
}
