/** Which files are taken as a secret, and what is said of the others. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { readSecretFile } from './secret-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'secret-'));
after(() => rmSync(folder, { recursive: true }));

const cases: readonly (readonly [string, string, number, string | RegExp])[] = [
  ['its owner alone reads it', 'key\n', 0o600, 'key'],
  ['its group reads it too', 'a key with spaces', 0o640, 'a key with spaces'],
  ['anybody reads it', 'key', 0o644, /can be read or changed by every user/],
  ['anybody writes it', 'key', 0o602, /can be read or changed by every user/],
  ['nothing is in it', ' \n', 0o600, /is empty/],
  ['it is no key', 'x'.repeat(5_000), 0o600, /is longer than 4096 bytes/],
];
for (const [name, text, mode, want] of cases) {
  test(name, () => {
    const path = join(folder, 'webhook.secret');
    writeFileSync(path, text);
    chmodSync(path, mode);
    if (typeof want === 'string') assert.equal(readSecretFile(path), want);
    else assert.throws(() => readSecretFile(path), refusal(want));
  });
}

test('it is not there', () => {
  assert.throws(() => readSecretFile(join(folder, 'none')), refusal(/cannot be read/));
});

function refusal(words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof OperatorError);
    assert.equal(error.exit, sysexits.config);
    assert.match(error.message, words);
    assert.ok((error.hint ?? '').includes(folder), 'how to fix it');
    return true;
  };
}
