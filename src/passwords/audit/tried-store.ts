/**
 * The file in which audits note which candidates were tried on which account, and which accounts
 * are weak (`passwords.db`; src/commands/passwords/tried-path.ts says where).
 *
 * The mark of a hash is a keyed digest that shows a change. Hashes without a salt have no mark,
 * because whoever has this file and a list of passwords could find the password by it.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, constants, fchmodSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Login, WeakNote } from '../../core/passwords/audit-report.ts';
import type { Hash } from '../../core/passwords/hash.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

/** By key of a plan: the edition of its candidates, and how far they were tried. */
export type Progress = Readonly<
  Partial<Record<string, readonly [edition: string, position: number]>>
>;
/** The position of an account that has finished a plan. */
export const toTheEnd = -1;

export type TriedRow = {
  /** Empty for hashes without a mark. */
  readonly mark: string;
  readonly progress: Progress;
  readonly weak: WeakNote | undefined;
};
export type TriedNote = TriedRow & Login;

export type TriedStore = Disposable & {
  /** A small value of the audit itself; '' if it was never kept. */
  own(name: string): string;
  keep(name: string, value: string): void;
  mark(hash: Hash): string;
  /** `seen`: written or seen since `begin`. */
  read(source: string, account: string): (TriedRow & { readonly seen: boolean }) | undefined;
  /** Writes all rows or none. */
  write(rows: readonly TriedNote[]): void;
  /**
   * Marks all accounts of a source as not seen. `gone` later returns and forgets those that were
   * neither written nor `seen` since. Everything is on the disk after `end`, at the latest.
   */
  begin(source: string): void;
  seen(source: string, account: string): void;
  gone(source: string): readonly { readonly account: string; readonly weak: boolean }[];
  end(): void;
};

const schema = `
  CREATE TABLE IF NOT EXISTS own (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS tried (
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    mark TEXT NOT NULL,
    progress TEXT NOT NULL,
    weak TEXT NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (source, account)
  ) STRICT, WITHOUT ROWID;`;
const markDigits = 24;
/**
 * Rows in one transaction while a source is read. A million accounts in single transactions would
 * wait for the disk a million times.
 */
const rowsAtOnce = 10_000;

/** Throws OperatorError `audit-locked` while another audit is under way. */
export function openTriedStore(path: string): TriedStore {
  const database = opened(path);
  const key = Buffer.from(ownKey(database), 'hex');
  const statement = (sql: string): StatementSync => database.prepare(sql);
  const read = statement('SELECT * FROM tried WHERE source = ? AND account = ?');
  const put = statement('INSERT OR REPLACE INTO tried VALUES (?, ?, ?, ?, ?, 1)');
  const unseen = statement('UPDATE tried SET seen = 0 WHERE source = ?');
  const seen = statement('UPDATE tried SET seen = 1 WHERE source = ? AND account = ?');
  const gone = statement('SELECT account, weak FROM tried WHERE source = ? AND seen = 0');
  const own = statement('SELECT value FROM own WHERE name = ?');
  const keep = statement('INSERT OR REPLACE INTO own VALUES (?, ?)');
  const forget = statement('DELETE FROM tried WHERE source = ? AND seen = 0');
  let waiting = 0;
  const flush = (): void => {
    if (database.isTransaction) database.exec('COMMIT');
    waiting = 0;
  };
  /** Counts a row while a source is read, and commits when there are enough. */
  const more = (): void => {
    if (!database.isTransaction || ++waiting < rowsAtOnce) return;
    flush();
    database.exec('BEGIN');
  };
  return {
    mark(hash) {
      if (hash.unsalted) return '';
      const { tried } = hash;
      const text = tried.by === 'john' ? tried.text : JSON.stringify(tried.trial);
      return createHmac('sha256', key).update(text).digest('hex').slice(0, markDigits);
    },
    read(source, account) {
      const row = read.get(source, account);
      if (row === undefined) return undefined;
      return {
        mark: String(row['mark']),
        progress: JSON.parse(String(row['progress'])) as Progress,
        seen: row['seen'] === 1,
        weak: row['weak'] === '' ? undefined : (JSON.parse(String(row['weak'])) as WeakNote),
      };
    },
    write(rows) {
      const alone = !database.isTransaction;
      if (alone) database.exec('BEGIN');
      for (const { source, account, mark, progress, weak } of rows) {
        const noted = weak === undefined ? '' : JSON.stringify(weak);
        put.run(source, account, mark, JSON.stringify(progress), noted);
      }
      if (alone) flush();
      else more();
    },
    own: (name) => String(own.get(name)?.['value'] ?? ''),
    keep: (name, value) => void keep.run(name, value),
    begin(source) {
      database.exec('BEGIN');
      unseen.run(source);
    },
    seen(source, account) {
      seen.run(source, account);
      more();
    },
    gone(source) {
      const rows = gone.all(source);
      forget.run(source);
      return rows.map(({ account, weak }) => ({ account: String(account), weak: weak !== '' }));
    },
    end: flush,
    [Symbol.dispose]: () => database.close(),
  };
}

function opened(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const fd = openSync(path, flags, 0o600);
    fchmodSync(fd, 0o600);
    closeSync(fd);
    database = new DatabaseSync(path, { timeout: 0 });
    // Locked while the file is open: two audits at the same time would try everything twice.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE');
    database.exec(`${schema} COMMIT`);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === 5) {
      throw new OperatorError('audit-locked', 'another password audit is running', {
        hint: 'wait until it ends (passwords.time), or end it with SIGTERM; its results are kept',
        exit: sysexits.tempFail,
      });
    }
    throw new OperatorError('audit-notes', `cannot use ${path}`, {
      cause,
      hint: 'the file remembers what was tried; without it, the next audit tries everything again',
      exit: sysexits.cantCreate,
    });
  }
}

function ownKey(database: DatabaseSync): string {
  const made = randomBytes(32).toString('hex');
  database.prepare("INSERT OR IGNORE INTO own VALUES ('key', ?)").run(made);
  return String(database.prepare("SELECT value FROM own WHERE name = 'key'").get()?.['value']);
}
