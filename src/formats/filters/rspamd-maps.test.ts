/** Which row of a map counts; tried with rspamd in test/integration/rspamd-tables.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { globEnd, matchesGlob } from './glob.ts';
import { GlobIndex } from './glob-index.ts';
import { RspamdMap } from './rspamd-maps.ts';

function chosen(patterns: readonly string[], text: string): string | undefined {
  const rows = patterns.map((pattern, nth) => [pattern, `${nth}`] as const);
  const found = new RspamdMap(rows, { patterns: true }).find(text);
  return found === undefined ? undefined : `${found.value} (${found.first}) of ${found.pattern}`;
}

test('patterns: the match that ends first, then the first row; case counts', () => {
  assert.equal(chosen(['k10', 'k1'], 'k10'), '1 (0) of k1');
  assert.equal(chosen(['rs', 's'], 'rs'), '0 (0) of rs');
  assert.equal(chosen(['v*x', 'vw'], 'vwx'), '1 (0) of vw');
  assert.equal(chosen(['g?i'], 'xghix'), '0 (0) of g?i');
  assert.equal(chosen(['MN'], 'mn'), undefined);
  assert.equal(chosen(['*@a.test', '*@*'], 'joe@a.test'), '1 (0) of *@*');
  // Hyperscan takes no pattern that fits the empty text; then the first row counts.
  assert.equal(chosen(['*@a.test', '*@a.te', '*'], 'joe@a.test'), '0 (0) of *@a.test');
});

test('exact keys: without case, the last row', () => {
  const rows = [
    ['UP.test', 'a'],
    ['up.test', 'b'],
  ] as const;
  assert.equal(new RspamdMap(rows, { patterns: false }).valueOf('Up.test'), 'b');
});

const texts = fc.string({ unit: fc.constantFrom('a', 'b', '?', '*'), maxLength: 6 });

test('each pattern that matches is a candidate, and ends where its first match ends', () => {
  fc.assert(
    fc.property(fc.array(texts), texts, (patterns, text) => {
      const candidates = new GlobIndex(patterns).candidates(text);
      for (const [nth, pattern] of patterns.entries()) {
        const ends = Array.from({ length: text.length + 1 }, (_, end) => end);
        const wanted = ends.find((end) =>
          matchesGlob(`*${pattern}`, text.slice(0, end), { single: true }),
        );
        assert.equal(globEnd(pattern, text), wanted, `${pattern} ${text}`);
        if (wanted !== undefined) assert.ok(candidates.includes(nth));
      }
    }),
  );
});
