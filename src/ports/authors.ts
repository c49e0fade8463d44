/**
 * Which addresses an account may write as: what the message path asks, what the mail server's
 * tables are asked, what the operator declares. Types only.
 */
import type { Account } from '../core/account-name.ts';
import type { Declaration } from '../core/authors/declaration.ts';
import type { Permission } from '../core/authors/permission.ts';
import type { MailPlace } from '../core/authors/place.ts';
import type { SeenPair, SuggestedPair } from '../core/authors/suggest.ts';
import type { TableKey, TableName } from '../core/authors/table-keys.ts';
import type { Millis } from '../lib/time.ts';

export type AuthorRights = {
  /**
   * May this account write as each of these addresses (address keys)? Calls back exactly once, with
   * one answer for each address: at once if it is known, at the latest when the deadline for asking
   * the mail server's tables is over. The first `authors` of them are in From (by default all). The
   * rest is only looked up: an observation does not note them.
   */
  ask(
    account: Account,
    addresses: readonly string[],
    done: (answers: readonly Permission[]) => void,
    authors?: number,
  ): void;
};

/** A declaration of the operator. One that was taken back stays, as what was in force. */
export type MayWriteAsRow = Declaration & {
  readonly note: string;
  readonly by: string;
  readonly at: Millis;
  readonly removedAt: Millis | undefined;
};

/** The part of the ledger about authors. All rows are in memory too. */
export type AuthorLedger = {
  /** Those that were taken back included. */
  mayWriteAs(): readonly MayWriteAsRow[];
  writtenAs(): readonly SeenPair[];
};

/** An entry of a table, and the table as main.cf names it. */
export type TableAnswer = { readonly value: string; readonly table: string };

/** The tables of all connected mail servers. */
export type AuthorTables = {
  readonly place: MailPlace;
  /**
   * `place` is that of all connected servers; false in the first moments after the start, and while
   * one of them could never be read.
   */
  readonly isRead: boolean;
  /** Tries to read them now. Rejects if that takes too long. */
  read(signal: AbortSignal): Promise<void>;
  /**
   * What the tables of a parameter say of these keys; a key without an entry is missing. Where
   * several services or servers have their own tables, there are several answers. Rejects if a
   * table could not be asked in time.
   */
  find(
    name: TableName,
    keys: readonly TableKey[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly TableAnswer[]>>;
};

export type ObservationView = {
  /** Undefined without an observation. */
  readonly from: Millis | undefined;
  readonly until: Millis | undefined;
  readonly isRunning: boolean;
};

export type AuthorsView = {
  readonly declarations: readonly MayWriteAsRow[];
  readonly observation: ObservationView;
  readonly suggestions: readonly SuggestedPair[];
};

/** As AdminResult (admin.ts). */
export type AuthorResult =
  | { readonly ok: true; readonly text: string; readonly count: number }
  | {
      readonly ok: false;
      readonly text: string;
      readonly hint?: string;
      readonly isUnknown?: true;
    };

/** Commands for declarations (flow/authors/author-admin.ts). `by` goes into the audit trail. */
export type AuthorAdmin = {
  view(): AuthorsView;
  observation(): ObservationView;
  /** Whether it is declared now. `address`: an address key, or `@domain`. */
  isDeclared(account: Account, address: string): boolean;
  /** `isDry`: says what it would do. */
  declare(
    pairs: readonly Declaration[],
    how: { readonly note: string; readonly isDry: boolean },
    by: string,
  ): Promise<AuthorResult>;
  remove(pairs: readonly Declaration[], by: string): Promise<AuthorResult>;
  /** Observes for this long from now on; 0 ends it. */
  observe(ms: number, by: string): Promise<AuthorResult>;
};
