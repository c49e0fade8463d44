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

type Message = { readonly at: Millis; readonly state: string; readonly changedAt: Millis };

/** The days up to `now`, the oldest first, also those without mail. */
export function countByDay(
  messages: readonly Message[],
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
  for (const { at, changedAt, state } of messages) {
    const day = all[Math.floor(at / dayMs) - first];
    if (day === undefined) continue;
    if (state === 'released') {
      const waited = Math.max(0, changedAt - at);
      day.honest++;
      day.delivered++;
      day.waitedMs += waited;
      day.longestMs = Math.max(day.longestMs, waited);
    } else if (state === 'observed') {
      day.honest++;
      day.observed++;
    } else if (state === 'observed-junk') {
      day.junk++;
      day.observedJunk++;
    } else if (state === 'junk') day.junk++;
    else if (state !== 'waiting' && state !== 'gone') day.stopped++;
  }
  return all.map(({ delivered, waitedMs, ...counts }, nth) => ({
    at: ((first + nth) * dayMs) as Millis,
    meanMs: delivered === 0 ? 0 : Math.round(waitedMs / delivered),
    ...counts,
  }));
}
