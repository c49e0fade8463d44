/** Where the key of a webmail may be put. */
import assert from 'node:assert/strict';
import { chown, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFiles, webmailPaths } from './key-files.ts';

const isRoot = process.getuid?.() === 0;
const uid = 60_123;

test('the key belongs to the webmail, the rest to root', { skip: !isRoot }, async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'webmail-key-'));
  t.after(() => rm(root, { recursive: true }));
  const paths = webmailPaths(root, join(root, 'keys/key.pem'));
  await makeFiles(paths, uid);
  const owners = await Promise.all(Object.values(paths).map((path) => stat(path)));
  assert.deepEqual(
    owners.map((one) => [one.uid, one.mode & 0o777]),
    [
      [uid, 0o400],
      [0, 0o644],
      [0, 0o644],
    ],
  );
});

test('not below a folder of another user, who could rename it', { skip: !isRoot }, async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'webmail-key-'));
  t.after(() => rm(root, { recursive: true }));
  const home = join(root, 'joe');
  await mkdir(join(home, 'keys'), { recursive: true });
  await chown(home, uid, uid);
  for (const folder of ['keys', 'new']) {
    const paths = webmailPaths(root, join(home, folder, 'key.pem'));
    await assert.rejects(makeFiles(paths, uid), { code: 'path-of-other' });
  }
  assert.deepEqual(await readdir(home), ['keys']);
  assert.deepEqual(await readdir(join(home, 'keys')), []);
});
