/** The table does what a Map does, whatever is added, changed and removed in which order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HashTable } from './hash-table.ts';

// Few places, so that hashes meet: the lower bits of many are equal.
const hash = fc
  .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 3 }))
  .map(([low, high]) => low + high * 2 ** 32 + (low % 2 === 0 ? 1_000 : 0));
const step = fc.tuple(fc.constantFrom('set', 'set', 'delete'), hash, fc.nat());

test('it does what a Map does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new HashTable();
      const map = new Map<number, number>();
      for (const [what, key, value] of steps) {
        if (what === 'set') {
          table.set(key, value);
          map.set(key, value);
        } else {
          table.delete(key);
          map.delete(key);
        }
      }
      assert.equal(table.size, map.size);
      for (const [, key] of steps) {
        assert.equal(table.get(key), map.get(key));
        assert.equal(table.has(key), map.has(key));
      }
    }),
  );
});

test('it grows, and keeps what it has', () => {
  const table = new HashTable();
  for (let key = 0; key < 20_000; key++) table.set(key * 2 ** 12, key);
  assert.equal(table.size, 20_000);
  for (let key = 0; key < 20_000; key++) assert.equal(table.get(key * 2 ** 12), key);
});
