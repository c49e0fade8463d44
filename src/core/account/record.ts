/**
 * Records events in an account's profile. Only these functions and those of learn.ts and network.ts
 * change a profile.
 */

import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { DeliverySeen, LoginSeen, Submission } from '../event.ts';
import { isPutOff } from '../verdict.ts';
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
import { breachFailsMin, firstSignAt, slots, slotsOf, windowsMs } from './signals.ts';

/** What the ledger must add to the account's book, and remove from it. */
export type BookChange = {
  /** Pairs of a hash and its minute, one after another. */
  readonly learned: readonly number[];
  /** Hashes. */
  readonly forgotten: readonly number[];
};

/** An event this much older than the last one: the clock was wrong then, and is believed now. */
const clockSlackMs = hourMs;
const fingerprintsMax = 16;
const failedLoginsWindowMs = 6 * hourMs;

/**
 * Counts a judged message. A message of a suspended account counts in the sums, but nothing is
 * learned from it.
 */
export function record(
  profile: AccountProfile,
  message: Submission,
  judged: Judgement,
  seed: number,
): BookChange {
  const at = message.at;
  const wasSuspended = profile.state === 'suspended';
  const taken = judged.verdict === 'pass' || judged.verdict === 'hold';
  const day = dayOf(profile, at);
  // The sender tries a delayed message again: it counts then. Where too much is held, it counts
  // now: otherwise the evidence would fade while the attack goes on.
  if (judged.verdict === 'delay' && !isPutOff(judged)) return { learned: [], forgotten: [] };
  profile.at = at > profile.at || profile.at - at > clockSlackMs ? at : profile.at;
  profile.evidence = judged.evidence;
  for (let slot = 0; slot < slots.length; slot++) {
    const sum = judged.sums[slot] ?? 0;
    profile.sums[slot] = sum;
    if (sum > (day.peaks[slot] ?? 0)) day.peaks[slot] = sum;
  }
  if (taken && !wasSuspended) {
    day.messages++;
    day.recipients += message.outside.length;
  }
  if (judged.verdict !== 'pass') day.held = true;
  if (judged.state === 'suspended') day.tainted = true;
  noteSigns(profile, message, judged);
  profile.state = judged.state;
  if (wasSuspended) return { learned: [], forgotten: [] };
  if (taken) noteHour(profile, message);
  if (judged.state === 'suspended') return suspended(profile, at);
  if (!taken) return { learned: [], forgotten: [] };
  noteHabits(profile, message);
  return { learned: noteBook(profile, message, judged, seed), forgotten: [] };
}

/** Counts what passes and what is stopped from the first sign on: a suspension reports both. */
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
 * The moment of a suspension. Nothing will be learned from the last days; recipients and networks
 * since the first sign are forgotten.
 */
function suspended(profile: AccountProfile, at: Millis): BookChange {
  profile.suspendedAt = at;
  for (const day of profile.days) day.tainted = true;
  // The attacker may have logged in earlier, without sending: forget the day before as well.
  forgetNetworks(profile, (profile.since - dayMs) as Millis);
  return { learned: [], forgotten: profile.book.forgetSince(Math.floor(profile.since / minuteMs)) };
}

/** An operator suspends the account. */
export function suspendByHand(profile: AccountProfile, at: Millis): BookChange {
  if (profile.since === 0) profile.since = at;
  profile.state = 'suspended';
  return suspended(profile, at);
}

/** A person says that the account, which is suspended, was hijacked: its mail is refused now. */
export function confirmHijack(profile: AccountProfile, at: Millis): void {
  profile.hijackedAt = at;
}

/** Ends a suspension. `honest`: what was seen was no attack, and is usual from now on. */
export function release(profile: AccountProfile, how: { readonly honest: boolean }): void {
  if (how.honest) vouch(profile);
  profile.state = 'clear';
  profile.sums.fill(0);
  profile.evidence = 0;
  profile.suspendedAt = 0 as Millis;
  profile.hijackedAt = 0 as Millis;
  profile.since = 0 as Millis;
  profile.breachFails = 0;
  profile.leakedMessages = 0;
  profile.leakedRecipients = 0;
  profile.stoppedMessages = 0;
}

/**
 * Records a login. A success after many failures, from a network the account has not used, means a
 * guessed password.
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
  // An attacker has the password of a suspended account: the network may be the attacker's.
  if (network !== '' && profile.state !== 'suspended') noteNetwork(profile, network, seen.at);
}

/** Records what happened to a recipient. Only "no such user" counts against the sender. */
export function delivery(profile: AccountProfile, seen: DeliverySeen): void {
  if (seen.outcome !== 'bounced' || !isUnknownUser(seen.reply)) return;
  advance(profile, seen.at);
  const day = dayOf(profile, seen.at);
  // Replies to an attack's mail arrive for days.
  if (profile.state === 'suspended') day.tainted = true;
  for (const slot of slotsOf['failed-recipients']) {
    const sum = (profile.sums[slot] ?? 0) + 1;
    profile.sums[slot] = sum;
    day.peaks[slot] = Math.max(day.peaks[slot] ?? 0, sum);
  }
}

/** Makes the sums decay until `at`. */
function advance(profile: AccountProfile, at: Millis): void {
  if (at <= profile.at) return;
  for (let slot = 0; slot < slots.length; slot++) {
    const windowMs = windowsMs[slots[slot]?.window ?? 0];
    profile.sums[slot] = (profile.sums[slot] ?? 0) * Math.exp((profile.at - at) / windowMs);
  }
  profile.at = at;
}

/** The codes of RFC 3463 section 3.2 for an unknown user. */
const unknownUserCode = /(?<![\d.])5\.1\.(?:1|2|3|6|10)(?!\d|\.\d)/;
/** The words of servers that send no such code. */
const subject = '(?:user|recipient|mailbox|address|account)';
const unknownUserWords = new RegExp(
  `${subject}[^.;]{0,40}(?:unknown|not found|does ?n[o\x27]t exist|unavailable|disabled)|` +
    `(?:unknown|no such|invalid) ${subject}`,
  'i',
);

function isUnknownUser(reply: string): boolean {
  return unknownUserCode.test(reply) || unknownUserWords.test(reply);
}
