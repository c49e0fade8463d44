/** What postalias(1) writes into a table beside the aliases is no alias. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tableEntries } from '../../src/partners/postfix/lists.ts';
import { scratchFiles } from '../scratch-files.ts';

test('a table made by postalias has the aliases of its file, and nothing else', async () => {
  const { folder } = scratchFiles('alias-tables');
  const table = `hash:${join(folder, 'aliases')}`;
  writeFileSync(join(folder, 'main.cf'), 'compatibility_level = 3.6\n');
  writeFileSync(join(folder, 'aliases'), 'root: joe\ninfo: ann, joe\n');
  execFileSync('/usr/sbin/postalias', ['-c', folder, table]);
  const entries = await tableEntries(table, folder);
  assert.deepEqual(
    entries?.toSorted((one, other) => (one.key < other.key ? -1 : 1)),
    [
      { key: 'info', value: 'ann, joe' },
      { key: 'root', value: 'joe' },
    ],
  );
});
