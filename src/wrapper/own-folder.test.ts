import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { spoolMessage } from './spool-message.ts';

const dir = mkdtempSync(join(tmpdir(), 'postern-spool-'));
const before = process.cwd();
after(() => {
  process.chdir(before);
  rmSync(dir, { recursive: true, force: true });
});

/** Puts a link to another folder of the user in the place of the user's folder, and back. */
const swapper = `
const { renameSync, symlinkSync, unlinkSync } = require('node:fs');
const { workerData: { folder, victim, state } } = require('node:worker_threads');
while (Atomics.load(state, 0) === 0) {
  try {
    renameSync(folder, folder + '.away');
    symlinkSync(victim, folder);
    Atomics.add(state, 1, 1);
    unlinkSync(folder);
    renameSync(folder + '.away', folder);
  } catch { // a new folder was made meanwhile
    require('node:fs').rmSync(folder + '.away', { recursive: true, force: true });
  }
}`;

test('whoever owns the spool, a message goes into it and into no other folder', async () => {
  const spool = join(dir, 'spool');
  const folder = join(spool, String(process.getuid?.()));
  const victim = join(dir, 'victim');
  mkdirSync(folder, { recursive: true });
  mkdirSync(victim);
  const state = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(swapper, { eval: true, workerData: { folder, victim, state } });
  const umask = process.umask();
  try {
    const swapped = (): number => Atomics.load(state, 1);
    for (let nth = 0; nth < 400 || swapped() < 2_000; nth++) {
      const id = `${Date.now()}.${String(nth).padStart(16, '0')}`;
      spoolMessage(spool, id, Buffer.from('a message'));
      process.chdir(before);
      assert.deepEqual(readdirSync(victim), [], `after ${nth} messages`);
      if (nth % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    process.umask(umask);
    Atomics.store(state, 0, 1);
    await worker.terminate();
  }
});
