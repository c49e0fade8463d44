/**
 * Settings of yescrypt and scrypt as mkpasswd writes them, and such as only somebody makes who
 * means harm.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scryptKiB, scryptRate, yescryptKiB, yescryptRate } from './memory-cost.ts';
import { readHash } from './read-hash.ts';

const about = { scheme: 'CRYPT', account: '' };

test('memory of what mkpasswd makes, cheapest to dearest', () => {
  const mib = (settings: string): number => yescryptKiB(settings) / 1_024;
  assert.deepEqual(['j75', 'j7T', 'j9T', 'jBT', 'jFT'].map(mib), [1, 4, 16, 64, 1_024]);
  assert.deepEqual(
    ['BU..../....', 'GU..../....'].map((one) => Math.round(scryptKiB(one) / 1_024)),
    [...[32, 1_024]],
  );
  assert.equal(yescryptRate('j9T'), 40);
});

test('a number of several digits', () => {
  // libxcrypt's own encoding: 48 and more take two digits, the first of which is "k" or above.
  assert.equal(yescryptKiB('j9k.') / yescryptKiB('j9T'), 49 / 32);
  assert.ok(yescryptRate('j9T......') < 1);
  assert.ok(scryptRate('CU....z....') < 0.5);
});

test('more memory than a mail server can spare is not tried', () => {
  const end = `abcdefghijklmnop$${'a'.repeat(43)}`;
  for (const [text, kind] of [
    [`$y$jFT$${end}`, 'hash'],
    [`$y$jHT$${end}`, 'unknown'],
    [`$gy$jUT$${end}`, 'unknown'],
    [`$7$GU..../....${end}`, 'hash'],
    [`$7$TU..../....${end}`, 'unknown'],
    [`$7$/zzzzzzzzzz${end}`, 'unknown'],
  ] as const) {
    assert.equal(readHash(text, about).kind, kind, text);
  }
});
