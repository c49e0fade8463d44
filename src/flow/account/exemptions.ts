/** Which accounts are exempt from the guard, and until when. All rows are kept in memory. */
import type { Account } from '../../core/account-name.ts';
import type { Millis } from '../../lib/time.ts';
import type { Change, ExemptionRow } from '../../ports/ledger.ts';

export type Exemptions = {
  /** 0 without an exemption. */
  until(account: Account): Millis;
  /** Puts the exemption into force; returns the change to write. An end in the past ends it. */
  set(row: ExemptionRow): Change;
  /** Those in force at `now`, in the order of their ends. */
  all(now: Millis): readonly ExemptionRow[];
};

export function openExemptions(stored: readonly ExemptionRow[]): Exemptions {
  const rows = new Map(stored.map((row) => [row.account, row]));
  return {
    until: (account) => (rows.size === 0 ? none : (rows.get(account)?.until ?? none)),
    set(row) {
      rows.set(row.account, row);
      return { kind: 'exemption', row };
    },
    all: (now) =>
      [...rows.values()].filter(({ until }) => until > now).sort((a, b) => a.until - b.until),
  };
}

const none = 0 as Millis;
