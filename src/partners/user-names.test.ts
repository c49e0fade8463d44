/** Names of users, and a file that changes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openUserNames } from './user-names.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-users-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('the first name of each number; a change is seen; no file, no names', () => {
  const path = join(folder, 'passwd');
  writeFileSync(
    path,
    'root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbad line\nwww:x:33:33::/:\n',
  );
  utimesSync(path, 1, 1);
  const name = openUserNames(path);
  assert.deepEqual([name(0), name(33), name(34)], ['root', 'www', '']);
  writeFileSync(path, 'web7:x:34:34::/:\n');
  utimesSync(path, 2, 2);
  assert.deepEqual([name(33), name(34)], ['', 'web7']);
  assert.equal(openUserNames(join(folder, 'none'))(0), '');
});
