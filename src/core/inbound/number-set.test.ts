import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NumberSet } from './number-set.ts';

test('it holds what was added and nothing else, like a Set', () => {
  // Few low bits, so that many hashes want the same place.
  const hash = fc.tuple(fc.nat(40), fc.nat(5)).map(([high, low]) => high * 2 ** 32 + low + 1);
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 300, size: 'max' }), (hashes) => {
      const set = new NumberSet();
      const model = new Set<number>();
      for (const one of hashes) {
        assert.equal(set.has(one), model.has(one));
        assert.equal(set.add(one), !model.has(one));
        model.add(one);
      }
      assert.equal(set.size, model.size);
      for (const one of model) assert.ok(set.has(one));
    }),
    { numRuns: 50 },
  );
});
