/** Works out which rows of weak passwords change by the report of an audit. Pure. */
import type { Millis } from '../../lib/time.ts';
import { accountOf } from '../account-name.ts';
import type { CandidateKind, StrengthClass } from './strength.ts';
import type { AuditSummary, WeakPassword } from './weak.ts';

export type Login = { readonly source: string; readonly account: string };
/** How weak a password is, how it was guessed, and since when that is known. */
export type WeakNote = {
  readonly strength: StrengthClass;
  readonly by: CandidateKind;
  readonly since: Millis;
};
export type PasswordFinding = Login & WeakNote & { readonly scheme: string };
export type PasswordReport = {
  readonly found: readonly PasswordFinding[];
  /** Accounts that had a weak password and now have another one, or are gone. */
  readonly changed: readonly Login[];
  /** Accounts with owners that got a mail. */
  readonly told: readonly Login[];
  /** Set by the last report of an audit. */
  readonly summary?: AuditSummary;
};

export const nothingReported: PasswordReport = { found: [], changed: [], told: [] };
/** The name under which the ledger keeps the summary of the last audit. */
export const lastAuditKey = 'passwords.audit';

export function loginKey({ source, account }: Login): string {
  return `${source}\n${account}`;
}

/** Source, and the name of the account in the source. */
export function loginOf({ source, login: account }: WeakPassword): Login {
  return { source, account };
}

/** The rows, each under its loginKey. */
export function byLogin(rows: readonly WeakPassword[]): Map<string, WeakPassword> {
  return new Map(rows.map((row) => [loginKey(loginOf(row)), row]));
}

/** The rows that the report changes or adds. `known`: the rows so far, by loginKey. */
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

/** Undefined if the text is no summary: never written, or written by another version. */
export function summaryOf(text: string | undefined): AuditSummary | undefined {
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'at' in value && 'weak' in value
    ? (value as AuditSummary)
    : undefined;
}
