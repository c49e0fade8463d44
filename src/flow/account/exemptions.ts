/** Who may send as he likes until when. Few rows: all in memory, written through the journal. */
import type { Account } from '../../core/account-name.ts';
import type { Millis } from '../../lib/time.ts';
import type { Change, ExemptionRow } from '../../ports/ledger.ts';

export type Exemptions = {
  /** 0 when there is none. */
  until(account: Account): Millis;
  /** Takes it into force and says what to write. An end that is profile ends it. */
  set(row: ExemptionRow): Change;
  /** In force at `now`, the first to end first. */
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
