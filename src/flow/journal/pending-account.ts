/**
 * What is to be written about one account, newest wins: many changes become one. Also remembers
 * which recipients have been learned and not yet written, so that "has anyone here written to it?"
 * is answered at once.
 */
import type { Account } from '../../core/account-name.ts';
import type { AccountState } from '../../core/verdict.ts';
import { forced, type Lazy } from '../../lib/lazy.ts';
import type { AccountRecord, Change } from '../../ports/ledger.ts';

export type AccountChange = Extract<Change, { kind: 'account' }>;

export type PendingAccount = {
  readonly kind: 'pending-account';
  readonly account: Account;
  state: AccountState;
  profile: Lazy;
  /** Hash and minute. A hash is never in both. */
  readonly learned: Map<number, number>;
  readonly forgotten: Set<number>;
};

/** How often each recipient hash occurs among the learned of all pending accounts. */
export type LearnedCount = Map<number, number>;

/** `older` (if any) and then `change`, as one. `older` is used up. */
export function mergeAccount(
  older: PendingAccount | undefined,
  change: AccountChange,
  learnedCount: LearnedCount,
): PendingAccount {
  const { account, state, profile } = change;
  const merged = older ?? {
    kind: 'pending-account',
    account,
    state,
    profile,
    learned: new Map<number, number>(),
    forgotten: new Set<number>(),
  };
  merged.state = state;
  merged.profile = profile;
  for (const recipient of change.forgotten) {
    if (merged.learned.delete(recipient)) countLearned(learnedCount, recipient, -1);
    merged.forgotten.add(recipient);
  }
  for (let index = 0; index < change.learned.length; index += 2) {
    const recipient = change.learned[index] ?? 0;
    if (!merged.learned.has(recipient)) countLearned(learnedCount, recipient, 1);
    merged.learned.set(recipient, change.learned[index + 1] ?? 0);
    merged.forgotten.delete(recipient);
  }
  return merged;
}

/** It has been written, or given up. */
export function endAccount(pending: PendingAccount, learnedCount: LearnedCount): void {
  for (const recipient of pending.learned.keys()) countLearned(learnedCount, recipient, -1);
}

/** As the ledger takes it. */
export function accountChange(pending: PendingAccount): AccountChange {
  return {
    kind: 'account',
    account: pending.account,
    state: pending.state,
    profile: pending.profile,
    learned: [...pending.learned].flat(),
    forgotten: [...pending.forgotten],
  };
}

/** What the ledger will say of the account once `pending` is written. */
export function overlayAccount(
  stored: AccountRecord | undefined,
  pending: PendingAccount,
): AccountRecord {
  const book = new Map<number, number>();
  for (const [index, recipient] of (stored?.recipients ?? []).entries()) {
    if (!pending.forgotten.has(recipient)) book.set(recipient, stored?.sinceMinutes[index] ?? 0);
  }
  for (const [recipient, minute] of pending.learned) book.set(recipient, minute);
  const recipients = Float64Array.from(book.keys()).sort();
  const sinceMinutes = Uint32Array.from(recipients, (recipient) => book.get(recipient) ?? 0);
  const { account, state } = pending;
  return { account, state, profile: forced(pending.profile), recipients, sinceMinutes };
}

function countLearned(counts: LearnedCount, recipient: number, by: 1 | -1): void {
  const count = (counts.get(recipient) ?? 0) + by;
  if (count === 0) counts.delete(recipient);
  else counts.set(recipient, count);
}
