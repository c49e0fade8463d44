/**
 * What the recipients of a message are to its account: known, or new, and then whether others on
 * this server have written to them. The judgement needs only how many there are of each kind, so
 * the policy door keeps these numbers while recipients come and go.
 */
import { domainOf } from '../../formats/message/address.ts';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import type { AccountProfile } from './profile.ts';
import { isUsualFrom } from './risk-factors.ts';
import {
  invitedMax,
  invitedOfDomainMax,
  invitedWeight,
  knownHereWeight,
  lagDays,
  lately,
  localWeight,
} from './signals.ts';

/** What the whole server knows of recipients. */
export type People = {
  /** Seed of the recipient hashes. */
  readonly seed: number;
  /** The minute of the first mail from here to this recipient (hash); undefined without one. */
  knownHere(recipient: number): number | undefined;
  /**
   * Whether this address has written to the account before: mail that proved its domain, and that
   * no filter took for spam. Undefined where nobody notes what comes in. `as`: an address that the
   * account has used in From for more than a day; people may have written to that one.
   */
  readonly wroteFirst?: (account: Account, recipient: string, as?: string) => boolean;
  /** Whether many accounts here write to addresses of this domain. */
  readonly isCommonDomain?: (domain: string) => boolean;
  /**
   * Whether mail from here had links to this domain before the last two days, or of three accounts.
   */
  readonly isKnownLink?: (domain: string, at: Millis) => boolean;
};

/**
 * known: the account has written to them. The others are new to it. invited: they have written to
 * the account. stranger: nobody here has written to them. lately, known-here: another account has,
 * in the last days or before that.
 */
export type RecipientKind = 'known' | 'invited' | 'stranger' | 'lately' | 'known-here';

/** How many recipients there are, and of each kind but `known`. */
export type RecipientCounts = {
  outside: number;
  local: number;
  invited: number;
  stranger: number;
  lately: number;
  knownHere: number;
  /** Recipients of this server that are new to the account, of whatever kind. */
  newLocal: number;
};

export function noRecipients(): RecipientCounts {
  return {
    outside: 0,
    local: 0,
    invited: 0,
    stranger: 0,
    lately: 0,
    knownHere: 0,
    newLocal: 0,
  };
}

/**
 * Counts the recipients of a message. `fresh`: hashes of those that are new to the account.
 * `invited`: hashes of the domains of those who wrote first and count against the day's limit.
 * `first`: hash of the first recipient; 0 without one outside.
 */
export function countRecipients(
  profile: AccountProfile,
  message: {
    readonly at: Millis;
    readonly account: Account;
    readonly outside: readonly string[];
    readonly local: readonly string[];
    readonly headerFrom?: string;
  },
  people: People,
): {
  readonly counts: RecipientCounts;
  readonly fresh: readonly number[];
  readonly invited: readonly number[];
  readonly first: number;
} {
  const { at, outside, local } = message;
  const counts = noRecipients();
  const invited: number[] = [];
  let first = 0;
  counts.outside = outside.length;
  counts.local = local.length;
  const fresh: number[] = [];
  for (const recipient of outside) {
    const hash = hash53(recipient, people.seed);
    if (first === 0) first = hash;
    const kind = kindOf(profile, hash, at, people);
    if (kind === 'known') continue;
    fresh.push(hash);
    if (hasWritten(profile, message, recipient, people) && mayInvite(profile, at, invited.length)) {
      const domain = domainOf(recipient);
      // Of a domain that many write to, nobody can make addresses as they like.
      const isCommon = people.isCommonDomain?.(domain) === true;
      const key = isCommon ? 0 : hash53(domain, people.seed);
      if (isCommon || invitedToday(profile, at, key, invited) < invitedOfDomainMax) {
        invited.push(key);
        counts.invited++;
        continue;
      }
    }
    addNew(counts, kind, 1);
  }
  for (const recipient of local) {
    const hash = hash53(recipient, people.seed);
    if (profile.book.has(hash)) continue;
    fresh.push(hash);
    counts.newLocal++;
  }
  return { counts, fresh, invited, first };
}

/**
 * Whether the recipient has written to the account, or to the From address of the message, if the
 * account has used that for more than a day: people write to an alias, and get answers from it.
 */
function hasWritten(
  profile: AccountProfile,
  {
    account,
    at,
    headerFrom = '',
  }: { readonly account: Account; readonly at: Millis; readonly headerFrom?: string },
  recipient: string,
  { seed, wroteFirst }: People,
): boolean {
  if (wroteFirst === undefined) return false;
  if (wroteFirst(account, recipient)) return true;
  const isAlias = headerFrom !== '' && headerFrom !== account;
  if (!isAlias || !isUsualFrom(profile, { at }, headerFrom, seed)) return false;
  return wroteFirst(account, recipient, headerFrom);
}

const nobody: readonly number[] = [];

/** Domains of the people who wrote first and were answered on that day. */
export function invitedOn({ days }: Pick<AccountProfile, 'days'>, at: Millis): readonly number[] {
  const last = days.at(-1);
  // As in dayOf: after the clock was set back, the newest bucket counts.
  return last === undefined || last.day < Math.floor(at / dayMs)
    ? nobody
    : (last.invited ?? nobody);
}

/** Whether one more may count as somebody who wrote first. */
function mayInvite(profile: AccountProfile, at: Millis, here: number): boolean {
  return invitedOn(profile, at).length + here < Math.max(invitedMax, 2 * profile.usualInvited);
}

/** How many of this domain count today as people who wrote first, with those of this message. */
function invitedToday(
  profile: AccountProfile,
  at: Millis,
  domain: number,
  here: readonly number[],
): number {
  let count = 0;
  for (const one of here) if (one === domain) count++;
  for (const one of invitedOn(profile, at)) if (one === domain) count++;
  return count;
}

/** What this recipient is to the account now. */
export function recipientKind(
  profile: AccountProfile,
  account: Account,
  recipient: string,
  at: Millis,
  people: People,
): RecipientKind {
  const kind = kindOf(profile, hash53(recipient, people.seed), at, people);
  return kind !== 'known' && people.wroteFirst?.(account, recipient) === true ? 'invited' : kind;
}

/** Adds `by` recipients to the numbers of this kind, but not to `outside` and `local`. */
export function addKind(
  counts: RecipientCounts,
  kind: RecipientKind,
  isLocal: boolean,
  by: number,
): void {
  if (kind === 'known') return;
  if (isLocal) counts.newLocal += by;
  else addNew(counts, kind, by);
}

/** What the recipients count for, before the power of each count. */
export function weighRecipients(counts: RecipientCounts): {
  readonly strangers: number;
  readonly newcomers: number;
  readonly recipients: number;
} {
  const { outside, local, invited, stranger, lately: late, knownHere, newLocal } = counts;
  return {
    strangers: stranger + lately * late + knownHereWeight * knownHere,
    newcomers: stranger + late + knownHere + invitedWeight * invited + localWeight * newLocal,
    recipients: outside + localWeight * local,
  };
}

function kindOf(profile: AccountProfile, hash: number, at: Millis, people: People): RecipientKind {
  if (profile.book.has(hash)) return 'known';
  const minute = people.knownHere(hash);
  if (minute === undefined) return 'stranger';
  return minute > (at - lagDays * dayMs) / minuteMs ? 'lately' : 'known-here';
}

function addNew(counts: RecipientCounts, kind: Exclude<RecipientKind, 'known'>, by: number): void {
  if (kind === 'invited') counts.invited += by;
  else if (kind === 'stranger') counts.stranger += by;
  else if (kind === 'lately') counts.lately += by;
  else counts.knownHere += by;
}
