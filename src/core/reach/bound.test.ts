/** What a bound is made of, and what lowers it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dayMs, type Millis } from '../../lib/time.ts';
import { type BoundFacts, type ReachNumbers, reachBound, reachWindows } from './bound.ts';
import {
  isReachToTell,
  newReach,
  noteReached,
  noteTold,
  type ReachMost,
  reachMost,
} from './reach.ts';

const least = { day: 32, week: 88, month: 120 };
const limitsOf = (
  { day, week, month }: ReachNumbers,
  from: ReachMost['from'] = 'every account',
): BoundFacts['limits'] => ({
  day: { count: day, from },
  week: { count: week, from },
  month: { count: month, from },
});
const usual: BoundFacts = {
  limits: limitsOf(least),
  reached: { day: 2, week: 9, month: 30 },
  invited: { day: 0, week: 0, month: 0 },
  expected: 0,
  isExempt: false,
  ceilings: { hour: 0, day: 0 },
  hasWeakPassword: false,
};

const cases: readonly (readonly [string, Partial<BoundFacts>, readonly unknown[]])[] = [
  ['an account like every one', {}, [least, 'every account', ['set ceiling']]],
  [
    'one that writes to many strangers itself',
    { limits: limitsOf({ day: 32, week: 400, month: 1_500 }, 'its own mail') },
    [{ day: 32, week: 400, month: 1_500 }, 'its own mail', ['announce', 'set ceiling']],
  ],
  [
    'a fixed ceiling a day: a span of 24 hours touches two days of the clock',
    { ceilings: { hour: 0, day: 10 } },
    [{ day: 20, week: 80, month: 120 }, 'a fixed ceiling', []],
  ],
  [
    'a fixed ceiling an hour',
    { ceilings: { hour: 1, day: 0 } },
    [{ day: 25, week: 88, month: 120 }, 'a fixed ceiling', []],
  ],
  ['a high ceiling changes nothing', { ceilings: { hour: 500, day: 900 } }, [least]],
  [
    'people who may have written first come on top',
    { invited: { day: 4, week: 20, month: 80 } },
    [{ day: 36, week: 108, month: 200 }, 'every account', ['set ceiling']],
  ],
  [
    'an announced mailing comes on top',
    { expected: 300 },
    [{ day: 332, week: 388, month: 420 }, 'every account', ['set ceiling']],
  ],
  [
    'an exempt account has none',
    { isExempt: true },
    [undefined, 'every account', ['end exemption', 'set ceiling']],
  ],
  [
    'a guessed password',
    { hasWeakPassword: true },
    [least, 'every account', ['change password', 'set ceiling']],
  ],
];
for (const [name, facts, [most, source, steps]] of cases) {
  test(name, () => {
    const bound = reachBound({ ...usual, ...facts });
    assert.deepEqual(bound.most, most);
    if (source !== undefined) assert.equal(bound.sources.day, source);
    if (steps !== undefined) assert.deepEqual(bound.steps, steps);
  });
}

test('no ceiling and no exemption: never less than the limits, never more with a ceiling', () => {
  const count = fc.nat(10_000);
  const numbers = fc.record({ day: count, week: count, month: count });
  fc.assert(
    fc.property(numbers, count, count, count, (limits, expected, hour, day) => {
      const facts = { ...usual, limits: limitsOf(limits), expected };
      const free = reachBound(facts).most;
      const capped = reachBound({ ...facts, ceilings: { hour, day } }).most;
      for (const window of reachWindows) {
        assert.equal(free?.[window], limits[window] + expected);
        assert.ok((capped?.[window] ?? 0) <= (free?.[window] ?? 0));
      }
    }),
  );
});

test('what may be reached unseen says why it is more than for every account', () => {
  const at = (day: number): Millis => ((20_000 + day) * dayMs) as Millis;
  const reach = newReach();
  noteReached(reach, at(0), 1);
  assert.deepEqual(reachMost(reach, at(1))[0], { count: 48, from: 'its first 30 days' });
  for (let day = 1; day < 40; day++) noteReached(reach, at(day), 1);
  assert.deepEqual(reachMost(reach, at(40))[0], { count: 32, from: 'every account' });
  noteTold(reach, at(40), [40, 40, 60]);
  // For a day after a notice, a second one comes only at twice as much, then at a fifth more.
  for (const [day, again] of [
    [40.5, 80],
    [41, 80],
    [41.2, 48],
    [46, 48],
  ] as const) {
    assert.deepEqual(reachMost(reach, at(day))[0], { count: again, from: 'a notice before' });
    assert.equal(isReachToTell(reach, at(day), [again, 0, 0]), false);
    assert.equal(isReachToTell(reach, at(day), [again + 1, 0, 0]), true);
  }
  assert.equal(reachMost(reach, at(48))[0].count, 32);
  assert.equal(isReachToTell(reach, at(48), [33, 0, 0]), true);
});
