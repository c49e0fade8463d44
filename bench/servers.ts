/**
 * The milters that are compared: each in processes of its own, in a folder of its own, stopped by
 * its own id.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import { assert } from '../src/lib/assert.ts';
import type { Millis } from '../src/lib/time.ts';
import { type MilterAddress, parseMilterAddress } from '../src/partners/milter/client.ts';
import type { Change } from '../src/ports/ledger.ts';
import { cpuMs, procText } from './figures.ts';
import { ledgerSeed, seededAccount } from './load-messages.ts';
import type { LoadFigures, LoadOrder } from './milter-load.ts';

export type MilterServer = {
  readonly name: string;
  readonly where: MilterAddress;
  readonly pid: number;
  /** Processor time so far, of all its processes. */
  cpuMs(): number;
  [Symbol.asyncDispose](): Promise<void>;
};

export const postern: string = resolve(import.meta.dirname, '../postern');

/** A ledger with accounts that have a past, and everybody they know. */
export function seedLedger(
  path: string,
  { accounts, friends }: { readonly accounts: number; readonly friends: number },
): void {
  const ledger = openLedger(path);
  const now = Date.now() as Millis;
  ledger.write([{ kind: 'meta', key: 'seed', value: String(ledgerSeed) }], { durable: false });
  const batch: Change[] = [];
  for (let number = 0; number < accounts; number++) {
    batch.push(seededAccount(number, friends, now));
    if (batch.length < 100 && number < accounts - 1) continue;
    ledger.write(batch, { durable: false });
    batch.length = 0;
  }
  ledger.close();
}

export type PosternOptions = {
  /** Another checkout's launcher, and the name it has in the table. */
  readonly program?: string;
  readonly name?: string;
  /** More words for `postern up`. */
  readonly words?: readonly string[];
  /** For profiling it. */
  readonly nodeOptions?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/**
 * The guard as an operator runs it: `postern up`, guarding, with a ledger file that knows the
 * accounts.
 */
export async function startPostern(
  people: { readonly accounts: number; readonly friends: number },
  how: PosternOptions = {},
): Promise<MilterServer> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  seedLedger(join(folder, 'ledger.db'), people);
  const running = await runPostern(folder, how);
  return {
    ...running,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The guard on the ledger in this folder. */
export async function runPostern(
  state: string,
  {
    program = postern,
    name = 'postern',
    words = [],
    nodeOptions = '',
    env = {},
  }: PosternOptions = {},
): Promise<MilterServer> {
  const args = ['up', '--state', state, '--port', '0', '--json', '--mode', 'guard', ...words];
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env, NODE_OPTIONS: nodeOptions },
  });
  const ready = JSON.parse(await firstLine(child)) as { doors: { milter: string } };
  return server(name, child, ready.doors.milter, undefined);
}

/** Lets the load process (milter-load.ts) play one order. */
export async function ask(client: ChildProcess, order: LoadOrder): Promise<LoadFigures> {
  client.send(order);
  const [said] = (await once(client, 'message')) as [{ figures?: LoadFigures; error?: string }];
  if (said.figures === undefined) throw new Error(`the client failed: ${said.error}`);
  return said.figures;
}

/** The same milter door, in front of nothing. */
export async function startEmpty(): Promise<MilterServer> {
  const file = join(import.meta.dirname, 'empty-milter.ts');
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ready = JSON.parse(await firstLine(child)) as { address: string };
  return server('empty milter', child, ready.address, undefined);
}

/** Waits for the line by which a program says that it is ready. */
export async function firstLine(child: ChildProcess): Promise<string> {
  assert(child.stdout !== null, 'its standard output is a pipe');
  const lines = createInterface({ input: child.stdout });
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`${child.spawnargs.join(' ')} ended with ${code}`);
  });
  const [line] = await Promise.race([once(lines, 'line'), gone]);
  gone.catch(() => {}); // later it may end
  return String(line);
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

export function server(
  name: string,
  child: ChildProcess,
  address: string,
  folder: string | undefined,
): MilterServer {
  const where = parseMilterAddress(address);
  const { pid } = child;
  assert(where !== undefined && pid !== undefined, `${name} listens on ${address}`);
  return {
    name,
    where,
    pid,
    cpuMs: () => family(pid).reduce((sum, one) => sum + cpuMs(one), 0),
    async [Symbol.asyncDispose]() {
      await stop(child);
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A process and its children. A thread that ends between the listing and the reading has none. */
function family(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    procText(`${pid}/task/${thread}/children`).split(' ').filter(Boolean),
  );
  return [pid, ...children.map(Number)];
}
