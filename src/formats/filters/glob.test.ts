/** Patterns of configuration files, compared with regular expressions that say the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import { matchesGlob } from './glob.ts';

const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.', '?', '*'), maxLength: 8 });

test('as a regular expression', () => {
  fc.assert(
    fc.property(texts, texts, fc.boolean(), (pattern, text, single) => {
      const source = [...pattern].map((one) =>
        one === '*' ? '.*' : one === '?' && single ? '.' : `\\${one}`.replace(/\\(?=\w)/, ''),
      );
      const wanted = new RegExp(`^${source.join('')}$`).test(text);
      assert.equal(matchesGlob(pattern, text, { single }), wanted, `${pattern} ${text}`);
    }),
  );
});

test('many stars take no time', () => {
  const { ms, value } = timed(() => matchesGlob(`${'*a'.repeat(30)}*b`, 'a'.repeat(250)));
  assert.equal(value, false);
  assert.ok(ms < 2_000, `${ms} ms`);
});
