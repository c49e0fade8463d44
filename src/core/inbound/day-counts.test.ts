/** Numbers of incoming mail by day. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import { countByDay, type InboundDaySum } from './day-counts.ts';

test('each day has its mail, and a day without mail is there too', () => {
  const now = (100 * dayMs + 7) as Millis;
  const at = (day: number): Millis => (day * dayMs) as Millis;
  const sum = (day: number, state: string, more: Partial<InboundDaySum> = {}): InboundDaySum => {
    return { day, state, count: 1, waitedMs: 0, longestMs: 0, ...more };
  };
  const counts = countByDay(
    [
      sum(100, 'released', { count: 2, waitedMs: 6 * minuteMs, longestMs: 4 * minuteMs }),
      sum(100, 'junk'),
      sum(98, 'observed'),
      sum(98, 'observed-junk'),
      sum(98, 'expired', { waitedMs: dayMs, longestMs: dayMs }),
      sum(98, 'waiting'),
      sum(90, 'released'),
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
