/** Postfix's real tools, for an instance that does not run. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { postfix } from '../../src/partners/postfix/queue.ts';
import { ownTools } from '../../src/partners/privileged-tools.ts';

test('a Postfix that does not run is called that, and not malformed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postfix-down-'));
  try {
    for (const name of ['queue', 'data']) mkdirSync(join(folder, name));
    const lines = ['compatibility_level = 3.6', `queue_directory = ${folder}/queue`];
    writeFileSync(
      join(folder, 'main.cf'),
      [...lines, `data_directory = ${folder}/data\n`].join('\n'),
    );
    writeFileSync(join(folder, 'master.cf'), '');
    const down = postfix({ tools: ownTools({ postfixConfig: folder }) });
    await assert.rejects(down.onHold(['4bXm2R7hQzz2']), {
      code: 'postfix-down',
      message: 'Postfix is not running, so its queue is not listed',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
