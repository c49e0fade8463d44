/**
 * Notices a write-ahead log (`ledger.db-wal`) that does not belong to the ledger beside it.
 *
 * SQLite applies any log whose checksums are right. If an operator restores one of the two files,
 * rows vanish or return without a word. So each transaction that writes changes also writes a mark,
 * a row in `meta`: a number that grows, the log that it was written to, and the log before that
 * one. A log is known by the two random numbers in its header (salts), which SQLite changes when it
 * begins the log anew.
 *
 *   mark in the ledger alone        mark with the log applied       belongs together if
 *   number 40, log B                number 47, log B, before A      same log, and the number grew
 *   number 40, log A                number 47, log B, before A      the ledger is at the log before
 */

import { closeSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import type { DatabaseSync as Database } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { meansDamage } from '../tables/faults.ts';
import type { Statements } from '../tables/statements.ts';

const key = 'wal';
/** The header of the log; a file that is not longer has no row. */
const headerBytes = 32;
const saltsAt = 16;
const saltsBytes = 8;

type Mark = { readonly number: number; readonly log: string; readonly before: string };
const noMark: Mark = { number: 0, log: '', before: '' };

/** The name under which a log that does not belong to the ledger is kept. */
export function asidePath(path: string): string {
  return `${path}-wal.aside`;
}

/**
 * Says whether the log belongs to the ledger. Call it before the ledger is opened for writing, with
 * the writer's lock held. Neither file is changed.
 */
export function walBelongs(path: string): boolean {
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) <= headerBytes) return true;
  const url = pathToFileURL(path);
  url.search = 'immutable=1';
  const alone = markIn(url);
  const both = markIn(path);
  // After a crash a page may be half written: only the log makes it whole.
  if (alone === undefined || alone === 'unread') return true;
  if (both === 'unread') return true;
  // The log itself has checksums, so it names pages that this ledger does not have.
  if (both === undefined || both === 'empty') return false;
  if (alone === 'empty') return both.before === '';
  if (alone.log === both.log) return both.number >= alone.number;
  return alone.log === both.before;
}

/** Takes the log away from the ledger. SQLite then reads the ledger alone. */
export function setWalAside(path: string): void {
  renameSync(`${path}-wal`, asidePath(path));
  rmSync(`${path}-shm`, { force: true });
}

/**
 * Undefined: a page is damaged. `empty`: there is no table. `unread`: something else prevents the
 * reading, such as a full disk, and says nothing about the files.
 */
function markIn(where: string | URL): Mark | 'empty' | 'unread' | undefined {
  try {
    using database = new DatabaseSync(where, { readOnly: true });
    const tables = database.prepare('SELECT 1 FROM sqlite_schema').get();
    return tables === undefined ? 'empty' : readMark(database);
  } catch (error) {
    return meansDamage(error) ? undefined : 'unread';
  }
}

function readMark(database: Database): Mark {
  const isThere = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'meta'`).get();
  if (isThere === undefined) return noMark;
  const row = database.prepare('SELECT value FROM meta WHERE key = ?').get(key);
  const [number = '', log = '', before = ''] = String(row?.['value'] ?? '').split(' ');
  return /^\d+$/.test(number) ? { number: Number(number), log, before } : noMark;
}

export type Marks = {
  /** Writes the mark. Call it within each transaction that writes rows. */
  write(): void;
  /** Call it after the transaction is committed. */
  committed(): void;
  close(): void;
};

/** The marks of an open ledger. `transaction` runs work in a transaction of its own. */
export function walMarks(
  database: Database,
  path: string,
  of: { readonly make: Statements; readonly transaction: (work: () => void) => void },
): Marks {
  const put = of.make.command('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
  const salts = saltsReader(`${path}-wal`);
  let mark = readMark(database);
  const next = (): Mark => ({ ...mark, number: mark.number + 1 });
  const write = ({ number, log, before }: Mark): void => put(key, `${number} ${log} ${before}`);
  return {
    write: () => write(next()),
    committed() {
      mark = next();
      const log = salts.now();
      if (log === mark.log) return;
      // This transaction began the log anew. It could not know, so a second one says it.
      const changed = { number: mark.number + 1, log, before: mark.log };
      try {
        of.transaction(() => write(changed));
        mark = changed;
      } catch {
        // A full disk: the next transaction tries again.
      }
    },
    close: salts.close,
  };
}

/** Reads the salts of the log. SQLite holds no lock on this file that closing it could drop. */
function saltsReader(wal: string): { now(): string; close(): void } {
  let file: number | undefined;
  const bytes = Buffer.alloc(saltsBytes);
  return {
    now() {
      file ??= openSync(wal, 'r');
      const length = readSync(file, bytes, 0, saltsBytes, saltsAt);
      return bytes.toString('hex', 0, length);
    },
    close() {
      if (file !== undefined) closeSync(file);
    },
  };
}
