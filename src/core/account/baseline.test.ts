/** What is usual on a server: within bounds, learned slowly, the same after it was stored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBaseline, encodeBaseline, learnDay, newBaseline, refresh } from './baseline.ts';
import { slots } from './signals.ts';

const bound = (kind: 'least' | 'prior' | 'most', slot: number): number => {
  const { rule, window } = slots[slot] ?? assert.fail();
  return rule[kind][window];
};
const all = slots.map((_, slot) => slot);
/** All counts but the last one. */
const older = slots.length - 3;

/** The floors after this many account-days of each of these peaks, the same in every slot. */
function after(days: readonly (readonly [peak: number, times: number])[]): Float64Array {
  const baseline = newBaseline();
  for (const [peak, times] of days) {
    for (let i = 0; i < times; i++) learnDay(baseline, new Float64Array(slots.length).fill(peak));
  }
  refresh(baseline, 1);
  return baseline.floors;
}

test('a server that knows nothing starts from the priors', () => {
  const { floors } = newBaseline();
  for (const slot of all) assert.ok(Math.abs((floors[slot] ?? 0) - bound('prior', slot)) < 1e-9);
});

const places = [
  ['where nobody does anything odd, little is allowed', [[0, 50_000]], 'least'],
  ['where everybody writes to thousands, no more than the most', [[5_000, 50_000]], 'most'],
  [
    'one odd day in ten thousand teaches nothing',
    [
      [0, 49_995],
      [5_000, 5],
    ],
    'least',
  ],
] as const;
for (const [what, days, kind] of places) {
  test(`baseline: ${what}`, () => {
    const floors = after(days);
    for (const slot of all) assert.equal(floors[slot], bound(kind, slot), `slot ${slot}`);
  });
}

test('a few days change little', () => {
  const floors = after([[0, 20]]);
  for (const slot of all) {
    const prior = bound('prior', slot);
    assert.ok((floors[slot] ?? 0) > 0.7 * prior && (floors[slot] ?? 0) <= prior);
  }
});

test('the quantile is where it should be, to a quarter of an octave', () => {
  // 0.15 % of account-days may be above: of 100,000 days, 150.
  const floors = after([
    [1, 99_700],
    [9, 100],
    [20, 200],
  ]);
  const first = floors[0] ?? 0; // strangers in half an hour, bounds 4 to 12
  assert.ok(first >= 11 && first <= 12, `${first}`);
  const lower =
    after([
      [1, 99_700],
      [6, 200],
      [20, 100],
    ])[0] ?? 0;
  assert.ok(lower > 5 && lower < 7.5, `${lower}`);
});

const peaks = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), {
  minLength: slots.length,
  maxLength: slots.length,
});

test('whatever is learned, floors stay within their bounds', () => {
  fc.assert(
    fc.property(
      fc.array(peaks, { maxLength: 60 }),
      fc.integer({ min: 1, max: 9_000 }),
      (days, day) => {
        const baseline = newBaseline();
        for (const one of days)
          for (let i = 0; i < 20; i++) learnDay(baseline, Float64Array.from(one));
        refresh(baseline, day);
        for (const slot of all) {
          const floor = baseline.floors[slot] ?? Number.NaN;
          assert.ok(floor >= bound('least', slot) && floor <= bound('most', slot));
        }
      },
    ),
  );
});

test('stored and read again, a baseline is the same', () => {
  fc.assert(
    fc.property(fc.array(peaks, { maxLength: 30 }), (days) => {
      const baseline = newBaseline();
      for (const one of days) learnDay(baseline, Float64Array.from(one));
      const again = decodeBaseline(encodeBaseline(baseline));
      assert.deepEqual([again.day, again.floors], [baseline.day, baseline.floors]);
      refresh(baseline, 3);
      refresh(again, 3);
      assert.deepEqual(again, baseline);
    }),
  );
});

test('a baseline of a version with fewer counts is read, the new ones start empty', () => {
  const baseline = newBaseline();
  for (let i = 0; i < 500; i++) learnDay(baseline, new Float64Array(slots.length).fill(3));
  const stored = JSON.parse(encodeBaseline(baseline)) as {
    accountDays: number;
    histogram: number[];
  };
  const shorter = { ...stored, histogram: stored.histogram.slice(0, older * 64) };
  const again = decodeBaseline(JSON.stringify(shorter));
  refresh(again, 1);
  refresh(baseline, 1);
  assert.deepEqual(again.floors.slice(0, older), baseline.floors.slice(0, older));
  for (const floor of again.floors) assert.ok(floor > 0);
});

test('very old days weigh less in the end', () => {
  const baseline = newBaseline();
  for (let i = 0; i < 250_000; i++) learnDay(baseline, new Float64Array(slots.length));
  assert.ok(baseline.accountDays < 200_000);
  let total = 0;
  for (let bin = 0; bin < 64; bin++) total += baseline.histogram[bin] ?? 0;
  assert.equal(total, baseline.accountDays);
});
