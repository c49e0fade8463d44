/**
 * Records events in an account's profile. Only these functions and those of learn.ts and network.ts
 * change a profile.
 */

import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import {
  type FailedNetworks,
  forgetNetworks,
  networkOf,
  networkStanding,
  networksAtOnce,
  noteNetwork,
  restoreNetworks,
} from '../client/network.ts';
import { forgetPrograms, noteProgram, restorePrograms } from '../client/program.ts';
import type { ClientStanding } from '../client/standing.ts';
import { vouchClients } from '../client/vouch.ts';
import type { LoginSeen, Submission } from '../event.ts';
import { isPutOff } from '../verdict.ts';
import type { Judgement } from './judge.ts';
import { vouch } from './learn.ts';
import { type AccountProfile, dayOf } from './profile.ts';
import { identityKey } from './risk-factors.ts';
import {
  breachFailsMin,
  firstSignAt,
  holdAt,
  slots,
  suspendAt,
  watchAt,
  windowsMs,
} from './signals.ts';

/** What the ledger must add to the account's book, and remove from it. */
export type BookChange = {
  /** Pairs of a hash and its minute, one after another. */
  readonly learned: readonly number[];
  /** Hashes. */
  readonly forgotten: readonly number[];
};

/** The book stays as it is. */
export const nothingNew: BookChange = { learned: [], forgotten: [] };

/** An event this much older than the last one: the clock was wrong then, and is believed now. */
const clockSlackMs = hourMs;
const fingerprintsMax = 16;
const oddMs = 10 * dayMs;
/** After this many messages that were held in a row of signs, a person decides. */
const lockAfter = 12;
const reachedMax = 16;
/** People who wrote first and were answered, remembered for a day. */
const invitedNoted = 2_000;
/** Recipients that a false alarm can give back; the ledger keeps them with the account. */
const forgottenMax = 1_000;
const failedLoginsWindowMs = 6 * hourMs;

/** What is needed besides the profile: the seed of the book's hashes, and the own hosts. */
type RecordContext = {
  readonly seed: number;
  readonly isOwnHost: (client: string) => boolean;
};

/**
 * Counts a judged message. A message of a suspended account counts in the sums, but nothing is
 * learned from it.
 */
export function record(
  profile: AccountProfile,
  message: Submission,
  judged: Judgement,
  { isOwnHost, seed }: RecordContext,
): BookChange {
  const at = message.at;
  const wasSuspended = profile.state === 'suspended';
  const taken = judged.verdict === 'pass' || judged.verdict === 'hold';
  const day = dayOf(profile, at);
  // The sender tries a delayed message again: it counts then. Where too much is held, it counts
  // now: otherwise the evidence would fade while the attack goes on.
  if (judged.verdict === 'delay' && !isPutOff(judged)) return nothingNew;
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
  if (isPutOff(judged) || isStoppedByNumbers(judged) || judged.braked === true) day.numbers = true;
  if (judged.state === 'suspended') day.tainted = true;
  const isStopped = judged.verdict === 'hold' && judged.evidence >= holdAt;
  // Strangers cause replies: alone these lock nothing.
  const isOwn = judged.kinds?.some((kind) => kind !== 'replies') === true;
  const locks =
    profile.lockedAt > 0 || (isStopped && isOwn && profile.stoppedMessages >= lockAfter);
  const byNumbers =
    judged.state !== 'suspended' &&
    judged.verdict === 'hold' &&
    ((isOwn && isStoppedByNumbers(judged)) || (locks && (isStopped || isWaiting(judged))));
  if (byNumbers) {
    day.numbers = true;
    // What the brake stops may be our own fault, and must not wait when that is over.
    if (profile.lockedAt === 0 && (judged.braked !== true || judged.far === true))
      profile.lockedAt = at;
    profile.numbersAt = at;
    if (profile.numbersSince === 0) profile.numbersSince = at;
  } else if (!wasSuspended && !waitsForPerson(profile, at)) profile.forgotten = undefined;
  noteSigns(profile, message, judged);
  profile.state = judged.state;
  if (taken && !wasSuspended) noteHour(profile, message);
  if (judged.state === 'suspended') {
    const book = wasSuspended ? nothingNew : suspended(profile, at);
    noteStopped(profile, message, judged);
    return book;
  }
  if (!taken) return nothingNew;
  noteHabits(profile, message, judged, isOwnHost);
  // Else the whole list would be known tomorrow, and pass.
  if (byNumbers) {
    noteStopped(profile, message, judged);
    return nothingNew;
  }
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

function noteHabits(
  profile: AccountProfile,
  message: Submission,
  { evidence, notes }: Judgement,
  isOwnHost: (client: string) => boolean,
): void {
  const isQuiet = evidence < watchAt;
  const teaches =
    isQuiet && (notes.client.standing !== 'odd' || isLongSeen(profile, notes.client, message.at));
  const day = dayOf(profile, message.at);
  const hour = Math.floor(message.at / hourMs) % 24;
  day.hours[hour] = (day.hours[hour] ?? 0) + 1;
  const network = message.client === undefined ? '' : networkOf(message.client);
  if (network !== '') {
    const here = networksAtOnce(profile, network, message.at, isOwnHost);
    day.networks = Math.max(day.networks, here);
    noteNetwork(profile, network, message.at, { teaches, sends: true });
  }
  const { program } = notes.client;
  if (program !== '') noteProgram(profile, message, program, teaches);
  if (notes.reached !== 0) {
    profile.reached.push(notes.reached);
    if (profile.reached.length > reachedMax) profile.reached.shift();
  }
  const print = message.fingerprint;
  if (print !== undefined && print !== '' && !profile.fingerprints.includes(print)) {
    profile.fingerprints.push(print);
    if (profile.fingerprints.length > fingerprintsMax) profile.fingerprints.shift();
  }
}

/**
 * An odd client that has been seen for this long, and was not watched meanwhile, becomes the
 * account's own little by little: else who buys a telephone and moves would never be known.
 */
function isLongSeen(
  { networks, programs }: AccountProfile,
  { network, program }: ClientStanding,
  at: Millis,
): boolean {
  const before = (at - oddMs) / minuteMs;
  return (
    networks.some((one) => one.network === network && one.first < before) &&
    (program === '' || programs.some((one) => one.program === program && one.first < before))
  );
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
  const { invited } = judged.notes;
  if (invited.length > 0) {
    const day = dayOf(profile, message.at);
    day.invited = [...(day.invited ?? []), ...invited].slice(-invitedNoted);
  }
  const from = message.headerFrom;
  if (from !== undefined && from !== '' && from !== message.account) {
    const before = learned.length;
    note(hash53(identityKey(from), seed));
    const day = dayOf(profile, message.at);
    if (learned.length > before) day.newFroms = (day.newFroms ?? 0) + 1;
  }
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
  const networks = forgetNetworks(profile, (profile.since - dayMs) as Millis);
  const programs = forgetPrograms(profile, (profile.since - dayMs) as Millis);
  const entries = profile.book.forgetSince(Math.floor(profile.since / minuteMs));
  const before = profile.forgotten?.book ?? [];
  const book = [...before, ...entries].slice(0, 2 * forgottenMax);
  profile.forgotten = { book, networks, programs };
  return { learned: [], forgotten: entries.filter((_, at) => at % 2 === 0) };
}

function isWaiting({ reasons }: Judgement): boolean {
  return reasons.some(({ signal }) => signal === 'waiting');
}

/** As much as suspends with a second kind of evidence. Without one, a person decides. */
function isStoppedByNumbers({ verdict, evidence }: Judgement): boolean {
  return verdict === 'hold' && evidence >= suspendAt;
}

/** The recipients of a stopped message. They become known if it was a false alarm. */
function noteStopped(profile: AccountProfile, { at }: Submission, { fresh }: Judgement): void {
  const minute = Math.floor(at / minuteMs);
  const forgotten = profile.forgotten ?? { book: [], networks: [] };
  for (const hash of fresh) {
    if (forgotten.book.length >= 2 * forgottenMax) break;
    forgotten.book.push(hash, minute);
  }
  profile.forgotten = forgotten;
}

/** Nothing of an account that is only observed is held: nothing waits for a person. */
export function waitForNobody(profile: AccountProfile): void {
  profile.lockedAt = 0 as Millis;
}

/** A person delivers all held mail of an account: what comes next does not wait for them again. */
export function heldDelivered(profile: AccountProfile): void {
  if (profile.state === 'suspended') return;
  waitForNobody(profile);
  profile.numbersAt = 0 as Millis;
  profile.numbersSince = 0 as Millis;
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

/**
 * Ends a suspension. `honest`: what was seen was no attack. It is usual from now on, and what the
 * suspension has forgotten is known again. Returns what the book gets back.
 */
export function release(profile: AccountProfile, how: { readonly honest: boolean }): BookChange {
  const learned: number[] = [];
  if (how.honest) {
    profile.vouchedAt = profile.at;
    // The clients themselves are known now: others are not likelier.
    vouch(profile, 'odd-client');
    const { book = [], networks = [], programs = [] } = profile.forgotten ?? {};
    for (let at = 0; at < book.length; at += 2) {
      const [hash = 0, minute = 0] = [book[at], book[at + 1]];
      if (profile.book.has(hash)) continue;
      profile.book.add(hash, minute);
      learned.push(hash, minute);
    }
    restoreNetworks(profile, networks);
    restorePrograms(profile, programs);
    vouchClients(profile);
  }
  profile.forgotten = undefined;
  profile.releasedAt = profile.at;
  profile.numbersAt = 0 as Millis;
  profile.lockedAt = 0 as Millis;
  profile.numbersSince = 0 as Millis;
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
  return { learned, forgotten: [] };
}

/**
 * Records a login. A success after many failures means a guessed password, if it comes from a
 * network that the account has not used, and from which logins have failed too. Failures from
 * elsewhere say nothing about the owner, who may travel. Nor do those at a host of the server, such
 * as webmail: everybody guesses and everybody logs in there.
 */
export function login(
  profile: AccountProfile,
  seen: LoginSeen,
  failed: FailedNetworks,
  isOwnHost: (client: string) => boolean,
): void {
  const network = networkOf(seen.client);
  const passed = Math.max(0, seen.at - profile.failedLoginsAt);
  profile.failedLogins *= Math.exp(-passed / failedLoginsWindowMs);
  profile.failedLoginsAt = seen.at;
  if (!seen.ok) {
    profile.failedLogins++;
    failed.note(network, seen.at);
    return;
  }
  const strange =
    network !== '' &&
    !isOwnHost(seen.client) &&
    networkStanding(profile, network, seen.at) === 'new';
  const guessed = profile.failedLogins >= breachFailsMin && failed.has(network, seen.at);
  if (strange && guessed) {
    profile.breachAt = seen.at;
    profile.breachFails = Math.round(profile.failedLogins);
  }
  // An attacker has the password of a suspended account: the network may be the attacker's.
  if (network === '' || profile.state === 'suspended') return;
  // Whether it is the owner is seen when mail is sent.
  const reads = seen.protocol === 'imap' || seen.protocol === 'webmail';
  noteNetwork(profile, network, seen.at, { teaches: false, reads });
}

/**
 * Whether mail that was held then waits for a person: the numbers alone were as high as those of a
 * suspension, so it must not leave when the account is quiet again. A later attack takes nothing
 * back: what the first one left waits as well.
 */
export function waitsForPerson(
  {
    lockedAt,
    numbersAt,
    numbersSince,
  }: Pick<AccountProfile, 'lockedAt' | 'numbersAt' | 'numbersSince'>,
  heldAt: Millis,
): boolean {
  if (lockedAt > 0 && heldAt > lockedAt - windowsMs[2]) return true;
  if (numbersAt === 0) return false;
  const first = numbersSince === 0 ? numbersAt : Math.min(numbersSince, numbersAt);
  return heldAt > first - windowsMs[2] && heldAt < numbersAt + windowsMs[2];
}
