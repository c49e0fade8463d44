/**
 * A full disk, a real one: the ledger says so, keeps what it has, takes back half-written things
 * whole, still reads, and writes again when there is room. Meanwhile whoever waits is answered
 * within five seconds.
 */
import assertStrict from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('./full-disk-child.ts', import.meta.url));
const answerWithinMs = 5_000;

type Said = Readonly<Record<string, unknown>>;

/** Runs the whole story: fills, waits for the answer `false`, makes room, waits for the rest. */
async function story(
  process: ChildProcess & { readonly stdout: Readable },
  makeRoom: () => void,
): Promise<ReadonlyMap<string, Said>> {
  const said = new Map<string, Said>();
  for await (const line of createInterface({ input: process.stdout })) {
    const { what, ...rest }: Said = JSON.parse(line);
    said.set(String(what), rest);
    if (what === 'answered') makeRoom();
  }
  if (process.exitCode === null) await once(process, 'exit');
  assertStrict.equal(process.exitCode, 0);
  return said;
}

function assertStory(said: ReadonlyMap<string, Said>): void {
  const full = said.get('full');
  assertStrict.equal(full?.['code'], 'ledger-write');
  assertStrict.match(String(full['hint']), /disk/);
  const counted = Number(full['counted']);
  assertStrict.ok(counted > 0);
  const reads = said.get('still reads');
  assertStrict.deepEqual(reads, { accounts: counted }, 'whole transactions only');
  assertStrict.match(String(said.get('failing')?.['why']), /ledger\.db/);
  const answered = said.get('answered');
  assertStrict.equal(answered?.['kept'], false);
  assertStrict.ok(Number(answered['afterMs']) < answerWithinMs + 15_000, 'answered in time');
  assertStrict.deepEqual(said.get('after'), { state: 'suspended', held: 1, accounts: counted + 1 });
  assertStrict.deepEqual(said.get('closed'), { log: false });
}

test('a file that may not grow any more, and then may', { timeout: 180_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-limit-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // The soft limit alone, so that it can be lifted again without privileges.
  const limit = `--fsize=${1024 * 1024}:unlimited`;
  const running = spawn('prlimit', [limit, process.execPath, child, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => running.kill('SIGKILL'));
  const lift = (): void => {
    execFileSync('prlimit', ['--pid', `${running.pid}`, '--fsize=unlimited:unlimited']);
  };
  assertStory(await story(running, lift));
});

/** A file system of our own needs root, or a kernel that gives every user a namespace. */
const namespace = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--user', '--map-root-user'];
const mayMount = spawnSync('unshare', [...namespace, 'true']).status === 0;
const skip = mayMount ? false : 'this machine lets nobody but root mount: see the test before';

test('a file system with no room left, and then some', { timeout: 180_000, skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-full-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // With the name of the device, mount leaves out options that this namespace may not set (uid).
  const disk = `mount -t tmpfs -o size=2m,mode=700 tmpfs "$1" && cd "$1" || exit 9
    "$2" "$3" "$1" &
    read -r line
    mount -o remount,size=64m tmpfs "$1" || kill "$!"
    wait "$!"`;
  const running = spawn(
    'unshare',
    [...namespace, 'sh', '-c', disk, 'sh', folder, process.execPath, child],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  t.after(() => running.kill('SIGKILL'));
  assertStory(await story(running, () => running.stdin.end('room\n')));
});
