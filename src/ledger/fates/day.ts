/**
 * One day file, opened. It knows its key, its words and its people; day-write.ts adds rows,
 * day-find.ts looks for them.
 */
import { existsSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { hash53, hmacSha256 } from '../../lib/hash.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { Millis } from '../../lib/time.ts';
import { makePrivate } from './day-fault.ts';
import { type DayName, dayPaths, dayStart, readDayKey } from './day-names.ts';
import { createTables, type DaySchema, dayFormat, formatOf } from './schema.ts';

/** Only a foreign program locks a day file. The thread that writes waits, no mail does. */
const busyMs = 2_000;
const markBytes = 16;
/** Pages kept in memory of each file, in KiB. */
const cacheKib = { main: 8_192, clear: 2_048 } as const;
/** A write-ahead log goes into its file when it has this many pages of 4 KiB. */
const walPages = 4_000;
/** Texts and addresses whose ids stay in memory: 10 MB at most. */
const idsMax = 20_000;
const textLengthMax = 512;

export type DayHow = {
  /** read: changes nothing. write: makes what is missing. */
  readonly as: 'read' | 'write';
  /** In a file that is written: clear text of mail that passed is kept. */
  readonly withClear: boolean;
};

export class DayFile {
  readonly name: DayName;
  readonly start: Millis;
  readonly database: DatabaseSync;
  /** The file of clear text is attached. */
  readonly hasClear: boolean;
  /** Those that have tables of clear text. */
  readonly schemas: readonly DaySchema[];
  readonly seed: number;
  readonly #hmac: (text: string) => Buffer;
  readonly #statements = new Map<string, StatementSync>();
  readonly #words = new RecentMap<string, number>(idsMax);
  readonly #people = new RecentMap<string, number>(idsMax);
  readonly #addressed = new RecentMap<number, true>(idsMax);
  isInTransaction = false;

  private constructor(
    name: DayName,
    of: { readonly database: DatabaseSync; readonly key: Buffer; readonly hasClear: boolean },
  ) {
    this.name = name;
    this.start = dayStart(name);
    this.database = of.database;
    this.hasClear = of.hasClear;
    this.schemas = of.hasClear ? ['main', 'clear'] : ['main'];
    this.#hmac = hmacSha256(of.key);
    this.seed = of.key.readUInt32LE(0);
  }

  /** Throws what SQLite throws, or OperatorError for a file that this version cannot use. */
  static open(folder: string, name: DayName, { as, withClear }: DayHow): DayFile {
    const { main, clear, key: keyPath } = dayPaths(folder, name);
    // What an old file has leads nowhere under a new key.
    const key = readDayKey(keyPath, as === 'write' && !hasRows(main));
    if (key === undefined) throw noKey(keyPath);
    if (as === 'write') makePrivate(main);
    const database = new DatabaseSync(main, { timeout: busyMs, readOnly: as === 'read' });
    try {
      checkFormat(database, 'main', main);
      if (as === 'write') {
        database.exec(pragmas('main'));
        createTables(database, 'main');
      }
      const hasClear = as === 'read' ? existsSync(clear) : withClear;
      if (hasClear) {
        if (as === 'write') makePrivate(clear);
        database.prepare('ATTACH DATABASE ? AS clear').run(clear);
        checkFormat(database, 'clear', clear);
        if (as === 'write') {
          database.exec(pragmas('clear'));
          createTables(database, 'clear');
        }
      }
      return new DayFile(name, { database, key, hasClear });
    } catch (error) {
      database.close();
      throw error;
    }
  }

  close(): void {
    this.database.close();
  }

  begin(): void {
    if (this.isInTransaction) return;
    this.database.exec('BEGIN IMMEDIATE');
    this.isInTransaction = true;
  }

  commit(): void {
    if (!this.isInTransaction) return;
    this.database.exec('COMMIT');
    this.isInTransaction = false;
  }

  /** Prepared once. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.statement(sql).run(...values).changes);
  }

  /** Adds a row; answers with its id. */
  add(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.statement(sql).run(...values).lastInsertRowid);
  }

  hash(kind: 'q' | 'm', text: string): number {
    return hash53(`${kind}${text}`, this.seed);
  }

  mark(address: string): Buffer {
    return this.#hmac(address).subarray(0, markBytes);
  }

  /** The id of a text, which is added if it is new; null for an empty one. */
  word(text: string): number | null {
    if (text === '') return null;
    const cut = text.slice(0, textLengthMax).toWellFormed();
    const known = this.#words.get(cut) ?? this.findWord(cut);
    const id =
      known ??
      this.add('INSERT INTO words (hash, text) VALUES (?, ?)', hash53(cut, this.seed), cut);
    this.#words.set(cut, id);
    return id;
  }

  findWord(text: string): number | undefined {
    const sql = 'SELECT id FROM words WHERE hash = ? AND text = ?';
    const row = this.statement(sql).get(hash53(text, this.seed), text);
    return row === undefined ? undefined : Number(row['id']);
  }

  /** The id of an address, which is added if it is new; null for an empty one. */
  person(address: string): number | null {
    if (address === '') return null;
    let id = this.#people.get(address);
    if (id === undefined) {
      const mark = this.mark(address);
      id = this.#personOf(mark) ?? this.add('INSERT INTO people (mark) VALUES (?)', mark);
      this.#people.set(address, id);
    }
    return id;
  }

  /** False: the address of this person was added lately. */
  isFresh(schema: DaySchema, person: number): boolean {
    const key = schema === 'main' ? person : -person;
    if (this.#addressed.get(key) === true) return false;
    this.#addressed.set(key, true);
    return true;
  }

  /** The id of the message that was added last; 0 without one. */
  lastMessage(): number {
    return Number(this.statement('SELECT max(id) AS id FROM messages').get()?.['id'] ?? 0);
  }

  findPerson(address: string): number | undefined {
    return this.#personOf(this.mark(address));
  }

  #personOf(mark: Buffer): number | undefined {
    const row = this.statement('SELECT id FROM people WHERE mark = ?').get(mark);
    return row === undefined ? undefined : Number(row['id']);
  }
}

function hasRows(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function pragmas(schema: DaySchema): string {
  return `
    PRAGMA ${schema}.journal_mode = WAL;
    PRAGMA ${schema}.synchronous = NORMAL;
    PRAGMA ${schema}.secure_delete = ON;
    PRAGMA ${schema}.cache_size = ${-cacheKib[schema]};
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = ${walPages};
  `;
}

function checkFormat(database: DatabaseSync, schema: DaySchema, path: string): void {
  const format = formatOf(database, schema);
  if (format <= dayFormat) return;
  throw new OperatorError(
    'messages-newer',
    `${path} has format ${format}; this postern knows ${dayFormat}`,
    {
      hint: 'a newer Postern wrote it; it is left as it is, and removed when its day ends',
      exit: sysexits.dataErr,
    },
  );
}

function noKey(path: string): OperatorError {
  return new OperatorError('messages-key', `${path} is missing or cut off`, {
    hint: 'without the key of the day nothing is found in its file',
    exit: sysexits.noInput,
  });
}
