/**
 * What the recipients of a message are to its account: known, or new, and then whether others on
 * this server have written to them. The judgement needs only how many there are of each kind, so
 * the policy door keeps these numbers while recipients come and go.
 */
import { hash53 } from '../../lib/hash.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { AccountProfile } from './profile.ts';
import { knownHereWeight, lagDays, lately, localWeight } from './signals.ts';

/** What the whole server knows of recipients. */
export type People = {
  /** Seed of the recipient hashes. */
  readonly seed: number;
  /** The minute of the first mail from here to this recipient (hash); undefined without one. */
  knownHere(recipient: number): number | undefined;
};

/**
 * known: the account has written to them. The others are new to it. stranger: nobody here has
 * written to them. lately, known-here: another account has, in the last days or before that.
 */
export type RecipientKind = 'known' | 'stranger' | 'lately' | 'known-here';

/** How many recipients there are, and of each kind but `known`. */
export type RecipientCounts = {
  outside: number;
  local: number;
  stranger: number;
  lately: number;
  knownHere: number;
  /** Recipients of this server that are new to the account, of whatever kind. */
  newLocal: number;
};

export function noRecipients(): RecipientCounts {
  return { outside: 0, local: 0, stranger: 0, lately: 0, knownHere: 0, newLocal: 0 };
}

/** Counts the recipients of a message. `fresh`: hashes of those that are new to the account. */
export function countRecipients(
  profile: AccountProfile,
  message: {
    readonly at: Millis;
    readonly outside: readonly string[];
    readonly local: readonly string[];
  },
  people: People,
): { readonly counts: RecipientCounts; readonly fresh: readonly number[] } {
  const { at, outside, local } = message;
  const counts = noRecipients();
  counts.outside = outside.length;
  counts.local = local.length;
  const fresh: number[] = [];
  for (const recipient of outside) {
    const hash = hash53(recipient, people.seed);
    const kind = kindOf(profile, hash, at, people);
    if (kind === 'known') continue;
    fresh.push(hash);
    addNew(counts, kind, 1);
  }
  for (const recipient of local) {
    const hash = hash53(recipient, people.seed);
    if (profile.book.has(hash)) continue;
    fresh.push(hash);
    counts.newLocal++;
  }
  return { counts, fresh };
}

/** What this recipient is to the account now. */
export function recipientKind(
  profile: AccountProfile,
  recipient: string,
  at: Millis,
  people: People,
): RecipientKind {
  return kindOf(profile, hash53(recipient, people.seed), at, people);
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
  const { outside, local, stranger, lately: late, knownHere, newLocal } = counts;
  return {
    strangers: stranger + lately * late + knownHereWeight * knownHere,
    newcomers: stranger + late + knownHere + localWeight * newLocal,
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
  if (kind === 'stranger') counts.stranger += by;
  else if (kind === 'lately') counts.lately += by;
  else counts.knownHere += by;
}
