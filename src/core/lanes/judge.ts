/**
 * Judges a lane: healthy, slowed, blocked or unknown. Clear words decide after a few messages;
 * unclear ones only if far more mail is put off than usual. Pure.
 *
 *   unknown ──enough answers──▶ healthy ◀──mail is taken again── slowed, blocked
 *      ▲                          │ put off, and nothing was taken since ──▶ slowed
 *      └── a day without mail ────┤ address refused, and nothing was taken since ──▶ blocked
 */
import { dayMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import { isBadState, type LaneState } from '../deliverability/lane.ts';
import {
  answersOfDay,
  forgetFuture,
  type LaneMemory,
  learnPast,
  sumSince,
  usualDeferrals,
} from './memory.ts';

/** With fewer answers in a day, nothing is said. */
const answersMin = 5;
/** Another message, which was handed over at the same time, may still be taken. */
const settleMs = 10 * secondMs;
/** The same where much mail was taken just before. */
const fewMs = 30 * secondMs;
/** A lane that is slowed must refuse everything for this long to count as blocked. */
const worsenMs = minuteMs;
/** Bad replies that suffice if other mail is taken meanwhile, and their share of the answers. */
const badMin = 3;
const badShare = 0.05;
/** Refusals for content or domain: some are normal. */
const partMin = 5;
const partShare = 0.2;
/** Answers and rates by which mail is put off more than usual, in percentage points. */
const deferredMin = 20;
const deferredMore = 0.1;
/** Mail is taken again: so many messages, without a bad reply for this long. */
const takenMin = 3;
const quietMs = 2 * minuteMs;
/** On a lane with little mail, one message and a longer time. */
const quietLongMs = 30 * minuteMs;
const nearMs = 5 * minuteMs;
const usualMs = 15 * minuteMs;
const partMs = 30 * minuteMs;

/**
 * Sets the state of the lane as it is now. True: the state has changed. `isStranger`: anybody may
 * run the servers of this lane, so a few of their replies say nothing.
 */
export function judgeLane(lane: LaneMemory, now: Millis, isStranger = false): boolean {
  forgetFuture(lane, now);
  learnPast(lane, now);
  const found = find(lane, now, isStranger ? answersMin : 1);
  lane.why = found.why;
  if (found.state === lane.state) {
    const isBad = isBadState(lane.state);
    lane.decided ??= isBad ? lane.lastBad : undefined;
    return false;
  }
  lane.state = found.state;
  lane.since = now;
  const isBad = isBadState(found.state);
  lane.decided = isBad ? wordsOf(lane, now) : undefined;
  if (!isBad) lane.badBy = {};
  return true;
}

/** Unclear deferrals alone have no words that decide. */
function wordsOf({ lastBad }: LaneMemory, now: Millis): LaneMemory['decided'] {
  if (lastBad === undefined || now - lastBad.at > partMs) return undefined;
  const { cure, link, reply, rule } = lastBad;
  return { cure, link, reply, rule };
}

type Found = { readonly state: LaneState; readonly why: string };

function find(lane: LaneMemory, now: Millis, badFrom: number): Found {
  const wasBad = isBadState(lane.state);
  const answers = answersOfDay(lane, now);
  if (answers === 0) return { state: 'unknown', why: 'no mail in the last 24 hours' };
  const bad = answers < badFrom ? undefined : badNow(lane, now);
  if (bad !== undefined) return bad;
  if (wasBad && !isOver(lane, now)) return { state: lane.state, why: lane.why };
  if (now - lane.lastTakenAt > dayMs) {
    return { state: 'unknown', why: 'no message was taken in the last 24 hours' };
  }
  return answers < answersMin
    ? { state: 'unknown', why: `too little mail: ${answers} answers in the last 24 hours` }
    : { state: 'healthy', why: 'mail is taken as usual' };
}

function badNow(lane: LaneMemory, now: Millis): Found | undefined {
  const { blockedSince, slowedSince, state } = lane;
  const last = sumSince(lane, (now - nearMs) as Millis);
  const refused = last.blocked + last.slowed;
  // Much mail was taken just before, and the next message may be, too.
  const isFew = refused < badMin && refused / Math.max(1, refused + last.taken) < badShare;
  const wait = isFew ? fewMs : settleMs;
  if (blockedSince > 0 && now - blockedSince >= (state === 'slowed' ? worsenMs : wait)) {
    return { state: 'blocked', why: 'they refuse our address, and have taken nothing since' };
  }
  const near = sumSince(lane, (now - partMs) as Millis);
  if (near.part >= partMin && near.taken === 0) {
    return { state: 'blocked', why: `they refused ${near.part} messages and took none` };
  }
  // A blocked lane is not better because they only slow us meanwhile.
  if (state === 'blocked' && blockedSince > 0) return { state: 'blocked', why: lane.why };
  // It will be blocked or taken in a moment: slowed in between would be a change too many.
  if (blockedSince > 0 && state !== 'slowed' && now - blockedSince < wait) return undefined;
  if (slowedSince > 0 && now - slowedSince >= wait) {
    return { state: 'slowed', why: 'they put our mail off, and have taken nothing since' };
  }
  // Blocked until they take more than a message now and then.
  return state === 'blocked' && last.taken < takenMin
    ? undefined
    : slowedPartly(lane, now, { last, near });
}

/** Some mail is taken, and too much is not. */
function slowedPartly(
  lane: LaneMemory,
  now: Millis,
  { last, near }: Readonly<Record<'last' | 'near', ReturnType<typeof sumSince>>>,
): Found | undefined {
  const usual = usualDeferrals(lane);
  const { blocked, slowed, taken, unclear } = sumSince(lane, (now - usualMs) as Millis);
  const bad = blocked + slowed;
  const bound = Math.max(badShare, 3 * usual);
  const spans = [
    { bad, taken },
    { bad: last.blocked + last.slowed, taken: last.taken },
  ];
  const found = spans.find((one) => one.bad >= badMin && one.bad / (one.bad + one.taken) >= bound);
  const isOn = lane.takenSinceBad < takenMin || now - lane.lastBadAt < quietMs;
  if (found !== undefined && isOn) {
    const all = found.bad + found.taken;
    return { state: 'slowed', why: `they put off or refused ${of(found.bad, all)}` };
  }
  const deferred = bad + unclear;
  const rate = deferred / Math.max(1, deferred + taken);
  if (deferred + taken >= deferredMin && rate >= Math.max(usual + deferredMore, 2 * usual)) {
    if (deferralNow(last) >= usual + deferredMore / 2) {
      const before = `usual is ${percent(usual)}`;
      return { state: 'slowed', why: `they put off ${of(deferred, deferred + taken)}; ${before}` };
    }
  }
  const { part } = near;
  const isMuch = part >= partMin && part / (part + near.taken) >= partShare;
  if (isMuch && now - lane.lastBadAt < nearMs) {
    return { state: 'slowed', why: `they refused ${of(part, part + near.taken)}` };
  }
  return undefined;
}

/** The share of mail that is put off in the last minutes. */
function deferralNow({ blocked, slowed, taken, unclear }: ReturnType<typeof sumSince>): number {
  const deferred = blocked + slowed + unclear;
  return deferred / Math.max(1, deferred + taken);
}

/** They take our mail again. */
function isOver(lane: LaneMemory, now: Millis): boolean {
  const quiet = now - lane.lastBadAt;
  if (lane.takenSinceBad >= takenMin && quiet >= quietMs) return true;
  if (lane.takenSinceBad > 0 && quiet >= quietLongMs) return true;
  // A large lane always has some bad replies.
  const { blocked, slowed, part, taken } = sumSince(lane, (now - nearMs) as Millis);
  const bad = blocked + slowed + part;
  return taken >= deferredMin && bad / (bad + taken) < badShare / 2;
}

/** `12 of 40 messages (30 %)`. */
function of(some: number, all: number): string {
  return `${some} of ${all} messages (${percent(some / all)}) lately`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
