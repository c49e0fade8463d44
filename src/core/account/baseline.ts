/**
 * The baseline: how high counts go on this server on a day that the account's own peaks do not
 * explain. New accounts start from it. It is learned with a lag and from days without a suspension,
 * so that an attack does not teach it.
 */
import { baselinePriorDays, baselineQuantile, slots } from './signals.ts';

/** Bins are a quarter of an octave wide: 64 of them reach from 0.5 to 32,000. */
const bins = 64;
const binsPerOctave = 4;
/** At this many account-days the histograms are halved, so that newer days weigh more. */
const accountDaysMax = 200_000;

export type ServerBaseline = {
  /** One histogram for each slot, one after another. */
  readonly histogram: Float64Array;
  accountDays: number;
  /** What is allowed to every account, one number for each slot. */
  readonly floors: Float64Array;
  /** Day for which `floors` were worked out. */
  day: number;
};

/** The baseline of a server that knows nothing yet. */
export function newBaseline(): ServerBaseline {
  const baseline = {
    histogram: new Float64Array(slots.length * bins),
    accountDays: 0,
    floors: new Float64Array(slots.length),
    day: -1,
  };
  refresh(baseline, 0);
  return baseline;
}

/**
 * Notes one settled account-day: for each slot the peak that the account's own peaks did not
 * explain, or 0.
 */
export function learnDay(baseline: ServerBaseline, unexplained: Float64Array): void {
  const { histogram } = baseline;
  for (let slot = 0; slot < slots.length; slot++) {
    const at = slot * bins + bin(unexplained[slot] ?? 0);
    histogram[at] = (histogram[at] ?? 0) + 1;
  }
  baseline.accountDays++;
  if (baseline.accountDays < accountDaysMax) return;
  baseline.accountDays /= 2;
  for (let i = 0; i < histogram.length; i++) histogram[i] = (histogram[i] ?? 0) / 2;
}

/** Works out the floors again, once a day. */
export function refresh(baseline: ServerBaseline, day: number): void {
  if (day === baseline.day) return;
  baseline.day = day;
  const trust = baseline.accountDays / (baseline.accountDays + baselinePriorDays);
  for (const [at, { window, rule }] of slots.entries()) {
    const blend = rule.prior[window] ** (1 - trust) * quantile(baseline, at) ** trust;
    baseline.floors[at] = Math.min(rule.most[window], Math.max(rule.least[window], blend));
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

/** Key of the stored baseline in the ledger's small values. Version 0.1 called it norms. */
export const baselineKey = 'norms';

/**
 * The baseline as the ledger stores it. With the floors of the day, so that a restart during the
 * day changes no verdict.
 */
export function encodeBaseline(baseline: ServerBaseline): string {
  const { accountDays, day } = baseline;
  const histogram = Array.from(baseline.histogram);
  return JSON.stringify({ accountDays, histogram, day, floors: Array.from(baseline.floors) });
}

/** Reads a stored baseline. Counts that an older version did not have start empty. */
export function decodeBaseline(text: string): ServerBaseline {
  const stored = JSON.parse(text) as {
    readonly accountDays: number;
    readonly histogram: readonly number[];
    /** Not stored by version 0.1. */
    readonly day?: number;
    readonly floors?: readonly number[];
  };
  const baseline = newBaseline();
  baseline.histogram.set(stored.histogram.slice(0, baseline.histogram.length));
  baseline.accountDays = stored.accountDays;
  baseline.day = -1;
  const { day, floors = [] } = stored;
  const usable = floors.length === slots.length && floors.every((floor) => floor > 0);
  if (day === undefined || !usable) return baseline;
  baseline.floors.set(floors);
  baseline.day = day;
  return baseline;
}
