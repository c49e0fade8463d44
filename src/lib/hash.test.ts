/** The recipient hash: exact in a double, spread evenly, different with another seed. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { hash53, hmacSha256 } from './hash.ts';

const count = 200_000;
const address = (i: number): string => `person${i}@company-${i % 18}.example`;

test('the hash is a whole number that a double holds exactly', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer(), (text, seed) => {
      const hash = hash53(text, seed);
      assert.ok(Number.isSafeInteger(hash) && hash >= 0);
      assert.equal(hash53(text, seed), hash);
    }),
  );
});

test('200,000 addresses that look alike do not collide', () => {
  const seen = new Set<number>();
  for (let i = 0; i < count; i++) seen.add(hash53(address(i), 1));
  assert.equal(seen.size, count);
});

test('each of the 53 bits is set half of the time', () => {
  const set = new Uint32Array(53);
  const hashes = 20_000;
  for (let i = 0; i < hashes; i++) {
    let left = hash53(address(i), 1);
    for (let bit = 0; bit < 53; bit++) {
      set[bit] = (set[bit] ?? 0) + (left % 2);
      left = Math.floor(left / 2);
    }
  }
  for (const [bit, times] of set.entries()) {
    assert.ok(Math.abs(times / hashes - 0.5) < 0.03, `bit ${bit}: ${times / hashes}`);
  }
});

test('the seed matters: who knows one ledger knows nothing of another', () => {
  let same = 0;
  const gaps = new Set<number>();
  for (let i = 0; i < 1_000; i++) {
    const [one, other] = [hash53(address(i), 1), hash53(address(i), 2)];
    if (one === other) same++;
    gaps.add(one - other);
  }
  assert.equal(same, 0);
  assert.equal(gaps.size, 1_000);
});

test('the HMAC is that of node:crypto', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.string({ unit: 'grapheme' }),
      (bytes, text) => {
        const key = Buffer.from(bytes);
        const mac = hmacSha256(key)(text);
        assert.deepEqual(mac, createHmac('sha256', key).update(text).digest());
      },
    ),
  );
});
