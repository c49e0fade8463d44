/**
 * Prepares statements once when the ledger opens, and reads columns of their rows. The tables are
 * STRICT, so a column of another type than the schema's is a mistake of ours.
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { assert } from '../../../lib/assert.ts';
import type { Millis } from '../../../lib/time.ts';
import { readFault } from './faults.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** A query. Faults of the environment come as OperatorError `ledger-read`. */
export type Query = {
  all(...values: readonly SQLInputValue[]): readonly Row[];
  first(...values: readonly SQLInputValue[]): Row | undefined;
};

/** A query for many small rows: each is an array of its columns. */
export type RowScan = (
  ...values: readonly SQLInputValue[]
) => readonly (readonly SQLOutputValue[])[];

/** A change. Throws what SQLite throws: the transaction around it translates that. */
export type Command = (...values: readonly SQLInputValue[]) => void;

/** What the tables are made with. */
export type Statements = {
  query(sql: string): Query;
  scan(sql: string): RowScan;
  command(sql: string): Command;
  /** A command that answers with a row (RETURNING). */
  asking(sql: string): (...values: readonly SQLInputValue[]) => Row | undefined;
};

export function statements(database: DatabaseSync, path: string): Statements {
  const reading = <Result>(read: () => Result): Result => {
    try {
      return read();
    } catch (error) {
      throw readFault(path, error);
    }
  };
  return {
    query(sql) {
      const statement = database.prepare(sql);
      return {
        all: (...values) => reading(() => statement.all(...values)),
        first: (...values) => reading(() => statement.get(...values)),
      };
    },
    scan(sql) {
      const statement = database.prepare(sql);
      statement.setReturnArrays(true);
      // The declared type knows rows as objects only.
      return (...values) =>
        reading(() => statement.all(...values) as unknown as readonly SQLOutputValue[][]);
    },
    command(sql) {
      const statement = database.prepare(sql);
      return (...values) => {
        statement.run(...values);
      };
    },
    asking(sql) {
      const statement = database.prepare(sql);
      return (...values) => statement.get(...values);
    },
  };
}

export function text(row: Row, column: string): string {
  const value = row[column];
  assert(typeof value === 'string', `ledger column ${column} holds text`);
  return value;
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  assert(typeof value === 'number', `ledger column ${column} holds an integer`);
  return value;
}

export function instant(row: Row, column: string): Millis {
  return integer(row, column) as Millis;
}

export function optionalInstant(row: Row, column: string): Millis | undefined {
  return row[column] === null ? undefined : instant(row, column);
}

export function optionalInteger(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integer(row, column);
}

/** A column that holds one of these words. */
export function oneOf<Word extends string>(words: readonly Word[], row: Row, column: string): Word {
  const value = text(row, column);
  const word = words.find((known) => known === value);
  assert(word !== undefined, `ledger column ${column} holds one of ${words.join(', ')}`);
  return word;
}

/** A list that we stored as JSON ourselves. */
export function list<Item>(row: Row, column: string): readonly Item[] {
  const value: unknown = JSON.parse(text(row, column));
  assert(Array.isArray(value), `ledger column ${column} holds a list`);
  return value;
}
