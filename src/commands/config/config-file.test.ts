import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeConfigText } from './config-file.ts';

test('the file keeps its mode under any umask, and a link to it stays one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
  const umask = process.umask(0o077);
  try {
    const file = join(folder, 'postern.toml');
    const link = join(folder, 'link.toml');
    writeFileSync(file, 'old');
    chmodSync(file, 0o640);
    symlinkSync('postern.toml', link);
    writeConfigText(link, 'new');
    assert.equal(readFileSync(file, 'utf8'), 'new');
    assert.equal(lstatSync(file).mode & 0o777, 0o640);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.deepEqual(readdirSync(folder).sort(), ['link.toml', 'postern.toml']);
  } finally {
    process.umask(umask);
    rmSync(folder, { recursive: true });
  }
});
