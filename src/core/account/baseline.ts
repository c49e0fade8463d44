/**
 * What is usual on this server: how high an account's counts go on a day that its own profile does not
 * explain. New accounts start from it. Learned with a lag, from days without a suspension, so that
 * an attack does not teach it.
 */
import { baselinePriorDays, baselineQuantile, rules, slots, windowsMs } from './signals.ts';

/** Bins are a quarter of an octave wide: 64 of them reach from 0.5 to 32,000. */
const bins = 64;
const binsPerOctave = 4;
/**
 * When a slot has seen this many account-days, its histogram is halved, so that the newer days
 * weigh more.
 */
const accountDaysMax = 200_000;

export type ServerBaseline = {
  /** One histogram a slot, one after another. */
  readonly histogram: Float64Array;
  accountDays: number;
  /** What is allowed to anybody, a number a slot. */
  readonly floors: Float64Array;
  /** Day for which `floors` were worked out. */
  day: number;
};

/** A server that knows nothing yet. */
export function newBaseline(): ServerBaseline {
  const baseline = {
    histogram: new Float64Array(slots * bins),
    accountDays: 0,
    floors: new Float64Array(slots),
    day: -1,
  };
  refresh(baseline, 0);
  return baseline;
}

/**
 * Notes one settled account-day: for each slot the peak that the account's own profile did not
 * explain, or 0.
 */
export function learnDay(baseline: ServerBaseline, unexplained: Float64Array): void {
  for (let slot = 0; slot < slots; slot++) {
    const at = slot * bins + bin(unexplained[slot] ?? 0);
    baseline.histogram[at] = (baseline.histogram[at] ?? 0) + 1;
  }
  baseline.accountDays++;
  if (baseline.accountDays < accountDaysMax) return;
  baseline.accountDays /= 2;
  for (let i = 0; i < baseline.histogram.length; i++)
    baseline.histogram[i] = (baseline.histogram[i] ?? 0) / 2;
}

/** Works out the floors anew, once a day. */
export function refresh(baseline: ServerBaseline, day: number): void {
  if (day === baseline.day) return;
  baseline.day = day;
  const trust = baseline.accountDays / (baseline.accountDays + baselinePriorDays);
  const windows = windowsMs.length;
  for (let slot = 0; slot < slots; slot++) {
    const rule = rules[Math.floor(slot / windows)];
    const window = slot % windows;
    if (rule === undefined) continue;
    const prior = rule.prior[window] ?? 1;
    const seen = quantile(baseline, slot);
    const blend = prior ** (1 - trust) * seen ** trust;
    baseline.floors[slot] = Math.min(
      rule.most[window] ?? blend,
      Math.max(rule.least[window] ?? 0, blend),
    );
  }
}

/** The value that all but `1 - baselineQuantile` of the account-days stayed below. */
function quantile(baseline: ServerBaseline, slot: number): number {
  const above = (1 - baselineQuantile) * baseline.accountDays;
  let seen = 0;
  let at = bins - 1;
  for (; at > 0; at--) {
    seen += baseline.histogram[slot * bins + at] ?? 0;
    if (seen > above) break;
  }
  return 2 ** ((at + 1 - binsPerOctave) / binsPerOctave);
}

function bin(value: number): number {
  if (value <= 0) return 0;
  const at = Math.round(Math.log2(value) * binsPerOctave) + binsPerOctave;
  return Math.max(0, Math.min(bins - 1, at));
}

/** As stored in the ledger. */
export function encodeBaseline(baseline: ServerBaseline): string {
  return JSON.stringify({
    accountDays: baseline.accountDays,
    histogram: Array.from(baseline.histogram),
  });
}

export function decodeBaseline(text: string): ServerBaseline {
  const stored = JSON.parse(text) as { accountDays: number; histogram: number[] };
  const baseline = newBaseline();
  baseline.histogram.set(stored.histogram.slice(0, slots * bins));
  baseline.accountDays = stored.accountDays;
  baseline.day = -1;
  return baseline;
}
