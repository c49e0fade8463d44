/** What the guard learns from a profile: late, slowly, and never from an attack. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { monday, openServer } from '../../../test/doubles/server.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { CountName } from '../reason.ts';
import { encodeBaseline, newBaseline } from './baseline.ts';
import { allowed, ownAllowance, settle, vouch } from './learn.ts';
import { type AccountProfile, dayOf, newProfile } from './profile.ts';
import { growth, growthHeld, lagDays, slots, slotsOf } from './signals.ts';

const firstDay = Math.floor(monday / 86_400_000);
const none = newBaseline();
none.floors.fill(1e-6);

/** A profile with one finished day, its peaks the same in all slots. */
function oneDay(peak: number, marks: { held?: boolean; tainted?: boolean } = {}): AccountProfile {
  const profile = newProfile(monday);
  const day = dayOf(profile, monday);
  day.peaks.fill(peak);
  day.held = marks.held ?? false;
  day.tainted = marks.tainted ?? false;
  return profile;
}

test('a sum of accounts learns for itself and teaches the server nothing', () => {
  const baseline = newBaseline();
  const before = encodeBaseline(baseline);
  const profile = oneDay(3);
  settle(profile, baseline, firstDay + lagDays + 1, false);
  assert.equal(profile.peaks[0], 3);
  assert.equal(baseline.accountDays, 0);
  assert.deepEqual({ ...JSON.parse(encodeBaseline(baseline)), day: 0 }, JSON.parse(before));
});

test('nothing is learned before the lag is over', () => {
  const baseline = newBaseline();
  const profile = oneDay(3);
  for (let later = 0; later <= lagDays; later++) {
    settle(profile, baseline, firstDay + later);
    assert.equal(profile.peaks[0], 0, `${later} days later`);
  }
  settle(profile, baseline, firstDay + lagDays + 1);
  assert.equal(profile.peaks[0], 3);
  assert.equal(profile.days.length, 0);
  assert.equal(baseline.accountDays, 1);
});

test('a day with a suspension teaches nothing, neither the account nor the server', () => {
  const baseline = newBaseline();
  const profile = oneDay(3, { tainted: true });
  settle(profile, baseline, firstDay + 9);
  assert.equal(profile.peaks[0], 0);
  assert.equal(baseline.accountDays, 0);
});

const peakOf = fc.double({ min: 0.01, max: 1e5, noNaN: true });

test('from one day to the next, what is allowed grows at most by the documented factor', () => {
  fc.assert(
    fc.property(peakOf, peakOf, fc.boolean(), (before, peak, held) => {
      const baseline = newBaseline();
      const profile = oneDay(peak, { held });
      profile.peaks.fill(before);
      settle(profile, baseline, firstDay);
      const allowedBefore = slots.map((_, slot) => allowed(profile, baseline, slot));
      settle(profile, baseline, firstDay + lagDays + 1);
      for (const [slot, was] of allowedBefore.entries()) {
        const most = was * (held ? growthHeld : growth);
        assert.ok(allowed(profile, baseline, slot) <= most * (1 + 1e-9), `slot ${slot}`);
      }
    }),
  );
});

test('a day within what was allowed is learned as it was', () => {
  const baseline = newBaseline();
  for (const [slot, { rule, window }] of slots.entries()) {
    const profile = oneDay((0.9 * rule.least[window]) / 2.5);
    const peak = profile.days[0]?.peaks[slot];
    settle(profile, baseline, firstDay + 3);
    assert.equal(profile.peaks[slot], peak);
  }
});

test('a peak that does not come again fades by half in sixty days with mail', () => {
  const baseline = newBaseline();
  const profile = newProfile(monday);
  profile.peaks.fill(100);
  for (let day = 0; day < 60; day++) dayOf(profile, (monday + day * 86_400_000) as Millis);
  settle(profile, baseline, firstDay + 70);
  assert.ok(Math.abs((profile.peaks[0] ?? 0) - 50) < 0.5);
});

test('holidays take nothing away', () => {
  const baseline = newBaseline();
  const profile = newProfile(monday);
  profile.peaks.fill(100);
  settle(profile, baseline, firstDay + 300);
  assert.equal(profile.peaks[0], 100);
});

test('busy accounts get some slack, up to a peak of forty', () => {
  const profile = newProfile(monday);
  const factor = (peak: number): number => {
    profile.peaks.fill(peak);
    return ownAllowance(profile, 0) / peak;
  };
  assert.deepEqual(
    [factor(1e-9), factor(40), factor(4_000)].map((f) => Math.round(f * 100) / 100),
    [1.8, 2, 2],
  );
});

test('what an operator vouches for is allowed at once, of new recipients less', () => {
  const profile = oneDay(500, { tainted: true });
  profile.sums.fill(20);
  vouch(profile);
  const own = (count: CountName): number =>
    Math.round(ownAllowance(profile, slotsOf[count][0] ?? 0));
  assert.deepEqual([own('messages'), own('strangers')], [500, 350]);
  assert.equal(profile.days[0]?.tainted, false);
});

test('what an operator vouches for leaves out the count that is named', () => {
  const profile = newProfile(monday);
  profile.sums.fill(20);
  vouch(profile, 'odd-client');
  const own = (count: CountName): number => ownAllowance(profile, slotsOf[count][0] ?? 0);
  assert.ok(own('messages') >= 20);
  assert.equal(own('odd-client'), 0);
});

test('an attack does not teach: after its release, no more is allowed than before', () => {
  const server = openServer();
  const ann = server.account('ann@here.example').ordinaryDays(28);
  const before = slots.map((_, slot) => allowed(ann.profile, server.baseline, slot));
  ann.hijacked(3_600, 1_000);
  for (let i = 0; i < 3_000; i++) ann.wait(1_000).send({ strangers: 1 });
  ann.release({ honest: false });
  ann.ordinaryDays(6);
  for (const [slot, was] of before.entries()) {
    assert.ok(allowed(ann.profile, server.baseline, slot) <= was * 1.01, `slot ${slot}`);
  }
});

test('hours are learned, and a night shift in time becomes usual', () => {
  const ann = openServer().account('ann@here.example').ordinaryDays(28);
  const atNight = (): boolean => {
    ann.until(1, 2);
    const judged = ann.send({ strangers: 5, to: ann.friends(2) });
    ann.profile.sums.fill(0);
    return judged.reasons.some(({ signal }) => signal === 'unusual-hour');
  };
  assert.ok(atNight());
  for (let day = 0; day < 20; day++) {
    ann.until(1, 2);
    for (let i = 0; i < 5; i++) ann.wait(5 * minuteMs).send({ to: ann.friends(1) });
  }
  assert.ok(!atNight());
});
