/** Times in what `--json` prints. */

/** Fields that are times, besides those that end with At (endedAt, changedAt …). */
const timeNames: ReadonlySet<string> = new Set([
  ...['at', 'before', 'due', 'exemptUntil', 'firstSeen', 'from', 'lastSeen', 'memory', 'now'],
  ...['since', 'until'],
]);
/** Milliseconds since 1970 of a day in 1973. No count is as large. */
const earliest = 1e11;
const latest = 8.64e15;

/** As version 0.1 printed them. */
export function hasEpochTimes(): boolean {
  return process.env['POSTERN_JSON_TIMES'] === 'epoch';
}

/** For JSON.stringify: RFC 3339 for milliseconds in a field that is a time. */
export function jsonTime(key: string, value: unknown): unknown {
  if (typeof value !== 'number' || value < earliest || value > latest) return value;
  return timeNames.has(key) || /[a-z]At$/.test(key) ? new Date(value).toISOString() : value;
}

/** A day, counted from 1970, as it is printed: `2026-12-31`. */
export function jsonDay(day: number): string | number {
  return hasEpochTimes() ? day : new Date(day * 86_400_000).toISOString().slice(0, 10);
}
