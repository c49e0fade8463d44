/** What an audit reports, laid over what is remembered: which rows change. Pure. */
import type { Millis } from '../../lib/time.ts';
import { accountOf } from '../account-name.ts';
import type { CandidateKind, StrengthClass } from './strength.ts';
import type { AuditSummary, WeakPassword } from './weak.ts';

export type Login = { readonly source: string; readonly account: string };
/** How weak, found how, and since when. */
export type WeakNote = {
  readonly strength: StrengthClass;
  readonly by: CandidateKind;
  readonly since: Millis;
};
export type PasswordFinding = Login & WeakNote & { readonly scheme: string };
export type PasswordReport = {
  readonly found: readonly PasswordFinding[];
  /** Weak before, and another one now, or gone. */
  readonly changed: readonly Login[];
  /** The owner was written to. */
  readonly told: readonly Login[];
  /** At the end of an audit. */
  readonly summary?: AuditSummary;
};

export const nothingReported: PasswordReport = { found: [], changed: [], told: [] };
/** Under which name the ledger keeps the summary of the last audit. */
export const lastAuditKey = 'passwords.audit';

export function loginKey({ source, account }: Login): string {
  return `${source}\n${account}`;
}

/** Where the source has it. */
export function loginOf({ source, login: account }: WeakPassword): Login {
  return { source, account };
}

/** By loginKey. */
export function byLogin(rows: readonly WeakPassword[]): Map<string, WeakPassword> {
  return new Map(rows.map((row) => [loginKey(loginOf(row)), row]));
}

/** `known`: by loginKey. */
export function notedRows(
  known: ReadonlyMap<string, WeakPassword>,
  report: PasswordReport,
  { now, defaultDomain }: { readonly now: Millis; readonly defaultDomain: string },
): readonly WeakPassword[] {
  const rows = new Map<string, WeakPassword>();
  const before = (login: Login): WeakPassword | undefined =>
    rows.get(loginKey(login)) ?? known.get(loginKey(login));
  for (const login of report.changed) {
    const row = before(login);
    if (row !== undefined && row.changedAt === undefined) {
      rows.set(loginKey(login), { ...row, changedAt: now });
    }
  }
  for (const { source, account, ...weak } of report.found) {
    const row = before({ source, account });
    const open = row !== undefined && row.changedAt === undefined;
    rows.set(loginKey({ source, account }), {
      account: accountOf(account, defaultDomain),
      login: account,
      source,
      ...weak,
      since: open ? row.since : weak.since,
      changedAt: undefined,
      toldAt: open ? row.toldAt : undefined,
    });
  }
  for (const login of report.told) {
    const row = before(login);
    if (row !== undefined) rows.set(loginKey(login), { ...row, toldAt: now });
  }
  return [...rows.values()];
}

/**
 * Undefined for what is no summary: it was never written, or by a version that wrote it otherwise.
 */
export function summaryOf(text: string | undefined): AuditSummary | undefined {
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'at' in value && 'weak' in value
    ? (value as AuditSummary)
    : undefined;
}
