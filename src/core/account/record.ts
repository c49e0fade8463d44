/**
 * What an event leaves behind in an account's profile. The only functions besides learn.ts that change
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
  profile: AccountProfile,
  message: Submission,
  judged: Judgement,
  seed: number,
): BookChange {
  const at = message.at;
  const refused = judged.verdict === 'refuse' || judged.verdict === 'delay';
  const wasSuspended = profile.state === 'suspended';
  const day = dayOf(profile, at);
  if (judged.verdict === 'delay') return { learned: [], forgotten: [] }; // it will come again
  profile.at = at > profile.at || profile.at - at > clockSlackMs ? at : profile.at;
  profile.evidence = judged.evidence;
  for (let slot = 0; slot < slots; slot++) {
    const sum = judged.sums[slot] ?? 0;
    profile.sums[slot] = sum;
    if (sum > (day.peaks[slot] ?? 0)) day.peaks[slot] = sum;
  }
  if (!refused) {
    day.messages++;
    day.recipients += message.outside.length;
  }
  if (judged.verdict !== 'pass') day.held = true;
  if (judged.state === 'suspended') day.tainted = true;
  noteSigns(profile, message, judged);
  profile.state = judged.state;
  if (refused) return { learned: [], forgotten: [] };
  noteHour(profile, message);
  if (judged.state === 'suspended' && !wasSuspended) return suspended(profile, at);
  noteHabits(profile, message);
  return { learned: noteBook(profile, message, judged, seed), forgotten: [] };
}

/**
 * From the first sign on, what passed is a possible leak, and is told when it comes to a
 * suspension.
 */
function noteSigns(profile: AccountProfile, message: Submission, judged: Judgement): void {
  if (judged.state !== 'suspended' && judged.evidence < firstSignAt) {
    profile.since = 0 as Millis;
    profile.leakedMessages = 0;
    profile.leakedRecipients = 0;
    profile.stoppedMessages = 0;
    return;
  }
  if (profile.since === 0) profile.since = message.at;
  if (judged.verdict === 'pass') {
    profile.leakedMessages++;
    profile.leakedRecipients += message.outside.length + message.local.length;
  } else profile.stoppedMessages++;
}

function noteHour(profile: AccountProfile, message: Submission): void {
  const hour = Math.floor(message.at / hourMs);
  if (profile.hour !== hour) {
    profile.hour = hour;
    profile.hourRecipients = 0;
  }
  profile.hourRecipients += message.outside.length;
}

function noteHabits(profile: AccountProfile, message: Submission): void {
  const day = dayOf(profile, message.at);
  const hour = Math.floor(message.at / hourMs) % 24;
  day.hours[hour] = (day.hours[hour] ?? 0) + 1;
  const network = message.client === undefined ? '' : networkOf(message.client);
  if (network !== '') {
    day.networks = Math.max(day.networks, networksAtOnce(profile, network, message.at));
    noteNetwork(profile, network, message.at);
  }
  const print = message.fingerprint;
  if (print !== undefined && print !== '' && !profile.fingerprints.includes(print)) {
    profile.fingerprints.push(print);
    if (profile.fingerprints.length > fingerprintsMax) profile.fingerprints.shift();
  }
}

function noteBook(
  profile: AccountProfile,
  message: Submission,
  judged: Judgement,
  seed: number,
): number[] {
  const minute = Math.floor(message.at / minuteMs);
  const learned: number[] = [];
  const note = (hash: number): void => {
    if (profile.book.has(hash)) return;
    profile.book.add(hash, minute);
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
function suspended(profile: AccountProfile, at: Millis): BookChange {
  profile.suspendedAt = at;
  for (const day of profile.days) day.tainted = true;
  // Whoever took the account may have looked around first: a network is not the owner's until it is
  // a day old.
  forgetNetworks(profile, (profile.since - dayMs) as Millis);
  return { learned: [], forgotten: profile.book.forgetSince(Math.floor(profile.since / minuteMs)) };
}

/** A person suspends the account. */
export function suspendByHand(profile: AccountProfile, at: Millis): BookChange {
  if (profile.since === 0) profile.since = at;
  profile.state = 'suspended';
  return suspended(profile, at);
}

/** Lifts a suspension. `honest`: what was seen was no attack, and is usual from now on. */
export function release(profile: AccountProfile, how: { readonly honest: boolean }): void {
  if (how.honest) vouch(profile);
  profile.state = 'clear';
  profile.sums.fill(0);
  profile.evidence = 0;
  profile.suspendedAt = 0 as Millis;
  profile.since = 0 as Millis;
  profile.breachFails = 0;
  profile.leakedMessages = 0;
  profile.leakedRecipients = 0;
  profile.stoppedMessages = 0;
}

/**
 * A login. Many failures and then a good one from a network that the account never used: a guess
 * that hit.
 */
export function login(profile: AccountProfile, seen: LoginSeen): void {
  const passed = Math.max(0, seen.at - profile.failedLoginsAt);
  profile.failedLogins *= Math.exp(-passed / failedLoginsWindowMs);
  profile.failedLoginsAt = seen.at;
  if (!seen.ok) {
    profile.failedLogins++;
    return;
  }
  const network = networkOf(seen.client);
  const strange = network !== '' && networkStanding(profile, network, seen.at) === 'new';
  if (strange && profile.failedLogins >= breachFailsMin) {
    profile.breachAt = seen.at;
    profile.breachFails = Math.round(profile.failedLogins);
  }
  // A suspended account's password is in the hands of others.
  if (network !== '' && profile.state !== 'suspended') noteNetwork(profile, network, seen.at);
}

/** What became of a recipient. Only "there is no such user" says something about whoever wrote. */
export function delivery(profile: AccountProfile, seen: DeliverySeen): void {
  if (seen.outcome !== 'bounced' || !isUnknownUser(seen.reply)) return;
  advance(profile, seen.at);
  const day = dayOf(profile, seen.at);
  // What the attack wrote to comes back for days.
  if (profile.state === 'suspended') day.tainted = true;
  const first = counts.indexOf('failed-recipients') * windowsMs.length;
  for (let slot = first; slot < first + windowsMs.length; slot++) {
    const sum = (profile.sums[slot] ?? 0) + 1;
    profile.sums[slot] = sum;
    day.peaks[slot] = Math.max(day.peaks[slot] ?? 0, sum);
  }
}

/** Lets the sums decay up to `at`. */
function advance(profile: AccountProfile, at: Millis): void {
  if (at <= profile.at) return;
  for (let slot = 0; slot < slots; slot++) {
    const window = windowsMs[slot % windowsMs.length] ?? hourMs;
    profile.sums[slot] = (profile.sums[slot] ?? 0) * Math.exp((profile.at - at) / window);
  }
  profile.at = at;
}

/** RFC 3463 5.1.1 and its neighbours, or the words of servers that send no enhanced code. */
function isUnknownUser(reply: string): boolean {
  return /(?<![\d.])5\.1\.(?:1|2|3|6|10)(?!\d|\.\d)|(?:user|recipient|mailbox|account|address)[^.;]{0,40}(?:unknown|not found|does ?n[o']t exist|unavailable|disabled)|(?:unknown|no such|invalid) (?:user|recipient|mailbox|address|account)/i.test(
    reply,
  );
}
