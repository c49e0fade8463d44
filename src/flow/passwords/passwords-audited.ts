/**
 * Takes the findings of a password audit. The guard knows at once which accounts have a weak
 * password, until an audit finds another password there.
 */
import type { Account } from '../../core/account-name.ts';
import {
  lastAuditKey,
  loginKey,
  loginOf,
  notedRows,
  type PasswordReport,
  summaryOf,
} from '../../core/passwords/audit-report.ts';
import { type AuditSummary, type WeakPassword, weakText } from '../../core/passwords/weak.ts';
import type { AdminResult } from '../../ports/admin.ts';
import type { Change } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';

export type WeakPasswords = {
  /**
   * Why the guard is stricter with this account, as a sentence; empty if its password is not weak.
   */
  why(account: Account): string;
  /** Accounts with a weak password now. */
  all(): readonly WeakPassword[];
  last(): AuditSummary | undefined;
  note(report: PasswordReport, by: string): Promise<AdminResult>;
};

export function openWeakPasswords(
  stored: readonly WeakPassword[],
  deps: { readonly journal: Journal; readonly world: World; readonly defaultDomain: string },
): WeakPasswords {
  const { defaultDomain, journal } = deps;
  const { clock } = deps.world;
  const rows = new Map<string, WeakPassword>();
  const sentences = new Map<Account, string>();
  const take = (row: WeakPassword): void => {
    const key = loginKey(loginOf(row));
    if (row.changedAt === undefined) {
      rows.set(key, row);
      sentences.set(row.account, weakText(row));
      return;
    }
    rows.delete(key);
    const other = [...rows.values()].find(({ account }) => account === row.account);
    if (other === undefined) sentences.delete(row.account);
    else sentences.set(row.account, weakText(other));
  };
  for (const row of stored) take(row);
  return {
    why: (account) => (sentences.size === 0 ? '' : (sentences.get(account) ?? '')),
    all: () => [...rows.values()],
    last: () => summaryOf(journal.live.meta(lastAuditKey)),
    async note(report, by) {
      const now = clock.now();
      const changed = notedRows(rows, report, { now, defaultDomain });
      for (const row of changed) take(row);
      const changes = passwordChanges(changed, report, { now, by });
      if (changes.length === 0) return { ok: true, text: 'nothing changed', count: 0 };
      const kept = await journal.committed(changes);
      const text = `${changed.length} noted`;
      if (kept) return { ok: true, text, count: changed.length };
      return { ok: false, text: `${text}, but the ledger could not be written` };
    },
  };
}

/** What the ledger keeps of a report. */
export function passwordChanges(
  rows: readonly WeakPassword[],
  { summary }: PasswordReport,
  { now: at, by }: { readonly now: WeakPassword['since']; readonly by: string },
): readonly Change[] {
  const changes: Change[] = rows.map((row) => ({ kind: 'weak-password', row }));
  if (summary === undefined) return changes;
  const detail = `${summary.accounts} accounts, ${summary.weak} weak`;
  return [
    ...changes,
    { kind: 'meta', key: lastAuditKey, value: JSON.stringify(summary) },
    { kind: 'audit', row: { at, by, action: 'password-audit', account: '', detail } },
  ];
}
