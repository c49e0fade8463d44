/** The book against a plain Map: whatever is added, asked for and forgotten, they agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecipientBook } from './recipient-book.ts';

const hashes = fc.integer({ min: 0, max: 400 }).map((number) => number * 22_517_998_136_852);
const entries = fc.array(fc.tuple(hashes, fc.integer({ min: 1, max: 90 })), { maxLength: 300 });

function bookOf(known: ReadonlyMap<number, number>): RecipientBook {
  const sorted = [...known].sort(([one], [other]) => one - other);
  return new RecipientBook(
    Float64Array.from(sorted, ([hash]) => hash),
    Uint32Array.from(sorted, ([, minute]) => minute),
  );
}

test('a book knows what a Map would know', () => {
  fc.assert(
    fc.property(entries, entries, fc.integer({ min: 0, max: 100 }), (stored, added, since) => {
      const model = new Map(stored);
      const book = bookOf(model);
      for (const [hash, minute] of added) {
        assert.equal(book.has(hash), model.has(hash));
        assert.equal(book.get(hash), model.get(hash));
        if (model.has(hash)) continue;
        model.set(hash, minute);
        book.add(hash, minute);
        assert.equal(book.get(hash), minute);
        assert.equal(book.size, model.size);
      }
      const late = [...model].filter(([, minute]) => minute >= since);
      for (const [hash] of late) model.delete(hash);
      assert.deepEqual(book.forgetSince(since), late.sort(([one], [other]) => one - other).flat());
      assert.deepEqual(
        [...book],
        [...model].sort(([one], [other]) => one - other),
      );
      for (const [hash] of added) assert.equal(book.get(hash), model.get(hash));
    }),
  );
});

test('an empty book knows nobody and forgets nobody', () => {
  const book = new RecipientBook();
  assert.equal(book.size, 0);
  assert.equal(book.has(7), false);
  assert.equal(book.get(7), undefined);
  assert.deepEqual(book.forgetSince(0), []);
});
