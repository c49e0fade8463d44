/**
 * kill -9 in the middle of writing, several times, on the same ledger: whatever a journal has
 * answered for is there afterwards, together and with the messages before it, and the ledger opens
 * clean.
 */
import assertStrict from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Account } from '../../src/core/account-name.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { type Dice, dice, seedOfThisRun } from './dice.ts';

const rounds = 6;
const seed = seedOfThisRun();
const child = fileURLToPath(new URL('./killed-child.ts', import.meta.url));

type Promised = { readonly number: number; readonly messages: number };

/**
 * Lets it write until it has promised some things, kills it there, and answers with all that it had
 * promised.
 */
async function writeAndKill(path: string, first: number, roll: Dice): Promise<readonly Promised[]> {
  const writing = spawn(process.execPath, [child, path, `${first}`, `${1 + roll.below(1e6)}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const killAfter = 1 + roll.below(400);
  const promised: Promised[] = [];
  for await (const line of createInterface({ input: writing.stdout })) {
    const [number = 0, messages = 0] = line.split(' ').map(Number);
    promised.push({ number, messages });
    if (promised.length === killAfter) writing.kill('SIGKILL');
  }
  if (writing.signalCode === null && writing.exitCode === null) await once(writing, 'exit');
  assertStrict.equal(writing.signalCode, 'SIGKILL', 'it was still writing when it was killed');
  return promised;
}

function assertClean(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true });
  assertStrict.deepEqual(
    database
      .prepare('PRAGMA integrity_check')
      .all()
      .map(({ integrity_check }) => integrity_check),
    ['ok'],
  );
  database.close();
}

test(`killed ${rounds} times while writing (SEED=${seed})`, { timeout: 120_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-killed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'ledger.db');
  const roll = dice(seed);
  const all: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = 1 + round * 1_000_000;
    const promised = await writeAndKill(path, first, roll);
    assertClean(path);
    all.push(...promised.map(({ number }) => number));
    const ledger = openLedger(path);
    for (const number of all) {
      const account = `stopped${number}@example.org` as Account;
      assertStrict.equal(ledger.loadAccount(account)?.state, 'suspended', `account ${number}`);
      assertStrict.equal(ledger.incidents({ account, limit: 1 })[0]?.id, `I${number}`);
      assertStrict.equal(ledger.heldOne(`H${number}`)?.account, account);
      assertStrict.ok(ledger.knownHere(2 ** 40 + number) !== undefined, `recipient ${number}`);
    }
    const before = promised.at(-1)?.messages ?? 0;
    for (let message = 1; message <= before; message += 1) {
      assertStrict.ok(ledger.message(`M${first}-${message}`), `message ${message} of ${before}`);
    }
    for (const { id, account } of ledger.incidents({ limit: 100_000 })) {
      assertStrict.equal(ledger.loadAccount(account)?.state, 'suspended', `${id} whole or not`);
      assertStrict.ok(ledger.heldOne(`H${id.slice(1)}`), `${id} whole or not`);
    }
    ledger.close();
  }
  t.diagnostic(`${all.length} promises kept`);
});
