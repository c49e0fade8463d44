/**
 * A mailing that an operator announced (`postern accounts expect`): so many new recipients of an
 * account do not count, until a time. All other evidence still counts. Pure.
 */
import type { Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';

export type ExpectedMailing = {
  readonly account: Account;
  /** New recipients that were announced, and how many of them are left. */
  readonly recipients: number;
  readonly left: number;
  readonly until: Millis;
  readonly by: string;
  readonly note: string;
  readonly at: Millis;
};

/** Most that one announcement may be for. */
export const expectedMax = { recipients: 100_000, days: 30 } as const;

/** New recipients that may still come; 0 without an announcement, or once it has ended. */
export function expectedLeft(mailing: ExpectedMailing | undefined, at: Millis): number {
  return mailing === undefined || mailing.until <= at ? 0 : mailing.left;
}

/** The announcement after a message with this many new recipients has passed. */
export function countedDown(mailing: ExpectedMailing, used: number): ExpectedMailing {
  return { ...mailing, left: Math.max(0, mailing.left - used) };
}

/** Recipients elsewhere, and new ones of each kind (core/account/count-recipients.ts). */
type NewRecipients = {
  readonly outside: number;
  readonly stranger: number;
  readonly lately: number;
  readonly knownHere: number;
};

/** How many recipients elsewhere are new to the account, of which at most `left` are expected. */
export function expectedOf(counts: NewRecipients, left: number): number {
  return Math.min(left, counts.stranger + counts.lately + counts.knownHere);
}

/** The counts without recipients that are expected: first those that count most. */
export function withoutExpected<Counts extends NewRecipients>(
  counts: Counts,
  left: number,
): Counts {
  const used = expectedOf(counts, left);
  if (used === 0) return counts;
  const stranger = Math.min(used, counts.stranger);
  const lately = Math.min(used - stranger, counts.lately);
  return {
    ...counts,
    outside: counts.outside - used,
    stranger: counts.stranger - stranger,
    lately: counts.lately - lately,
    knownHere: counts.knownHere - (used - stranger - lately),
  };
}

/**
 * A new announcement in place of the one in force. What that one has used up is used up of the new
 * one as well, unless it counts `fromNow`.
 */
export function announced(
  wanted: Omit<ExpectedMailing, 'left'>,
  before: ExpectedMailing | undefined,
  { fromNow }: { readonly fromNow: boolean },
): ExpectedMailing {
  const goesOn = before !== undefined && before.until > wanted.at && !fromNow;
  const used = goesOn ? before.recipients - before.left : 0;
  return { ...wanted, left: Math.max(0, wanted.recipients - used) };
}
