/** Numbers of incoming mail by day. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import { countByDay } from './day-counts.ts';

test('each day has its mail, and a day without mail is there too', () => {
  const now = (100 * dayMs + 7) as Millis;
  const at = (day: number, more = 0): Millis => (day * dayMs + more) as Millis;
  const counts = countByDay(
    [
      { at: at(100), changedAt: at(100, 4 * minuteMs), state: 'released' },
      { at: at(100), changedAt: at(100, 2 * minuteMs), state: 'released' },
      { at: at(100), changedAt: at(100), state: 'junk' },
      { at: at(98), changedAt: at(98), state: 'observed' },
      { at: at(98), changedAt: at(98), state: 'observed-junk' },
      { at: at(98), changedAt: at(99), state: 'expired' },
      { at: at(98), changedAt: at(98), state: 'waiting' },
      { at: at(90), changedAt: at(90), state: 'released' },
    ],
    { days: 3, now },
  );
  const numbers = { honest: 0, longestMs: 0, meanMs: 0, stopped: 0, junk: 0 };
  const none = { ...numbers, observed: 0, observedJunk: 0 };
  assert.deepEqual(counts, [
    { ...none, at: at(98), honest: 1, observed: 1, stopped: 1, junk: 1, observedJunk: 1 },
    { ...none, at: at(99) },
    { ...none, at: at(100), honest: 2, longestMs: 240_000, meanMs: 180_000, junk: 1 },
  ]);
});
