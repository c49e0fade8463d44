/** Incoming mail that did not pass at once, by day (UTC): how much, how long it waited. Pure. */
import { dayMs, type Millis } from '../../lib/time.ts';

export type InboundDayCount = {
  /** Begin of the day. */
  readonly at: Millis;
  /** Waited and was delivered, or in stance observe would have waited: it looked honest. */
  readonly honest: number;
  /** Of these, how many only would have waited. */
  readonly observed: number;
  /** The longest and the mean wait of the delivered ones. */
  readonly longestMs: number;
  readonly meanMs: number;
  /** In quarantine, or deleted from there. */
  readonly stopped: number;
  /** Got the field for Junk, or in stance observe would have got it. */
  readonly junk: number;
  /** Of these, how many only would have got it. */
  readonly observedJunk: number;
};

/** All messages of one day and state. */
export type InboundDaySum = {
  /** Days since 1970 (UTC). */
  readonly day: number;
  readonly state: string;
  readonly count: number;
  /** Time until the last change of state: together, and the longest. */
  readonly waitedMs: number;
  readonly longestMs: number;
};

/** The days up to `now`, the oldest first, also those without mail. */
export function countByDay(
  sums: readonly InboundDaySum[],
  { days, now }: { readonly days: number; readonly now: Millis },
): readonly InboundDayCount[] {
  const first = Math.floor(now / dayMs) - days + 1;
  const all = Array.from({ length: days }, () => ({
    honest: 0,
    delivered: 0,
    waitedMs: 0,
    longestMs: 0,
    stopped: 0,
    junk: 0,
    observed: 0,
    observedJunk: 0,
  }));
  for (const { count, day: number, longestMs, state, waitedMs } of sums) {
    const day = all[number - first];
    if (day === undefined) continue;
    if (state === 'released') {
      day.honest += count;
      day.delivered += count;
      day.waitedMs += waitedMs;
      day.longestMs = Math.max(day.longestMs, longestMs);
    } else if (state === 'observed') {
      day.honest += count;
      day.observed += count;
    } else if (state === 'observed-junk') {
      day.junk += count;
      day.observedJunk += count;
    } else if (state === 'junk') day.junk += count;
    else if (state !== 'waiting' && state !== 'gone') day.stopped += count;
  }
  return all.map(({ delivered, waitedMs, ...counts }, nth) => ({
    at: ((first + nth) * dayMs) as Millis,
    meanMs: delivered === 0 ? 0 : Math.round(waitedMs / delivered),
    ...counts,
  }));
}
