/** Whose a script is, where one may look and where not. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { ownerOf } from './process-facts.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-owner-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const onlyRoot = process.getuid?.() === 0 ? false : 'only root gives files away';

test('the owner of a file; nobody of a file that is not there', () => {
  writeFileSync(join(folder, 'a.php'), '');
  assert.equal(ownerOf(join(folder, 'a.php')), process.getuid?.());
  assert.equal(ownerOf(join(folder, 'b.php')), undefined);
  assert.equal(ownerOf('a.php'), undefined);
});

test('in a folder closed to us, the owner of the folder', { skip: onlyRoot }, () => {
  chmodSync(folder, 0o755);
  const closed = join(folder, 'shop');
  mkdirSync(join(closed, 'htdocs'), { recursive: true });
  writeFileSync(join(closed, 'htdocs/a.php'), '');
  chownSync(closed, 33, 33);
  chmodSync(closed, 0o700);
  const module = resolve(import.meta.dirname, 'process-facts.ts');
  const program = `const { ownerOf } = await import(${JSON.stringify(module)});
    console.log(String(ownerOf(${JSON.stringify(join(closed, 'htdocs/a.php'))})));`;
  const asNobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const node = [process.execPath, '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync('setpriv', [...asNobody, ...node], { encoding: 'utf8' });
  assert.equal(stdout, '33\n', stderr);
});
