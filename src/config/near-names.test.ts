import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { didYouMean, similarNames } from './near-names.ts';

const names = ['joe.weber@example.org', 'joe@example.org', 'anna@example.org', 'notices', 'mode'];
const cases: readonly (readonly [string, readonly string[]])[] = [
  ['joe.webre@example.org', ['joe.weber@example.org']],
  ['Joe.Weber@exmaple.org', ['joe.weber@example.org']],
  ['joe', ['joe@example.org']],
  ['notice', ['notices']],
  ['mdoe', ['mode']],
  ['mo', []],
  ['nobody@elsewhere.test', []],
  ['', []],
];
for (const [given, wanted] of cases) {
  test(`near ${given || 'nothing'}`, () => assert.deepEqual(similarNames(given, names), wanted));
}

test('a name is most similar to itself, and at most three are named', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 6 }), { minLength: 1 }), (all) => {
      const [first = ''] = all;
      const found = similarNames(first, all);
      assert.ok(found.length <= 3);
      if (first.trim() === first && first.length > 5) {
        assert.ok(found.some((name) => name.toLowerCase() === first.toLowerCase()));
      }
    }),
  );
});

test('the question', () => {
  assert.equal(didYouMean([]), '');
  assert.equal(didYouMean(['a']), 'did you mean a?');
  assert.equal(didYouMean(['a', 'b', 'c']), 'did you mean a, b or c?');
});
