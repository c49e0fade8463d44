/** Waking pickup(8) as a user that may not look into its folder, as a guard without systemd. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { wakePickup } from './sendmail.ts';

const isRoot = process.getuid?.() === 0;

test('where nobody listens it says so; a folder that is closed ends nothing', async () => {
  const queue = mkdtempSync(join(tmpdir(), 'ppk-'));
  try {
    assert.equal(await wakePickup(queue), false);
    mkdirSync(join(queue, 'public'));
    assert.equal(await wakePickup(queue), false);
    chmodSync(queue, 0o755);
    chmodSync(join(queue, 'public'), 0);
    const module = join(import.meta.dirname, 'sendmail.ts');
    const code = `import('${module}').then(async ({ wakePickup }) =>
      console.log(await wakePickup('${queue}')))`;
    const node = [process.execPath, '--no-warnings', '--input-type=module', '-e', code];
    const as = ['setpriv', '--reuid', '64003', '--regid', '64003', '--clear-groups'];
    const [program = '', ...words] = isRoot ? [...as, ...node] : node;
    const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
    assert.deepEqual([status, stdout.trim()], [0, 'true'], stderr);
  } finally {
    chmodSync(join(queue, 'public'), 0o700);
    rmSync(queue, { recursive: true });
  }
});
