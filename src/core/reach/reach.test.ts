/** How many strangers an account reaches: windows, limits, notices, and a clock that was wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';
import {
  isReachToTell,
  newReach,
  noteReached,
  noteTold,
  type Reach,
  reached,
  reachLeast,
  reachLimits,
  reachMost,
} from './reach.ts';

const [dayLeast, weekLeast, monthLeast] = reachLeast;
const start = Date.UTC(2026, 0, 5);
const at = (days: number, hours = 10): Millis => (start + days * dayMs + hours * hourMs) as Millis;

/** Reaches so many; says whether the operator is told. */
function reach(to: Reach, when: Millis, strangers: number): boolean {
  const counts = reached(to, when, strangers);
  const tells = isReachToTell(to, when, counts);
  if (tells) noteTold(to, when, counts);
  noteReached(to, when, strangers);
  return tells;
}

test('a window is never shorter than its name, and ends', () => {
  const one = newReach();
  noteReached(one, at(0, 12), 5);
  assert.deepEqual(reached(one, at(1, 11.9)), [5, 5, 5]);
  assert.deepEqual(reached(one, at(1, 15)), [0, 5, 5]);
  assert.deepEqual(reached(one, at(7, 12)), [0, 5, 5]);
  assert.deepEqual(reached(one, at(8, 12)), [0, 0, 5]);
  assert.deepEqual(reached(one, at(30, 12)), [0, 0, 5]);
  assert.deepEqual(reached(one, at(31, 12)), [0, 0, 0]);
});

test('a limit is told when it is crossed, and not with each message after it', () => {
  const one = newReach();
  assert.equal(reach(one, at(0), dayLeast), false);
  assert.equal(reach(one, at(0), 1), true);
  assert.equal(reach(one, at(0), 5), false);
  assert.equal(reach(one, at(0), 2 * dayLeast), true, 'more than twice as many');
});

test('who was told of one window is told when another is crossed', () => {
  const one = newReach();
  // A club's mailing crosses the day. What follows stays below the day.
  assert.equal(reach(one, at(0), dayLeast + 1), true);
  one.told = [dayLeast + 1, weekLeast, monthLeast];
  const told = [0, 0, 0];
  for (let day = 2; day < 20; day++) {
    const counts = reached(one, at(day), 13);
    if (!reach(one, at(day), 13)) continue;
    for (const [nth, limit] of reachLeast.entries())
      if ((counts[nth] ?? 0) > limit) told[nth] ||= counts[nth] ?? 0;
  }
  const [, , month = 0] = told;
  assert.ok(month > monthLeast && month <= monthLeast + 13, `told at ${month}`);
});

test('a patient account gets no more room for 30 days, then at most twice as much', () => {
  const one = newReach();
  // The first 30 days are ordinary: hardly anybody.
  for (let day = 0; day < 31; day++) reach(one, at(day), 0);
  assert.deepEqual(reachLimits(one), reachLeast);
  for (let day = 31; day < 60; day++) reach(one, at(day), 60);
  assert.deepEqual(reachLimits(one), reachLeast, 'these days count 30 days later');
  for (let day = 60; day < 200; day++) {
    const before = reachLimits(one);
    reach(one, at(day), 2_000);
    for (const [nth, limit] of reachLimits(one).entries())
      assert.ok(
        limit <= 2 * (before[nth] ?? 0),
        `day ${day}: ${before} became ${reachLimits(one)}`,
      );
  }
});

test('the highest limits of the next 30 days are never too low', () => {
  for (const pace of [0, 5, 30]) {
    const one = newReach();
    for (let day = 0; day < 100; day++) {
      const before = reachMost(one, at(day));
      const later = structuredClone(one);
      // Somebody goes just as far as nobody is told.
      for (let next = day; next < day + 30; next++) {
        for (let left = 60; left > 0; left--) {
          if (isReachToTell(later, at(next), reached(later, at(next), 1))) break;
          noteReached(later, at(next), 1);
          for (const [nth, count] of reached(later, at(next)).entries())
            assert.ok(
              count <= (before[nth]?.count ?? 0),
              `pace ${pace}, day ${day}, ${next}: ${count}`,
            );
        }
      }
      noteReached(one, at(day), pace);
    }
  }
});

test('a clock that was a year ahead for one message: counts end, and crossings are told', () => {
  const one = newReach();
  reach(one, at(0), 1);
  assert.equal(reach(one, at(365), dayLeast + 1), true);
  for (let day = 1; day < 5; day++) reach(one, at(day), 2);
  assert.deepEqual(reached(one, at(4)), [4, 8, 8]);
  assert.equal(reach(one, at(5), dayLeast + 1), true);
  assert.equal(one.toldAt, at(5));
});
