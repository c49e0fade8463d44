/** Counts how many accounts send in an hour and on a day, without keeping which. */
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';

export type Activity = {
  hour: number;
  /** Accounts that have sent in this hour of the clock, and in the one before. */
  now: number;
  last: number;
  day: number;
  today: number;
  /** Of the days before, the last one last. */
  days: number[];
};

const daysMax = 7;

export function noActivity(): Activity {
  return { hour: 0, now: 0, last: 0, day: 0, today: 0, days: [] };
}

/**
 * Counts a message. `before`: when its account has sent before; undefined: never. A clock that was
 * set back begins an hour of its own.
 */
export function countSender(activity: Activity, at: Millis, before: Millis | undefined): void {
  const hour = Math.floor(at / hourMs);
  const day = Math.floor(at / dayMs);
  if (hour !== activity.hour) {
    activity.last = hour === activity.hour + 1 ? activity.now : 0;
    activity.now = 0;
    activity.hour = hour;
  }
  if (day !== activity.day) {
    if (activity.day > 0) activity.days.push(activity.today);
    if (activity.days.length > daysMax) activity.days.shift();
    activity.today = 0;
    activity.day = day;
  }
  if (before === undefined || Math.floor(before / hourMs) !== hour) activity.now++;
  if (before === undefined || Math.floor(before / dayMs) !== day) activity.today++;
}

/** The accounts of the busiest of the last days. */
export function activeAccounts({ days, today }: Activity): number {
  return Math.max(today, ...days);
}

/** The accounts of the last whole hour of the clock; 0 if it was silent. */
export function lastHour({ hour, last, now }: Activity, at: Millis): number {
  const passed = Math.floor(at / hourMs) - hour;
  if (passed === 0) return last;
  return passed === 1 ? now : 0;
}
