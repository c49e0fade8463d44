/** Announced mailings: which recipients are expected, and how many are left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { announced, countedDown, expectedLeft, expectedOf, withoutExpected } from './expected.ts';

const at = 1_000 as Millis;
const wanted = {
  account: 'club@here.test' as Account,
  recipients: 300,
  until: 9_000 as Millis,
  by: 'op',
  note: '',
  at,
};
const fromThen = { fromNow: false };

test('what is left, until the end and no longer', () => {
  const mailing = announced(wanted, undefined, fromThen);
  assert.equal(expectedLeft(mailing, 8_999 as Millis), 300);
  assert.equal(expectedLeft(mailing, 9_000 as Millis), 0);
  assert.equal(expectedLeft(undefined, at), 0);
  assert.equal(expectedLeft(countedDown(mailing, 120), at), 180);
  assert.equal(expectedLeft(countedDown(mailing, 900), at), 0);
});

test('a new announcement keeps what is used up of one in force', () => {
  const before = countedDown(announced(wanted, undefined, fromThen), 120);
  assert.equal(announced({ ...wanted, recipients: 400 }, before, fromThen).left, 280);
  assert.equal(announced({ ...wanted, recipients: 100 }, before, fromThen).left, 0);
  assert.equal(announced(wanted, before, { fromNow: true }).left, 300);
  const later = { ...wanted, at: 9_000 as Millis, until: 19_000 as Millis };
  assert.equal(announced(later, before, fromThen).left, 300, 'that one has ended');
});

test('expected recipients count for nothing: strangers first, known ones never', () => {
  const counts = { outside: 9, local: 2, stranger: 3, lately: 2, knownHere: 1, newLocal: 1 };
  assert.equal(expectedOf(counts, 100), 6);
  assert.deepEqual(withoutExpected(counts, 100), {
    ...counts,
    outside: 3,
    stranger: 0,
    lately: 0,
    knownHere: 0,
  });
  assert.deepEqual(withoutExpected(counts, 4), { ...counts, outside: 5, stranger: 0, lately: 1 });
  assert.equal(withoutExpected(counts, 0), counts);
});

test('never fewer than none, and as many less as were used', () => {
  const count = fc.nat(1_000);
  fc.assert(
    fc.property(count, count, count, count, count, (known, stranger, lately, knownHere, left) => {
      const counts = {
        outside: known + stranger + lately + knownHere,
        stranger,
        lately,
        knownHere,
      };
      const rest = withoutExpected(counts, left);
      for (const one of Object.values(rest)) assert.ok(one >= 0);
      assert.equal(counts.outside - rest.outside, expectedOf(counts, left));
      const fresh = rest.stranger + rest.lately + rest.knownHere;
      assert.equal(rest.outside - fresh, known);
    }),
  );
});
