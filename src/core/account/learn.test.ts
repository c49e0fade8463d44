/** What the past teaches: late, slowly, and never from an attack. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { monday, openServer } from '../../../test/doubles/server.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import { newBaseline } from './baseline.ts';
import { allowed, ownAllowance, settle, vouch } from './learn.ts';
import { type AccountProfile, dayOf, newProfile } from './profile.ts';
import { growth, growthHeld, lagDays, rules, slots, windowsMs } from './signals.ts';

const firstDay = Math.floor(monday / 86_400_000);
const windows = windowsMs.length;
const none = newBaseline();
none.floors.fill(1e-6);

/** A past with one finished day, its peaks the same in all slots. */
function oneDay(peak: number, marks: { held?: boolean; tainted?: boolean } = {}): AccountProfile {
  const past = newProfile(monday);
  const day = dayOf(past, monday);
  day.peaks.fill(peak);
  day.held = marks.held ?? false;
  day.tainted = marks.tainted ?? false;
  return past;
}

test('nothing is learned before the lag is over', () => {
  const norms = newBaseline();
  const past = oneDay(3);
  for (let later = 0; later <= lagDays; later++) {
    settle(past, norms, firstDay + later);
    assert.equal(past.peaks[0], 0, `${later} days later`);
  }
  settle(past, norms, firstDay + lagDays + 1);
  assert.equal(past.peaks[0], 3);
  assert.equal(past.days.length, 0);
  assert.equal(norms.accountDays, 1);
});

test('a day with a suspension teaches nothing, neither the account nor the server', () => {
  const norms = newBaseline();
  const past = oneDay(3, { tainted: true });
  settle(past, norms, firstDay + 9);
  assert.equal(past.peaks[0], 0);
  assert.equal(norms.accountDays, 0);
});

const peakOf = fc.double({ min: 0.01, max: 1e5, noNaN: true });

test('from one day to the next, what is allowed grows by no more than the documented factor', () => {
  fc.assert(
    fc.property(peakOf, peakOf, fc.boolean(), (before, peak, held) => {
      const norms = newBaseline();
      const past = oneDay(peak, { held });
      past.peaks.fill(before);
      settle(past, norms, firstDay);
      const allowedBefore = Array.from({ length: slots }, (_, slot) => allowed(past, norms, slot));
      settle(past, norms, firstDay + lagDays + 1);
      for (const [slot, was] of allowedBefore.entries()) {
        const most = was * (held ? growthHeld : growth);
        assert.ok(allowed(past, norms, slot) <= most * (1 + 1e-9), `slot ${slot}`);
      }
    }),
  );
});

test('a day within what was allowed is learned as it was', () => {
  const norms = newBaseline();
  for (let slot = 0; slot < slots; slot++) {
    const rule = rules[Math.floor(slot / windows)];
    const past = oneDay((0.9 * (rule?.least[slot % windows] ?? 1)) / 2.5);
    const peak = past.days[0]?.peaks[slot];
    settle(past, norms, firstDay + 3);
    assert.equal(past.peaks[slot], peak);
  }
});

test('a peak that does not come again fades by half in sixty days with mail', () => {
  const norms = newBaseline();
  const past = newProfile(monday);
  past.peaks.fill(100);
  for (let day = 0; day < 60; day++) dayOf(past, (monday + day * 86_400_000) as Millis);
  settle(past, norms, firstDay + 70);
  assert.ok(Math.abs((past.peaks[0] ?? 0) - 50) < 0.5);
});

test('holidays take nothing away', () => {
  const norms = newBaseline();
  const past = newProfile(monday);
  past.peaks.fill(100);
  settle(past, norms, firstDay + 300);
  assert.equal(past.peaks[0], 100);
});

test('busy accounts get some slack, up to a peak of forty', () => {
  const past = newProfile(monday);
  const factor = (peak: number): number => {
    past.peaks.fill(peak);
    return ownAllowance(past, 0) / peak;
  };
  assert.deepEqual(
    [factor(1e-9), factor(40), factor(4_000)].map((f) => Math.round(f * 100) / 100),
    [1.8, 2, 2],
  );
});

test('what an operator vouches for is usual at once, an attack of last week included', () => {
  const past = oneDay(500, { tainted: true });
  past.sums.fill(20);
  vouch(past);
  assert.equal(past.peaks[0], 500);
  assert.equal(past.days[0]?.tainted, false);
});

test('an attack does not teach: after it was stopped and released, as little is allowed as before', () => {
  const server = openServer();
  const ann = server.account('ann@here.example').ordinaryDays(28);
  const before = Array.from({ length: slots }, (_, slot) => allowed(ann.past, server.norms, slot));
  ann.hijacked(3_600, 1_000);
  for (let i = 0; i < 3_000; i++) ann.wait(1_000).send({ strangers: 1 });
  ann.release({ honest: false });
  ann.ordinaryDays(6);
  for (const [slot, was] of before.entries()) {
    assert.ok(allowed(ann.past, server.norms, slot) <= was * 1.01, `slot ${slot}`);
  }
});

test('hours are learned, and a night shift in time becomes usual', () => {
  const ann = openServer().account('ann@here.example').ordinaryDays(28);
  const atNight = (): boolean => {
    ann.until(1, 2);
    const judged = ann.send({ strangers: 5, to: ann.friends(2) });
    ann.past.sums.fill(0);
    return judged.reasons.some(({ signal }) => signal === 'unusual-hour');
  };
  assert.ok(atNight());
  for (let day = 0; day < 20; day++) {
    ann.until(1, 2);
    for (let i = 0; i < 5; i++) ann.wait(5 * minuteMs).send({ to: ann.friends(1) });
  }
  assert.ok(!atNight());
});
