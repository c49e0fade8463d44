/**
 * What is remembered of a lane to judge it: counts of the last hour by minute, of the last day by
 * hour, and its usual rate of deferrals. Plain data, so that it can be stored as JSON.
 */
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { LaneState } from '../deliverability/lane.ts';
import type { AnswerKind } from './answers.ts';

/** The reply that decided, with what its rule says. */
export type DecidingReply = {
  readonly reply: string;
  readonly rule: string;
  readonly cure: string;
  readonly link: string;
};

/** Answers within a minute. */
export type MinuteCounts = {
  minute: number;
  taken: number;
  blocked: number;
  slowed: number;
  part: number;
  unclear: number;
};

export type LaneMemory = {
  state: LaneState;
  since: Millis;
  /** One sentence: why it has this state. */
  why: string;
  decided: DecidingReply | undefined;
  /** The last bad reply, before it has decided anything. */
  lastBad: (DecidingReply & { at: Millis }) | undefined;
  /** Oldest first; at most an hour. */
  minutes: MinuteCounts[];
  /** Hour and number of answers; at most a day. */
  hours: [hour: number, answers: number][];
  /** Answers and deferrals in quiet times; older ones weigh less. */
  past: { answers: number; deferred: number; at: Millis };
  /** The first minute that is not yet part of the past. */
  pastMinute: number;
  lastTakenAt: Millis;
  /** First reply of the kind after which nothing was taken; 0: something was. */
  blockedSince: Millis;
  slowedSince: Millis;
  lastBadAt: Millis;
  takenSinceBad: number;
  /** What the operator was told last, and when; 0: nothing yet. */
  toldState: LaneState;
  toldAt: Millis;
  /** Who caused bad replies since the lane was last healthy. */
  badBy: Record<string, number>;
};

/** Longest time that the judgement looks back. */
const minutesMax = hourMs / minuteMs;
const hoursMax = dayMs / hourMs;
/** A deferral of a week ago counts half in what is usual. */
const halfLifeMs = 7 * dayMs;
/** What happened in the last minutes is not yet usual. */
const freshMinutes = 30;
/** Clocks of two machines may differ a little. */
const clockSlackMs = 5 * minuteMs;
/** Accounts of bad replies. One with few gives its place, and is then counted with the others. */
const badByMax = 30;
/** Bad replies of accounts that have no place of their own in the list. */
const others = '';

export function newLane(now: Millis): LaneMemory {
  return {
    state: 'unknown',
    since: now,
    why: '',
    decided: undefined,
    lastBad: undefined,
    minutes: [],
    hours: [],
    past: { answers: 0, deferred: 0, at: now },
    pastMinute: 0,
    lastTakenAt: 0 as Millis,
    blockedSince: 0 as Millis,
    slowedSince: 0 as Millis,
    lastBadAt: 0 as Millis,
    takenSinceBad: 0,
    toldState: 'healthy',
    toldAt: 0 as Millis,
    badBy: {},
  };
}

/** An answer came. `by`: the account of the message, if it is known. */
export function noteAnswer(
  lane: LaneMemory,
  kind: AnswerKind,
  about: { readonly at: Millis; readonly by: string; readonly words: DecidingReply },
): void {
  const { at, by, words } = about;
  noteHour(lane, at);
  if (kind === 'harmless') return;
  const counts = minuteOf(lane, at);
  if (counts !== undefined) counts[kind] += 1;
  if (kind === 'taken') {
    lane.lastTakenAt = later(lane.lastTakenAt, at);
    // Lines of two logs may be read in the other order.
    if (at >= lane.lastBadAt) lane.takenSinceBad += 1;
    if (at >= lane.blockedSince) lane.blockedSince = 0 as Millis;
    if (at >= lane.slowedSince) lane.slowedSince = 0 as Millis;
    return;
  }
  if (kind === 'unclear') return;
  lane.lastBadAt = later(lane.lastBadAt, at);
  lane.takenSinceBad = 0;
  noteBy(lane.badBy, by);
  const isWorse = kind === 'blocked' || lane.blockedSince === 0;
  if (isWorse && at >= (lane.lastBad?.at ?? 0)) lane.lastBad = { ...words, at };
  if (at < lane.lastTakenAt) return;
  if (kind === 'blocked' && lane.blockedSince === 0) lane.blockedSince = at;
  if (kind === 'slowed' && lane.slowedSince === 0) lane.slowedSince = at;
}

/** Times that lie ahead come from a clock that was wrong: they would hide all that follows. */
export function forgetFuture(lane: LaneMemory, now: Millis): void {
  const end = now + clockSlackMs;
  const isAhead = (at: number): boolean => at > end;
  const minute = Math.floor(end / minuteMs);
  const hour = Math.floor(end / hourMs);
  if ((lane.minutes.at(-1)?.minute ?? 0) > minute) {
    lane.minutes = lane.minutes.filter((one) => one.minute <= minute);
  }
  if ((lane.hours.at(-1)?.[0] ?? 0) > hour) {
    lane.hours = lane.hours.filter(([one]) => one <= hour);
  }
  if (lane.pastMinute > minute) lane.pastMinute = Math.floor(now / minuteMs);
  if (isAhead(lane.past.at)) lane.past = { ...lane.past, at: now };
  if (isAhead(lane.lastTakenAt)) lane.lastTakenAt = now;
  if (isAhead(lane.lastBadAt)) lane.lastBadAt = now;
  if (isAhead(lane.blockedSince)) lane.blockedSince = now;
  if (isAhead(lane.slowedSince)) lane.slowedSince = now;
  if (isAhead(lane.since)) lane.since = now;
  if (lane.lastBad !== undefined && isAhead(lane.lastBad.at)) {
    lane.lastBad = { ...lane.lastBad, at: now };
  }
}

/** Sums of the last minutes. Counts that a quiet time is over become part of the past. */
export function sumSince(lane: LaneMemory, since: Millis): Omit<MinuteCounts, 'minute'> {
  const sum = { taken: 0, blocked: 0, slowed: 0, part: 0, unclear: 0 };
  const first = Math.floor(since / minuteMs);
  for (const one of lane.minutes) {
    if (one.minute < first) continue;
    sum.taken += one.taken;
    sum.blocked += one.blocked;
    sum.slowed += one.slowed;
    sum.part += one.part;
    sum.unclear += one.unclear;
  }
  return sum;
}

/** How many answers came in the last day. */
export function answersOfDay(lane: LaneMemory, now: Millis): number {
  const first = Math.floor((now - dayMs) / hourMs);
  return lane.hours.reduce((sum, [hour, answers]) => (hour >= first ? sum + answers : sum), 0);
}

/** The share of mail that this provider usually defers; a new lane is given a small one. */
export function usualDeferrals({ past }: LaneMemory): number {
  return (past.deferred + 0.5) / (past.answers + 20);
}

/** Takes minutes that are over into what is usual. Only a lane without trouble learns from them. */
export function learnPast(lane: LaneMemory, now: Millis): void {
  const until = Math.floor(now / minuteMs) - freshMinutes;
  const isQuiet = lane.state === 'healthy' || lane.state === 'unknown';
  const { past } = lane;
  const weight = 0.5 ** (Math.max(0, now - past.at) / halfLifeMs);
  let { answers, deferred } = past;
  let isChanged = false;
  for (const one of lane.minutes) {
    if (one.minute < lane.pastMinute || one.minute >= until) continue;
    lane.pastMinute = one.minute + 1;
    if (!isQuiet) continue;
    if (!isChanged) {
      answers *= weight;
      deferred *= weight;
      isChanged = true;
    }
    const put = one.unclear + one.slowed + one.blocked;
    answers += one.taken + put;
    deferred += put;
  }
  if (isChanged) lane.past = { answers, deferred, at: now };
  const oldest = Math.floor(now / minuteMs) - minutesMax;
  while ((lane.minutes[0]?.minute ?? oldest) < oldest) lane.minutes.shift();
}

/** The account with most bad replies, and its share of those whose account is known. */
export function mostBadBy(
  lane: LaneMemory,
): { readonly account: string; readonly share: number } | undefined {
  let most: [string, number] | undefined;
  let sum = 0;
  for (const [account, count] of Object.entries(lane.badBy)) {
    sum += count;
    if (account !== others && count > (most?.[1] ?? 0)) most = [account, count];
  }
  if (most === undefined || most[1] * 2 <= sum) return undefined;
  return { account: most[0], share: most[1] / sum };
}

function noteHour(lane: LaneMemory, at: Millis): void {
  const hour = Math.floor(at / hourMs);
  const known = lane.hours.find(([one]) => one === hour);
  if (known !== undefined) {
    known[1] += 1;
    return;
  }
  lane.hours.push([hour, 1]);
  lane.hours.sort(([one], [other]) => one - other);
  while (lane.hours.length > hoursMax) lane.hours.shift();
}

/** The counts of a minute; undefined for one that is too long ago. */
function minuteOf(lane: LaneMemory, at: Millis): MinuteCounts | undefined {
  const minute = Math.floor(at / minuteMs);
  const last = lane.minutes.at(-1);
  if (last?.minute === minute) return last;
  const fresh = { minute, taken: 0, blocked: 0, slowed: 0, part: 0, unclear: 0 };
  if (last === undefined || minute > last.minute) {
    lane.minutes.push(fresh);
    while (minute - (lane.minutes[0]?.minute ?? minute) > minutesMax) lane.minutes.shift();
    return fresh;
  }
  const known = lane.minutes.find((one) => one.minute === minute);
  if (known !== undefined || last.minute - minute > minutesMax) return known;
  lane.minutes.push(fresh);
  lane.minutes.sort((one, other) => one.minute - other.minute);
  return fresh;
}

function noteBy(badBy: Record<string, number>, by: string): void {
  const isKnown = Object.hasOwn(badBy, by);
  if (!isKnown && by !== others && Object.keys(badBy).length >= badByMax) makePlace(badBy);
  badBy[by] = (isKnown ? (badBy[by] ?? 0) : 0) + 1;
}

/** So that many accounts with a bad reply each cannot hide one that comes after them. */
function makePlace(badBy: Record<string, number>): void {
  let least: [string, number] | undefined;
  for (const [account, count] of Object.entries(badBy)) {
    if (account !== others && count < (least?.[1] ?? Number.POSITIVE_INFINITY)) {
      least = [account, count];
    }
  }
  if (least === undefined) return;
  delete badBy[least[0]];
  badBy[others] = (badBy[others] ?? 0) + least[1];
}

function later(one: Millis, other: Millis): Millis {
  return one > other ? one : other;
}
