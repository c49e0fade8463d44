/**
 * What an event leaves behind in an account's past. The only functions besides learn.ts that change
 * it.
 */

import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { DeliverySeen, LoginSeen, Submission } from '../event.ts';
import type { Judgement } from './judge.ts';
import { vouch } from './learn.ts';
import {
  forgetNetworks,
  networkOf,
  networkStanding,
  networksAtOnce,
  noteNetwork,
} from './network.ts';
import { type AccountProfile, dayOf } from './profile.ts';
import { identityKey } from './risk-factors.ts';
import { counts, firstSignAt, slots, windowsMs } from './signals.ts';

/**
 * What the ledger must add to or take from the account's book: hash and minute, in pairs; hashes.
 */
export type BookChange = {
  readonly learned: readonly number[];
  readonly forgotten: readonly number[];
};

/**
 * Nobody's clock jumps forward by more than this and is right: then the older time was wrong, and
 * the newer is taken.
 */
const clockSlackMs = hourMs;
const fingerprintsMax = 16;
const failedLoginsWindowMs = 6 * hourMs;
/** So many failures before a good login from a new network are a guess that hit. */
const breachFailsMin = 5;

/**
 * Counts a judged message. A suspended account's message leaves its demand, and nothing that could
 * teach.
 */
export function record(
  past: AccountProfile,
  message: Submission,
  judged: Judgement,
  seed: number,
): BookChange {
  const at = message.at;
  const refused = judged.verdict === 'refuse' || judged.verdict === 'delay';
  const wasSuspended = past.state === 'suspended';
  const day = dayOf(past, at);
  if (judged.verdict === 'delay') return { learned: [], forgotten: [] }; // it will come again
  past.at = at > past.at || past.at - at > clockSlackMs ? at : past.at;
  past.evidence = judged.evidence;
  for (let slot = 0; slot < slots; slot++) {
    const sum = judged.sums[slot] ?? 0;
    past.sums[slot] = sum;
    if (sum > (day.peaks[slot] ?? 0)) day.peaks[slot] = sum;
  }
  if (!refused) {
    day.messages++;
    day.recipients += message.outside.length;
  }
  if (judged.verdict !== 'pass') day.held = true;
  if (judged.state === 'suspended') day.tainted = true;
  noteSigns(past, message, judged);
  past.state = judged.state;
  if (refused) return { learned: [], forgotten: [] };
  noteHour(past, message);
  if (judged.state === 'suspended' && !wasSuspended) return suspended(past, at);
  noteHabits(past, message);
  return { learned: noteBook(past, message, judged, seed), forgotten: [] };
}

/**
 * From the first sign on, what passed is a possible leak, and is told when it comes to a
 * suspension.
 */
function noteSigns(past: AccountProfile, message: Submission, judged: Judgement): void {
  if (judged.state !== 'suspended' && judged.evidence < firstSignAt) {
    past.since = 0 as Millis;
    past.leakedMessages = 0;
    past.leakedRecipients = 0;
    past.stoppedMessages = 0;
    return;
  }
  if (past.since === 0) past.since = message.at;
  if (judged.verdict === 'pass') {
    past.leakedMessages++;
    past.leakedRecipients += message.outside.length + message.local.length;
  } else past.stoppedMessages++;
}

function noteHour(past: AccountProfile, message: Submission): void {
  const hour = Math.floor(message.at / hourMs);
  if (past.hour !== hour) {
    past.hour = hour;
    past.hourRecipients = 0;
  }
  past.hourRecipients += message.outside.length;
}

function noteHabits(past: AccountProfile, message: Submission): void {
  const day = dayOf(past, message.at);
  const hour = Math.floor(message.at / hourMs) % 24;
  day.hours[hour] = (day.hours[hour] ?? 0) + 1;
  const network = message.client === undefined ? '' : networkOf(message.client);
  if (network !== '') {
    day.networks = Math.max(day.networks, networksAtOnce(past, network, message.at));
    noteNetwork(past, network, message.at);
  }
  const print = message.fingerprint;
  if (print !== undefined && print !== '' && !past.fingerprints.includes(print)) {
    past.fingerprints.push(print);
    if (past.fingerprints.length > fingerprintsMax) past.fingerprints.shift();
  }
}

function noteBook(
  past: AccountProfile,
  message: Submission,
  judged: Judgement,
  seed: number,
): number[] {
  const minute = Math.floor(message.at / minuteMs);
  const learned: number[] = [];
  const note = (hash: number): void => {
    if (past.book.has(hash)) return;
    past.book.add(hash, minute);
    learned.push(hash, minute);
  };
  for (const hash of judged.fresh) note(hash);
  const from = message.headerFrom;
  if (from !== undefined && from !== '' && from !== message.account)
    note(hash53(identityKey(from), seed));
  return learned;
}

/**
 * The moment of suspension: nothing of the last days is believed, whom it wrote to since the first
 * sign is unlearned.
 */
function suspended(past: AccountProfile, at: Millis): BookChange {
  past.suspendedAt = at;
  for (const day of past.days) day.tainted = true;
  // Whoever took the account may have looked around first: a network is not the owner's until it is
  // a day old.
  forgetNetworks(past, (past.since - dayMs) as Millis);
  return { learned: [], forgotten: past.book.forgetSince(Math.floor(past.since / minuteMs)) };
}

/** A person suspends the account. */
export function suspendByHand(past: AccountProfile, at: Millis): BookChange {
  if (past.since === 0) past.since = at;
  past.state = 'suspended';
  return suspended(past, at);
}

/** Lifts a suspension. `honest`: what was seen was no attack, and is usual from now on. */
export function release(past: AccountProfile, how: { readonly honest: boolean }): void {
  if (how.honest) vouch(past);
  past.state = 'clear';
  past.sums.fill(0);
  past.evidence = 0;
  past.suspendedAt = 0 as Millis;
  past.since = 0 as Millis;
  past.breachFails = 0;
  past.leakedMessages = 0;
  past.leakedRecipients = 0;
  past.stoppedMessages = 0;
}

/**
 * A login. Many failures and then a good one from a network that the account never used: a guess
 * that hit.
 */
export function login(past: AccountProfile, seen: LoginSeen): void {
  const passed = Math.max(0, seen.at - past.failedLoginsAt);
  past.failedLogins *= Math.exp(-passed / failedLoginsWindowMs);
  past.failedLoginsAt = seen.at;
  if (!seen.ok) {
    past.failedLogins++;
    return;
  }
  const network = networkOf(seen.client);
  const strange = network !== '' && networkStanding(past, network, seen.at) === 'new';
  if (strange && past.failedLogins >= breachFailsMin) {
    past.breachAt = seen.at;
    past.breachFails = Math.round(past.failedLogins);
  }
  // A suspended account's password is in the hands of others.
  if (network !== '' && past.state !== 'suspended') noteNetwork(past, network, seen.at);
}

/** What became of a recipient. Only "there is no such user" says something about whoever wrote. */
export function delivery(past: AccountProfile, seen: DeliverySeen): void {
  if (seen.outcome !== 'bounced' || !isUnknownUser(seen.reply)) return;
  advance(past, seen.at);
  const day = dayOf(past, seen.at);
  // What the attack wrote to comes back for days.
  if (past.state === 'suspended') day.tainted = true;
  const first = counts.indexOf('failed-recipients') * windowsMs.length;
  for (let slot = first; slot < first + windowsMs.length; slot++) {
    const sum = (past.sums[slot] ?? 0) + 1;
    past.sums[slot] = sum;
    day.peaks[slot] = Math.max(day.peaks[slot] ?? 0, sum);
  }
}

/** Lets the sums decay up to `at`. */
function advance(past: AccountProfile, at: Millis): void {
  if (at <= past.at) return;
  for (let slot = 0; slot < slots; slot++) {
    const window = windowsMs[slot % windowsMs.length] ?? hourMs;
    past.sums[slot] = (past.sums[slot] ?? 0) * Math.exp((past.at - at) / window);
  }
  past.at = at;
}

/** RFC 3463 5.1.1 and its neighbours, or the words of servers that send no enhanced code. */
function isUnknownUser(reply: string): boolean {
  return /(?<![\d.])5\.1\.(?:1|2|3|6|10)(?!\d|\.\d)|(?:user|recipient|mailbox|account|address)[^.;]{0,40}(?:unknown|not found|does ?n[o']t exist|unavailable|disabled)|(?:unknown|no such|invalid) (?:user|recipient|mailbox|address|account)/i.test(
    reply,
  );
}
