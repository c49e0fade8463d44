/**
 * Contacts that operators import: address books, sent mail, old logs. The command reads the files
 * and sends the addresses in parts. An import can be undone: what it added is remembered until the
 * account has written to it. The address itself is not kept, only its hash, as in every book.
 */

import { newProfile } from '../../core/account/profile.ts';
import type { Account, DefaultDomain } from '../../core/account-name.ts';
import {
  importedMax,
  learnContacts,
  newContacts,
  unlearnContacts,
} from '../../core/imports/imported.ts';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';
import type {
  AccountImports,
  ImportAdmin,
  ImportPart,
  ImportResult,
  ImportRow,
  UndoResult,
  WrittenTo,
} from '../../ports/imports/imports.ts';
import type { Change, Ledger } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import { namedAccount } from '../admin/named-account.ts';
import { detailed, writtenResult } from '../admin/result.ts';
import type { Journal } from '../journal/journal.ts';

export type ImportDeps = {
  readonly ledger: Pick<Ledger, 'imports' | 'importedOf'>;
  readonly journal: Journal;
  readonly accounts: Accounts;
  readonly world: Pick<World, 'clock'>;
  readonly defaultDomain: DefaultDomain;
};

export type Imports = AccountImports & WrittenTo;

/** So long an import can be undone. */
export const importUndoMs: number = 30 * dayMs;
/** The parts of one import come within this time. */
const partsMs = hourMs;
/** Recipients that are forgotten in one commit. */
const perCommit = 500;

export function openImports(deps: ImportDeps): Imports {
  return new LiveImports(deps);
}

class LiveImports implements Imports {
  readonly admin: ImportAdmin = {
    list: (limit) => [...this.#rows.values()].flat().sort(newestFirst).slice(0, limit),
    add: (part, by) => this.#add(part, by),
    undo: (id, by) => this.#undo(id, by),
  };
  readonly #deps: ImportDeps;
  readonly #rows = new Map<Account, readonly ImportRow[]>();
  /** By id, the row of the first account. */
  readonly #first = new Map<number, ImportRow>();
  #lastId = 0;

  constructor(deps: ImportDeps) {
    this.#deps = deps;
    for (const row of deps.ledger.imports()) this.#put(row);
  }

  count(account: Account): number {
    const rows = this.#rows.get(account) ?? [];
    return rows.reduce((sum, row) => sum + (row.undoneAt === undefined ? row.added : 0), 0);
  }

  wrote({ account, at, local, outside }: Parameters<Imports['wrote']>[0]): void {
    if (this.#rows.size === 0) return;
    const rows = this.#rows.get(account);
    if (rows === undefined || !rows.some((row) => mayBeUndone(row, at))) return;
    const { seed } = this.#deps.accounts.context.people;
    const recipients = [...outside, ...local].map((recipient) => hash53(recipient, seed));
    this.#deps.journal.add({ kind: 'not-imported', account, recipients });
  }

  async #add(part: ImportPart, by: string): Promise<ImportResult> {
    const { accounts, journal, world } = this.#deps;
    const account = namedAccount(this.#deps, part.account);
    const seen = accounts.known(account);
    if (seen === undefined && !part.unknown) {
      return { ok: false, text: `${account} has never sent mail here`, isUnknown: true };
    }
    const at = world.clock.now();
    const begun = part.id === undefined ? undefined : this.#begun(part.id, at);
    if (part.id !== undefined && begun === undefined) {
      return { ok: false, text: `import ${part.id} has ended or was undone` };
    }
    const room = importedMax - this.count(account);
    const { seed } = accounts.context.people;
    const found = newContacts(seen ?? newProfile(at), part.addresses, { seed, room, at });
    const counts = { account, added: found.added.length, known: found.known, cut: found.cut };
    const count = counts.added;
    if (part.dryRun) {
      return { ok: true, text: `${account}: ${count} would be added`, count, id: 0, ...counts };
    }
    const profile = seen ?? accounts.profile(account, at);
    learnContacts(profile, found);
    const id = begun?.id ?? this.#lastId + 1;
    const before = this.#rows.get(account)?.find((row) => row.id === id);
    const { note, source } = part;
    const added = (before?.added ?? 0) + count;
    const row: ImportRow =
      before === undefined
        ? { id, account, at, by, source, note, added, undoneAt: undefined }
        : { ...before, added };
    this.#put(row);
    const kept = await journal.committed([
      accounts.change(account, profile, found.book),
      { kind: 'import', row },
      { kind: 'imported', id, account, recipients: found.added },
      ...(before === undefined ? [begins(row)] : []),
    ]);
    const result = writtenResult(kept, `${account}: ${count} added (import ${id})`, count);
    return result.ok ? { ...result, id, ...counts } : result;
  }

  async #undo(id: number, by: string): Promise<UndoResult> {
    const { journal, world } = this.#deps;
    const at = world.clock.now();
    const all = [...this.#rows.values()].flat().filter((row) => row.id === id);
    if (all.length === 0) return { ok: false, text: `no such import: ${id}`, isUnknown: true };
    const rows = all.filter(({ undoneAt }) => undoneAt === undefined);
    if (rows.length === 0) return { ok: false, text: `import ${id} is undone already` };
    if (!rows.some((row) => mayBeUndone(row, at))) {
      return { ok: false, text: `import ${id} is older than 30 days: it cannot be undone` };
    }
    // What was written to lately may wait for the ledger.
    if (!journal.flushNow()) return writtenResult(false, `import ${id} is not undone`, 0);
    let removed = 0;
    let kept = true;
    for (const row of rows) {
      const undone = await this.#undoOne(row, at, by);
      removed += undone.removed;
      kept = undone.kept && kept;
    }
    const added = rows.reduce((sum, row) => sum + row.added, 0);
    return writtenResult(kept, `import ${id} undone: ${undoneText(removed, added)}`, removed);
  }

  async #undoOne(
    row: ImportRow,
    at: Millis,
    by: string,
  ): Promise<{ readonly removed: number; readonly kept: boolean }> {
    const { accounts, journal, ledger } = this.#deps;
    const { account, id } = row;
    const recipients = ledger.importedOf(id, account);
    const profile = accounts.profile(account, at);
    let kept = true;
    for (let from = 0; from < recipients.length; from += perCommit) {
      const some = recipients.slice(from, from + perCommit);
      const changes: readonly Change[] = [
        accounts.change(account, profile, unlearnContacts(profile, some)),
        { kind: 'not-imported', account, recipients: some },
      ];
      kept = (await journal.committed(changes)) && kept;
    }
    const undone = { ...row, undoneAt: at };
    this.#put(undone);
    const detail = `import ${id} undone: ${undoneText(recipients.length, row.added)}`;
    const last: readonly Change[] = [
      { kind: 'import', row: undone },
      { kind: 'audit', row: { at, by, action: 'import', account, detail } },
    ];
    kept = (await journal.committed(last)) && kept;
    return { removed: recipients.length, kept };
  }

  /** The import that goes on, if it began lately. */
  #begun(id: number, at: Millis): ImportRow | undefined {
    const row = this.#first.get(id);
    return row?.undoneAt === undefined && row !== undefined && at < row.at + partsMs
      ? row
      : undefined;
  }

  #put(row: ImportRow): void {
    const others = (this.#rows.get(row.account) ?? []).filter(({ id }) => id !== row.id);
    this.#rows.set(row.account, [...others, row]);
    const first = this.#first.get(row.id);
    if (first === undefined || first.account === row.account) this.#first.set(row.id, row);
    this.#lastId = Math.max(this.#lastId, row.id);
  }
}

function begins({ account, at, by, id, note, source }: ImportRow): Change {
  const detail = detailed(`import ${id} of ${source}`, note);
  return { kind: 'audit', row: { at, by, action: 'import', account, detail } };
}

function undoneText(removed: number, added: number): string {
  const stay = added - removed;
  const kept = stay > 0 ? `; ${stay} stay, because mail has gone to them since` : '';
  return `${removed} of ${added} recipients forgotten${kept}`;
}

function mayBeUndone({ at, undoneAt }: ImportRow, now: Millis): boolean {
  return undoneAt === undefined && now < at + importUndoMs;
}

const newestFirst = (one: ImportRow, other: ImportRow): number =>
  other.id - one.id || (one.account < other.account ? -1 : 1);
