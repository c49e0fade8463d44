/**
 * How many strangers an account reaches: counted one by one, by hours and days, and never learned
 * away. Where a limit of a day, a week or 30 days is crossed, the operator is told. So nobody who
 * has the password reaches more without a notice, whatever they do.
 *
 * A window is never shorter than its name: a day is the last nine parts of three hours, a week the
 * last eight calendar days (UTC), a month the last 31.
 */
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';

/** Pairs of a number (of a part of a day, or of a day, since 1970) and strangers, oldest first. */
export type Reach = {
  parts: number[];
  /** Days with mail; strangers may be 0. */
  days: number[];
  /** Strangers on a median active day, in a week, in 30 days, as of `usualAt`. */
  usual: ReachCounts;
  /** The same of the 30 days before `usualAt`: they count 30 days later. */
  next: ReachCounts;
  usualAt: Millis;
  firstAt: Millis;
  /** When the operator was told last, and of how many in which window; 0: never. */
  toldAt: Millis;
  told: readonly [number, number, number];
};

/** Strangers in a day, a week, a month. */
export type ReachCounts = readonly [day: number, week: number, month: number];

/** What may be reached unseen, and what makes it so. */
export type ReachMost = {
  readonly count: number;
  readonly from: 'every account' | 'its own mail' | 'its first 30 days' | 'a notice before';
};

const partMs = 3 * hourMs;
const monthMs = 30 * dayMs;
const againMs = 7 * dayMs;
const partsMax = 9;
const daysMax = 31;
const weekDays = 8;
/** How long a stranger counts for each limit. */
const countedMs = [partsMax * partMs, weekDays * dayMs, daysMax * dayMs];
/** What every account may reach without a notice. */
export const reachLeast: ReachCounts = [32, 88, 120];
/** An account that reaches more on its usual days may reach this much more than usual. */
const reachFactor = 1.5;
/** In the week after a notice, this many times as much is told again. */
const againFactor = 1.2;
/** Days that are too young to count as usual. */
const lagDays = 2;

export function newReach(): Reach {
  const never = 0 as Millis;
  return {
    parts: [],
    days: [],
    usual: [0, 0, 0],
    next: [0, 0, 0],
    usualAt: never,
    firstAt: never,
    toldAt: never,
    told: [0, 0, 0],
  };
}

/** What was reached until now, with `more` strangers on top. */
export function reached({ days, parts }: Reach, at: Millis, more = 0): ReachCounts {
  const day = Math.floor(at / dayMs);
  return [
    lastOf(parts, Math.floor(at / partMs), partsMax) + more,
    lastOf(days, day, weekDays) + more,
    lastOf(days, day, daysMax) + more,
  ];
}

/** Counts the strangers of a message that passed. */
export function noteReached(reach: Reach, at: Millis, strangers: number): void {
  if (reach.firstAt === 0 || isToCome(reach.firstAt, at)) reach.firstAt = at;
  settleUsual(reach, at);
  add(reach.days, Math.floor(at / dayMs), strangers, daysMax + lagDays);
  if (strangers > 0) add(reach.parts, Math.floor(at / partMs), strangers, partsMax);
}

/** What the account may reach before the operator is told. */
export function reachLimits({ usual }: Pick<Reach, 'usual'>): ReachCounts {
  const [day, week, month] = reachLeast;
  return [
    Math.max(day, Math.floor(reachFactor * usual[0])),
    Math.max(week, Math.floor(reachFactor * usual[1])),
    Math.max(month, Math.floor(reachFactor * usual[2])),
  ];
}

/**
 * What may be reached unseen within the next 30 days. What is usual changes once in that time, to
 * numbers that are known now. In an account's first 30 days whoever writes decides what is usual.
 * Soon after a notice, the next one comes at more.
 */
export function reachMost(reach: Reach, at: Millis): readonly [ReachMost, ReachMost, ReachMost] {
  const { next } = reach;
  const now = reachLimits(reach);
  const isFirst = isFirstMonth(reach);
  const later = isFirst ? firstLimits(reach, at, now) : reachLimits({ usual: next });
  const most = (window: 0 | 1 | 2): ReachMost => {
    const again = Math.floor(againFrom(reach, at, window));
    const usual = isFirst ? now[window] : Math.max(now[window], later[window]);
    const first = isFirst ? later[window] : 0;
    const count = Math.max(usual, first, again);
    if (count === reachLeast[window]) return { count, from: 'every account' };
    if (count === usual) return { count, from: 'its own mail' };
    return { count, from: count === first ? 'its first 30 days' : 'a notice before' };
  };
  return [most(0), most(1), most(2)];
}

/** The highest limits after the first month, if until then the operator is told no more. */
function firstLimits(reach: Reach, at: Millis, now: ReachCounts): ReachCounts {
  const [day] = seenUsual(reach, at);
  const month = Math.max(now[2], reached(reach, at)[2]);
  return reachLimits({ usual: [Math.max(now[0], day), (month / daysMax) * 7, month] });
}

/** Nothing is usual yet: what is seen in these days counts as soon as they are over. */
function isFirstMonth({ firstAt, usualAt }: Reach): boolean {
  return usualAt === firstAt;
}

/** Strangers on a median active day, in a week, in 30 days, as its days of late say. */
function seenUsual({ days }: Reach, at: Millis): ReachCounts {
  const last = Math.floor(at / dayMs) - lagDays;
  const counts: number[] = [];
  for (let i = 0; i < days.length; i += 2) {
    if ((days[i] ?? 0) <= last) counts.push(days[i + 1] ?? 0);
  }
  const usualDay = median(counts);
  // One letter to a whole list makes no room for a month.
  const dayMost = Math.max(reachLeast[0], 2 * usualDay);
  const sum = counts.reduce((all, count) => all + Math.min(count, dayMost), 0);
  return [usualDay, (sum / daysMax) * 7, (sum / daysMax) * 30];
}

/**
 * After a notice, the next one about this limit comes above this: twice as much while it counts
 * what that notice told of, then for a week at a fifth more. 0: as without a notice.
 */
function againFrom({ told, toldAt }: Reach, at: Millis, window: number): number {
  const passed = at - toldAt;
  const before = told[window] ?? 0;
  if (passed <= (countedMs[window] ?? 0)) return 2 * before;
  return passed <= againMs ? againFactor * before : 0;
}

/**
 * Every 30 days: what was usual in the 30 days before the last. Without a person's word it at most
 * doubles. So a patient thief gains nothing for a month, and little after it.
 */
function settleUsual(reach: Reach, at: Millis): void {
  if (reach.usualAt === 0 || isToCome(reach.usualAt, at)) reach.usualAt = at;
  if (at - reach.usualAt < monthMs) return;
  const isFirst = isFirstMonth(reach);
  const seen = seenUsual(reach, at);
  const most = (window: 0 | 1 | 2): number => mostUsual(reach, window, isFirst);
  // The first 30 days are all that is known: they count at once. Of an account about which nobody
  // was told, they raise no limit: it has reached less, and a thief may have done so.
  if (!isFirst) reach.usual = reach.next;
  reach.next = [Math.min(seen[0], most(0)), Math.min(seen[1], most(1)), Math.min(seen[2], most(2))];
  if (isFirst) reach.usual = reach.next;
  reach.usualAt = at;
}

function mostUsual({ toldAt, usual }: Reach, window: 0 | 1 | 2, isFirst: boolean): number {
  const least = reachLeast[window] / reachFactor;
  if (!isFirst) return 2 * Math.max(usual[window], least);
  return toldAt === 0 ? least : Number.POSITIVE_INFINITY;
}

/**
 * Whether these counts are to be told: a limit is crossed, and the last notice is long ago, told of
 * much less, or was about another window.
 */
export function isReachToTell(reach: Reach, at: Millis, counts: ReachCounts): boolean {
  const limits = reachLimits(reach);
  return counts.some((count, window) => {
    if (count <= (limits[window] ?? 0)) return false;
    const isFirst = (reach.told[window] ?? 0) <= (limits[window] ?? 0);
    return isFirst || isToCome(reach.toldAt, at) || count > againFrom(reach, at, window);
  });
}

export function noteTold(reach: Reach, at: Millis, counts: ReachCounts): void {
  reach.toldAt = at;
  reach.told = counts;
}

/** Of a time that was noted while the clock was wrong. */
export function isToCome(noted: Millis, at: Millis): boolean {
  return noted > at + dayMs;
}

function median(counts: readonly number[]): number {
  const sorted = counts.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * The sum of the last `count` parts or days, with `now`; after a clock was set back a little, the
 * next one may be begun.
 */
function lastOf(pairs: readonly number[], now: number, count: number): number {
  let sum = 0;
  for (let i = pairs.length - 2; i >= 0 && (pairs[i] ?? 0) > now - count; i -= 2) {
    if ((pairs[i] ?? 0) <= now + 1) sum += pairs[i + 1] ?? 0;
  }
  return sum;
}

/** Adds to the newest pair or a new one, and drops pairs that are too old. */
function add(pairs: number[], number: number, strangers: number, most: number): void {
  // Parts and days that are still to come are from a wrong clock: they would never end.
  while ((pairs.at(-2) ?? number) > number + 1) pairs.splice(-2);
  const last = pairs.length - 2;
  // After the clock was set back a little, the newest pair is used.
  if (last >= 0 && (pairs[last] ?? 0) >= number) {
    pairs[last + 1] = (pairs[last + 1] ?? 0) + strangers;
    return;
  }
  pairs.push(number, strangers);
  while ((pairs[0] ?? number) <= number - most) pairs.splice(0, 2);
}
