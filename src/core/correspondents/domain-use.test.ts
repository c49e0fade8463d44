/** How many accounts use a domain, and since when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../lib/time.ts';
import { type DomainUse, usedBy, useKeptDays, usersMax, usersOf } from './domain-use.ts';

const at = (days: number): Millis => ((20_000 + days) * dayMs) as Millis;

/** Uses by accounts on days, one after another. */
function after(...uses: readonly (readonly [user: number, day: number])[]): DomainUse {
  let use: DomainUse | undefined;
  for (const [user, day] of uses) use = usedBy(use, user, at(day)) ?? use;
  return use ?? assert.fail('no use');
}

test('each account counts once, until it has not used the domain for months', () => {
  const use = after([1, 0], [2, 1], [1, 2], [1, 30]);
  const rows = [
    [30, 2],
    [1 + useKeptDays - 1, 2],
    [1 + useKeptDays, 1],
    [30 + useKeptDays, 0],
  ] as const;
  for (const [day, wanted] of rows) assert.equal(usersOf(use, at(day)), wanted, `day ${day}`);
  assert.equal(use.firstAt, at(0));
});

test('a use soon after the last one changes nothing, so nothing is written', () => {
  const use = after([1, 0]);
  assert.deepEqual(
    [0, 6, 7].map((day) => usedBy(use, 1, at(day)) === undefined),
    [true, true, false],
  );
  assert.equal(usedBy(use, 1, at(-3)), undefined, 'the clock was set back');
});

test('a domain that nobody used for months begins anew', () => {
  const use = after([1, 0], [2, useKeptDays]);
  assert.deepEqual([use.firstAt, use.users], [at(useKeptDays), [2, 20_000 + useKeptDays]]);
});

test('of more accounts than are told apart, the one that used it longest ago goes', () => {
  const first = Array.from({ length: usersMax }, (_, nth) => [nth + 1, nth] as const);
  const full = after(...first);
  assert.equal(usedBy(full, 99, at(6)), undefined, 'all have used it this week');
  const later = usedBy(full, 99, at(8)) ?? assert.fail();
  assert.equal(later.users.length, 2 * usersMax);
  assert.deepEqual(
    [1, 99].map((user) => later.users.includes(user)),
    [false, true],
  );
});
