/**
 * Of what somebody is told although the mail passes: many strangers reached, a client that is new
 * to the account, one text to many people, an account that is watched for days. What is held or
 * suspended is told elsewhere.
 */
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Submission } from '../event.ts';
import {
  isReachToTell,
  isToCome,
  noteReached,
  noteTold,
  type ReachCounts,
  reached,
  reachLimits,
} from '../reach/reach.ts';
import { invitedOn } from './count-recipients.ts';
import type { Judgement } from './judge.ts';
import type { AccountProfile } from './profile.ts';
import { slotsOf, watchAt } from './signals.ts';

export type ToldParty = 'owner' | 'operator';

export type Telling = {
  readonly to: readonly ToldParty[];
} & (
  | { readonly what: 'reach'; readonly counts: ReachCounts; readonly limits: ReachCounts }
  | { readonly what: 'new-client'; readonly network: string; readonly program: string }
  /** `usual`: the most in six hours until now. */
  | { readonly what: 'copies'; readonly recipients: number; readonly usual: number }
  | { readonly what: 'watched'; readonly days: number; readonly of: number }
);

/** An account has a client to compare with when it is this old. */
const historyMs = 7 * dayMs;
const clientEveryMs = 7 * dayMs;
const copiesEveryMs = 7 * dayMs;
/** So many people a day who wrote first are never counted as strangers. */
const invitedFree = 2;
/** Copies of one text in six hours. */
const copiesMin = 10;
/** On so many of the last days. */
const watchedDaysMin = 3;
const watchedOf = 7;
const watchedEveryMs = 30 * dayMs;

/**
 * Notes what the message means for later notices; returns those that are due now. Of an exempt
 * account nobody is told.
 */
export function tellings(
  profile: AccountProfile,
  message: Submission,
  judgement: Judgement,
  isExempt: boolean,
): readonly Telling[] {
  const { at } = message;
  const told: Telling[] = [];
  if (judgement.verdict === 'pass') {
    const strangers = judgement.notes.strangers + invitedTooMany(profile, at, judgement);
    if (!isExempt) tellOfPassed(profile, at, judgement, strangers, told);
    noteReached(profile.reach, at, strangers);
  }
  const days = watchedFor(profile, at, judgement.evidence);
  const { toldAt } = profile;
  if (!isExempt && days >= watchedDaysMin && isDue(toldAt.watched, at, watchedEveryMs)) {
    toldAt.watched = at;
    told.push({ what: 'watched', to: ['operator'], days, of: watchedOf });
  }
  return told;
}

/**
 * The same for the sum that a message adds to: only how many strangers were reached through it. The
 * operator is not told twice by one message, and not of a sum that is new or exempt: what it has is
 * normal. Call it before the message is recorded.
 */
export function sumTellings(
  sum: AccountProfile,
  { at }: Submission,
  judgement: Judgement,
  how: { readonly isExempt: boolean; readonly isTold: boolean },
): readonly Telling[] {
  if (judgement.verdict !== 'pass') return [];
  const strangers = judgement.notes.strangers + invitedTooMany(sum, at, judgement);
  const told: Telling[] = [];
  if (!how.isExempt) tellOfReach(sum, at, strangers, told);
  noteReached(sum.reach, at, strangers);
  return how.isTold ? [] : told;
}

/** Adds to `told` what a message that passes makes due. */
function tellOfPassed(
  profile: AccountProfile,
  at: Millis,
  { notes, sums }: Judgement,
  strangers: number,
  told: Telling[],
): void {
  const { client } = notes;
  tellOfReach(profile, at, strangers, told);
  if (
    client.standing === 'odd' &&
    at - profile.firstSeen > historyMs &&
    isDue(profile.toldAt.client, at, clientEveryMs)
  ) {
    const { network, program } = client;
    profile.toldAt.client = at;
    told.push({ what: 'new-client', to: ['owner'], network, program });
  }
  const slot = slotsOf['same-body'][1] ?? 0;
  const copies = sums[slot] ?? 0;
  const usual = profile.peaks[slot] ?? 0;
  if (
    notes.isCopy &&
    client.standing !== 'home' &&
    copies >= copiesMin &&
    copies > 2 * usual &&
    isDue(profile.toldAt.copies, at, copiesEveryMs)
  ) {
    profile.toldAt.copies = at;
    const recipients = Math.round(copies);
    told.push({
      what: 'copies',
      to: ['owner', 'operator'],
      recipients,
      usual: Math.round(usual),
    });
  }
}

function tellOfReach(
  { reach }: AccountProfile,
  at: Millis,
  strangers: number,
  told: Telling[],
): void {
  if (strangers === 0) return;
  const counts = reached(reach, at, strangers);
  if (!isReachToTell(reach, at, counts)) return;
  noteTold(reach, at, counts);
  told.push({ what: 'reach', to: ['operator'], counts, limits: reachLimits(reach) });
}

function isDue(last: Millis | undefined, at: Millis, everyMs: number): boolean {
  return last === undefined || at - last > everyMs || isToCome(last, at);
}

/** People who wrote first, beyond what is usual: a thief can make many write in. */
function invitedTooMany(profile: AccountProfile, at: Millis, { notes }: Judgement): number {
  const before = invitedOn(profile, at).length;
  const most = Math.max(invitedFree, profile.usualInvited);
  return Math.max(0, before + notes.invited.length - most) - Math.max(0, before - most);
}

/** On how many of the last days the account was watched; counts today if it is now. */
function watchedFor(profile: AccountProfile, at: Millis, evidence: number): number {
  if (evidence < watchAt) return 0;
  const day = Math.floor(at / dayMs);
  if (profile.watchedDays.at(-1) !== day) {
    const lately = profile.watchedDays.filter((one) => one < day && one > day - watchedOf);
    profile.watchedDays = [...lately, day];
  }
  return profile.watchedDays.length;
}
