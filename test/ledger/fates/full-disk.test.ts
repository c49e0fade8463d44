/** A full disk is said, nothing waits for it, and what waits in memory is written afterwards. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findInDays } from '../../../src/ledger/fates/find.ts';
import { freshFolder } from './folder.ts';

const child = fileURLToPath(new URL('./writing-child.ts', import.meta.url));

test('files that may not grow any more, and then may', { timeout: 120_000 }, async (t) => {
  const folder = freshFolder(t);
  const limit = `--fsize=${600 * 1024}:unlimited`;
  const running = spawn('prlimit', [limit, process.execPath, child, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => running.kill('SIGKILL'));
  let why = '';
  let settledInTrouble = 0;
  let isFine = false;
  let upTo = 0;
  for await (const line of createInterface({ input: running.stdout })) {
    const { what, value } = JSON.parse(line) as { what: string; value: number };
    if (what === 'settled' && why !== '' && !isFine && ++settledInTrouble === 3) {
      // The log is read on, and its place is kept.
      execFileSync('prlimit', ['--pid', `${running.pid}`, '--fsize=unlimited:unlimited']);
    }
    if (what === 'trouble' && why === '') why = String(value);
    if (what === 'fine' && why !== '') isFine = true;
    if (what === 'settled' && isFine) {
      upTo = value;
      break;
    }
  }
  running.kill('SIGKILL');
  if (running.signalCode === null) await once(running, 'exit');
  assert.match(why, /^What became of messages is not recorded now: .*(?:full|disk)/);
  assert.ok(settledInTrouble >= 3);
  // Also what was told while the disk was full.
  for (let number = 1; number <= upTo; number += Math.max(1, Math.floor(upTo / 200))) {
    const { found } = findInDays(folder, { recipient: `r${number}@example.net`, limit: 9 });
    assert.equal(found.length, 1, `message ${number} of ${upTo}`);
  }
});
