/**
 * Stores the findings of an audit: in the running guard, else in its ledger. Root does neither in a
 * state folder of another user; a process of that user does.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  byLogin,
  lastAuditKey,
  notedRows,
  nothingReported,
  type PasswordReport,
  summaryOf,
} from '../../core/passwords/audit-report.ts';
import type { AuditSummary, WeakPassword } from '../../core/passwords/weak.ts';
import { passwordChanges } from '../../flow/passwords/passwords-audited.ts';
import { openLedger } from '../../ledger/sqlite/open.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { connectToGuard, type GuardClient, operator } from '../guard/client.ts';
import { otherOwnerOf } from '../guard/owner.ts';
import { openOwnerProcess } from '../guard/owner-process.ts';
import { isNotRunning, makeState, stateDirectory } from '../guard/run-file.ts';
import type { StoreQuestion } from './store-process.ts';

type Findings = {
  readonly weak: readonly WeakPassword[];
  readonly last?: AuditSummary | undefined;
};
type FindingsStore = {
  read(): Promise<Findings>;
  note(report: Partial<PasswordReport>): Promise<void>;
};
export type PasswordStore = FindingsStore & { readonly state: string };

/** Rows in one request; the body may have at most 64 KiB. */
const rowsAtOnce = 100;

export async function openPasswordStore(
  state: string | undefined,
  defaultDomain: string,
): Promise<PasswordStore> {
  const folder = stateDirectory(state);
  const owner = otherOwnerOf(folder);
  if (owner !== undefined) {
    const script = join(import.meta.dirname, 'store-process.ts');
    const { ask } = openOwnerProcess(script, [resolve(folder), defaultDomain], owner);
    const asked = (question: StoreQuestion): Promise<unknown> => ask(question);
    const read = async (): Promise<Findings> => (await asked({})) as Findings;
    await read();
    return { state: folder, read, note: async (note) => void (await asked({ note })) };
  }
  // Looked up each time: an audit takes long, and the guard may be stopped or started meanwhile.
  const current = async (): Promise<FindingsStore> => {
    try {
      return toGuard(await connectToGuard(state));
    } catch (error) {
      if (!isNotRunning(error)) throw error;
      return toLedger(folder, defaultDomain);
    }
  };
  // Fail now if the store cannot be used, and not after an hour of audit.
  await current();
  return {
    state: folder,
    read: async () => await (await current()).read(),
    note: async (report) => await (await current()).note(report),
  };
}

/** How long to wait for a guard that is restarting. */
const patienceMs = 30_000;
const betweenMs = 1_000;
/** Error codes that occur while a guard restarts. */
const passing: ReadonlySet<string> = new Set([
  ...['not-reachable', 'run-file', 'ledger-locked', 'guard-failed', 'wrong-token', 'not-done'],
]);

/** Tries again while the guard may be restarting. */
export async function patiently(act: () => Promise<void>): Promise<void> {
  const until = performance.now() + patienceMs;
  while (true) {
    try {
      return await act();
    } catch (error) {
      const passes = error instanceof OperatorError && passing.has(error.code);
      if (!passes || performance.now() > until) throw error;
      await sleep(betweenMs);
    }
  }
}

function toGuard(admin: GuardClient): FindingsStore {
  return {
    read: () => admin.read('/passwords'),
    async note({ found = [], changed = [], told = [], summary }) {
      // In this order, because the changed password may be weak too.
      for (const part of parts(changed)) await admin.act('/passwords', { changed: part });
      for (const part of parts(found)) await admin.act('/passwords', { found: part });
      for (const part of parts(told)) await admin.act('/passwords', { told: part });
      if (summary !== undefined) await admin.act('/passwords', { summary });
    },
  };
}

function parts<Row>(rows: readonly Row[]): readonly (readonly Row[])[] {
  const found: (readonly Row[])[] = [];
  for (let at = 0; at < rows.length; at += rowsAtOnce) found.push(rows.slice(at, at + rowsAtOnce));
  return found;
}

/** Opens the ledger for each report, so that a guard that starts meanwhile can lock it. */
function toLedger(state: string, defaultDomain: string): FindingsStore {
  const path = join(state, 'ledger.db');
  return {
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
      makeState(state);
      const ledger = openLedger(path);
      try {
        const known = byLogin(ledger.weakPasswords());
        const now = Date.now() as Millis;
        const rows = notedRows(known, report, { now, defaultDomain });
        ledger.write(passwordChanges(rows, report, { now, by: operator() }), { durable: true });
      } finally {
        ledger.close();
      }
    },
  };
}
