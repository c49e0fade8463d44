/** Killed while it writes: what was settled is there, once, and the files open again. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findInDays } from '../../../src/ledger/fates/find.ts';
import { freshFolder } from './folder.ts';

const child = fileURLToPath(new URL('./writing-child.ts', import.meta.url));
const rounds = 6;

test('kill -9 during writes loses nothing that was settled', { timeout: 120_000 }, async (t) => {
  const folder = freshFolder(t);
  let first = 1;
  const settled: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const running = spawn(process.execPath, [child, folder, String(first)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => running.kill('SIGKILL'));
    let last = 0;
    let heard = 0;
    for await (const line of createInterface({ input: running.stdout })) {
      const { what, value } = JSON.parse(line) as { what: string; value: number };
      if (what === 'settled') last = value;
      // In the middle of a batch, another one each round.
      if (++heard === 3 + round * 2) running.kill('SIGKILL');
    }
    if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
    assert.ok(last >= first, `something was settled in round ${round}`);
    // What was told before counts, and is told again from there, as after a restart of the guard.
    settled.push(last);
    first = last - 20;
  }
  const upTo = settled.at(-1) ?? 0;
  for (let number = 1; number <= upTo; number += Math.max(1, Math.floor(upTo / 200))) {
    const { found, partial } = findInDays(folder, {
      recipient: `r${number}@example.net`,
      limit: 9,
    });
    assert.equal(partial, '');
    assert.equal(found.length, 1, `message ${number} of ${upTo}`);
    assert.equal(found[0]?.judged?.queueId, `4n${number}`);
    assert.equal(found[0]?.logged?.queueId, `4n${number}`);
    assert.deepEqual(
      found[0]?.recipients.map(({ attempts }) => attempts.length),
      [1, 1],
    );
  }
});
