import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { folded } from './config.ts';

test('a long value is folded behind commas', () => {
  assert.deepEqual(folded('["127.0.0.1", "10.0.0.0/8", "192.0.2.1"]', 20), [
    '["127.0.0.1",',
    '"10.0.0.0/8",',
    '"192.0.2.1"]',
  ]);
});

test('no line is wider than there is room, and nothing but spaces is lost', () => {
  const words = fc.array(fc.stringMatching(/^[a-z,"]{1,40}$/)).map((all) => all.join(' '));
  fc.assert(
    fc.property(words, fc.integer({ min: 5, max: 60 }), (value, width) => {
      const lines = folded(value, width);
      assert.ok(lines.every((line) => line.length <= width));
      assert.equal(lines.join('').replaceAll(' ', ''), value.replaceAll(' ', ''));
    }),
  );
});
