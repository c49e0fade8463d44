/** Token files: kept, made anew, and never readable by others. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepToken } from './token-file.ts';

const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';

function inFolder(use: (path: string, keep: () => string, log: readonly string[]) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'ptf-'));
  const path = join(folder, 'token');
  const log: string[] = [];
  const keep = (): string => keepToken(path, (_level, event) => log.push(event));
  try {
    use(path, keep, log);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function assertPrivate(path: string): void {
  const found = lstatSync(path);
  assert.ok(found.isFile());
  assert.equal(found.mode & 0o777, 0o600);
}

test('the first start makes a token, and the next one keeps it', () =>
  inFolder((path, keep, log) => {
    const made = keep();
    assert.match(made, /^[\w-]{32}$/);
    assertPrivate(path);
    assert.equal(keep(), made);
    assert.equal(readFileSync(path, 'utf8'), `${made}\n`);
    assert.deepEqual(log, []);
  }));

for (const mode of [0o644, 0o640, 0o666, 0o602]) {
  test(`mode ${mode.toString(8)} becomes 600, and the token stays`, () =>
    inFolder((path, keep, log) => {
      writeFileSync(path, token);
      chmodSync(path, mode);
      assert.equal(keep(), token);
      assertPrivate(path);
      assert.equal(keep(), token);
      assert.deepEqual(log, ['token.mode-changed']);
    }));
}

const unusable: readonly (readonly [string, (path: string) => void])[] = [
  ['too short', (path) => writeFileSync(path, 'hunter2\n', { mode: 0o600 })],
  ['too long', (path) => writeFileSync(path, 'x'.repeat(2_000), { mode: 0o600 })],
  [
    'a link',
    (path) => {
      writeFileSync(`${path}.other`, token, { mode: 0o644 });
      symlinkSync(`${path}.other`, path);
    },
  ],
  ['a pipe', (path) => void execFileSync('mkfifo', [path])],
];
for (const [what, make] of unusable) {
  test(`what is ${what} is replaced by a new token`, () =>
    inFolder((path, keep, log) => {
      make(path);
      const made = keep();
      assert.match(made, /^[\w-]{32}$/);
      assertPrivate(path);
      assert.equal(keep(), made);
      assert.deepEqual(log, ['token.replaced']);
      if (what === 'a link') assert.equal(lstatSync(`${path}.other`).mode & 0o777, 0o644);
    }));
}

test('a link in the place of the temporary file is not followed', () =>
  inFolder((path, keep) => {
    symlinkSync(`${path}.other`, `${path}.tmp`);
    keep();
    assertPrivate(path);
    assert.equal(lstatSync(`${path}.other`, { throwIfNoEntry: false }), undefined);
  }));
