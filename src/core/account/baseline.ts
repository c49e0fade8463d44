/**
 * What is usual on this server: how high an account's counts go on a day that its own past does not
 * explain. New accounts start from it. Learned with a lag, from days without a suspension, so that
 * an attack does not teach it.
 */
import { normPriorDays, normQuantile, rules, slots, windowsMs } from './signals.ts';

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
  const norms = {
    histogram: new Float64Array(slots * bins),
    accountDays: 0,
    floors: new Float64Array(slots),
    day: -1,
  };
  refresh(norms, 0);
  return norms;
}

/**
 * Notes one settled account-day: for each slot the peak that the account's own past did not
 * explain, or 0.
 */
export function learnDay(norms: ServerBaseline, unexplained: Float64Array): void {
  for (let slot = 0; slot < slots; slot++) {
    const at = slot * bins + bin(unexplained[slot] ?? 0);
    norms.histogram[at] = (norms.histogram[at] ?? 0) + 1;
  }
  norms.accountDays++;
  if (norms.accountDays < accountDaysMax) return;
  norms.accountDays /= 2;
  for (let i = 0; i < norms.histogram.length; i++)
    norms.histogram[i] = (norms.histogram[i] ?? 0) / 2;
}

/** Works out the floors anew, once a day. */
export function refresh(norms: ServerBaseline, day: number): void {
  if (day === norms.day) return;
  norms.day = day;
  const trust = norms.accountDays / (norms.accountDays + normPriorDays);
  const windows = windowsMs.length;
  for (let slot = 0; slot < slots; slot++) {
    const rule = rules[Math.floor(slot / windows)];
    const window = slot % windows;
    if (rule === undefined) continue;
    const prior = rule.prior[window] ?? 1;
    const seen = quantile(norms, slot);
    const blend = prior ** (1 - trust) * seen ** trust;
    norms.floors[slot] = Math.min(
      rule.most[window] ?? blend,
      Math.max(rule.least[window] ?? 0, blend),
    );
  }
}

/** The value that all but `1 - normQuantile` of the account-days stayed below. */
function quantile(norms: ServerBaseline, slot: number): number {
  const above = (1 - normQuantile) * norms.accountDays;
  let seen = 0;
  let at = bins - 1;
  for (; at > 0; at--) {
    seen += norms.histogram[slot * bins + at] ?? 0;
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
export function encodeBaseline(norms: ServerBaseline): string {
  return JSON.stringify({ accountDays: norms.accountDays, histogram: Array.from(norms.histogram) });
}

export function decodeBaseline(text: string): ServerBaseline {
  const stored = JSON.parse(text) as { accountDays: number; histogram: number[] };
  const norms = newBaseline();
  norms.histogram.set(stored.histogram.slice(0, slots * bins));
  norms.accountDays = stored.accountDays;
  norms.day = -1;
  return norms;
}
