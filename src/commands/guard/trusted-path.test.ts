import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { giveAsRoot, makeFolderAsRoot, otherOnPath, rootDecides } from './trusted-path.ts';

const skip = process.geteuid?.() === 0 ? false : 'only root gives files away';
const uid = 47_131;
const dir = mkdtempSync(join(tmpdir(), 'postern-path-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const at = (...names: readonly string[]): string => join(dir, ...names);

test('a path below folders of root is decided by root', { skip }, () => {
  mkdirSync(at('a', 'b'), { recursive: true });
  symlinkSync('a/b', at('link'));
  symlinkSync('../a/./b', at('a', 'up'));
  for (const names of [
    ['a', 'b'],
    ['a', 'b', 'not', 'there'],
    ['link', 'x'],
    ['a', 'up', 'x'],
  ]) {
    assert.equal(otherOnPath(at(...names)), undefined, names.join('/'));
  }
});

test('a folder or a link of another user on the way is found', { skip }, () => {
  mkdirSync(at('theirs', 'below'), { recursive: true });
  chownSync(at('theirs'), uid, uid);
  mkdirSync(at('shared'));
  chmodSync(at('shared'), 0o1777);
  symlinkSync(dir, at('shared', 'link'));
  lchownSync(at('shared', 'link'), uid, uid);
  symlinkSync('theirs/below', at('into'));
  for (const names of [['theirs', 'below', 'x'], ['into'], ['shared', 'link', 'a'], ['theirs']]) {
    assert.equal(otherOnPath(at(...names))?.uid, uid, names.join('/'));
    assert.throws(() => rootDecides(at(...names)), /user 47131 controls/);
  }
});

test('a folder in which every user renames, and a circle of links, are refused', { skip }, () => {
  mkdirSync(at('open'));
  chmodSync(at('open'), 0o777);
  assert.throws(() => otherOnPath(at('open', 'x')), /every user can change what is in .*open$/);
  symlinkSync('circle', at('circle'));
  assert.throws(() => otherOnPath(at('circle')), { name: 'OperatorError' });
});

test('root gives away a folder below its own, and none below that of another', {
  skip,
}, async () => {
  const rights = { mode: 0o3733, owner: { uid, gid: uid } };
  await makeFolderAsRoot(at('spool', 'postern'), rights);
  await makeFolderAsRoot(at('spool', 'postern'), rights);
  const { mode, uid: owner, gid } = statSync(at('spool', 'postern'));
  assert.deepEqual([mode & 0o7777, owner, gid], [0o3733, uid, uid]);
  mkdirSync(at('victim'), { mode: 0o755 });
  symlinkSync(at('victim'), at('spool', 'postern', 'x'));
  for (const act of [makeFolderAsRoot, giveAsRoot]) {
    await assert.rejects(act(at('spool', 'postern', 'y'), rights), { name: /Error/ });
  }
  await assert.rejects(makeFolderAsRoot(at('spool', 'postern', 'x'), rights), /controls/);
  assert.deepEqual([statSync(at('victim')).uid, statSync(at('victim')).mode & 0o777], [0, 0o755]);
});
