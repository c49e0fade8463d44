/**
 * The waiting changes of one account, merged into one; the newest wins. Also remembers which
 * recipients were learned but not written yet, so that "has anyone here written to it?" is answered
 * at once.
 */
import type { Account } from '../../core/account-name.ts';
import type { AccountState } from '../../core/verdict.ts';
import { type LazyText, lazyText } from '../../lib/lazy.ts';
import type { AccountRecord, Change } from '../../ports/ledger.ts';

export type AccountChange = Extract<Change, { kind: 'account' }>;

export type PendingAccount = {
  readonly kind: 'pending-account';
  readonly account: Account;
  state: AccountState;
  profile: LazyText;
  /** Hash and minute. A hash is never in both. */
  readonly learned: Map<number, number>;
  readonly forgotten: Set<number>;
};

/** In how many waiting accounts each recipient hash is among the learned. */
export type LearnedCount = Map<number, number>;

/** Merges `change` into `older`, if there is one. `older` must not be used afterwards. */
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

/** Takes back the learned count of an account that was written or given up. */
export function endAccount(pending: PendingAccount, learnedCount: LearnedCount): void {
  for (const recipient of pending.learned.keys()) countLearned(learnedCount, recipient, -1);
}

/** The change as the ledger takes it. */
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

/** What the ledger will say about the account once `pending` is written. */
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
  return { account, state, profile: lazyText(pending.profile), recipients, sinceMinutes };
}

function countLearned(counts: LearnedCount, recipient: number, by: 1 | -1): void {
  const count = (counts.get(recipient) ?? 0) + by;
  if (count === 0) counts.delete(recipient);
  else counts.set(recipient, count);
}
