/** Where an audit's findings go: to the running guard, or into its ledger where none runs. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  lastAuditKey,
  loginKey,
  notedRows,
  nothingReported,
  type PasswordReport,
  summaryOf,
} from '../core/passwords/noted.ts';
import type { AuditSummary, WeakPassword } from '../core/passwords/weak.ts';
import { passwordChanges } from '../flow/passwords-audited.ts';
import { openLedger } from '../ledger/sqlite/open.ts';
import type { Millis } from '../lib/brand.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { type DeskClient, openDesk, operator } from './desk-client.ts';
import { stateDirectory } from './run-file.ts';

export type PasswordStore = {
  readonly state: string;
  read(): Promise<{
    readonly weak: readonly WeakPassword[];
    readonly last: AuditSummary | undefined;
  }>;
  note(report: Partial<PasswordReport>): Promise<void>;
};

/** Rows in one request: its body may have 64 KiB. */
const rowsAtOnce = 100;

export async function openPasswordStore(
  state: string | undefined,
  defaultDomain: string,
): Promise<PasswordStore> {
  const folder = stateDirectory(state);
  try {
    return toGuard(folder, await openDesk(state));
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== 'not-running') throw error;
    return toLedger(folder, defaultDomain);
  }
}

function toGuard(state: string, desk: DeskClient): PasswordStore {
  return {
    state,
    read: () => desk.read('/passwords'),
    async note({ found = [], changed = [], told = [], summary }) {
      for (const part of parts(found)) await desk.act('/passwords', { found: part });
      for (const part of parts(changed)) await desk.act('/passwords', { changed: part });
      for (const part of parts(told)) await desk.act('/passwords', { told: part });
      if (summary !== undefined) await desk.act('/passwords', { summary });
    },
  };
}

function parts<Row>(rows: readonly Row[]): readonly (readonly Row[])[] {
  const found: (readonly Row[])[] = [];
  for (let at = 0; at < rows.length; at += rowsAtOnce) found.push(rows.slice(at, at + rowsAtOnce));
  return found;
}

/** Opened for each report, so that a guard that is started meanwhile finds its ledger free. */
function toLedger(state: string, defaultDomain: string): PasswordStore {
  const path = join(state, 'ledger.db');
  return {
    state,
    async read() {
      if (!existsSync(path)) return { weak: [], last: undefined };
      const ledger = openLedger(path, { readOnly: true });
      try {
        const weak = ledger.weakPasswords().filter(({ changedAt }) => changedAt === undefined);
        return { weak, last: summaryOf(ledger.meta(lastAuditKey)) };
      } finally {
        ledger.close();
      }
    },
    async note(some) {
      const report = { ...nothingReported, ...some };
      makeFolder(state);
      const ledger = openLedger(path);
      try {
        const known = new Map(
          ledger
            .weakPasswords()
            .map((row) => [loginKey({ source: row.source, account: row.login }), row]),
        );
        const now = Date.now() as Millis;
        const rows = notedRows(known, report, { now, defaultDomain });
        ledger.write(passwordChanges(rows, report, { now, by: operator() }), { durable: true });
      } finally {
        ledger.close();
      }
    },
  };
}

export function makeFolder(state: string): void {
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new OperatorError('state', `cannot use ${state}`, { cause, exit: sysexits.cantCreate });
  }
}
