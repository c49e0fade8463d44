/** Imported contacts: as stored, and what operators do about them. Types only. */
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import type { Millis } from '../../lib/time.ts';

/** What one import added to one account. */
export type ImportRow = {
  /** Of all accounts of one import alike. */
  readonly id: number;
  readonly account: Account;
  readonly at: Millis;
  readonly by: string;
  /** The files, for people. */
  readonly source: string;
  readonly note: string;
  /** Recipients that became known by it. */
  readonly added: number;
  readonly undoneAt: Millis | undefined;
};

export type ImportLedger = {
  imports(): readonly ImportRow[];
  /** Recipients (hashes) that an import added, and that the account has not written to since. */
  importedOf(id: number, account: Account): readonly number[];
};

export type ImportChange =
  | { readonly kind: 'import'; readonly row: ImportRow }
  /** Stands behind the change of the account in its commit. */
  | {
      readonly kind: 'imported';
      readonly id: number;
      readonly account: Account;
      readonly recipients: readonly number[];
    }
  /** The account has written to them, or the import was undone. */
  | {
      readonly kind: 'not-imported';
      readonly account: Account;
      readonly recipients: readonly number[];
    };

/** A part of an import: the addresses of one account, or some of them. */
export type ImportPart = {
  readonly account: string;
  /** Undefined begins a new import. */
  readonly id: number | undefined;
  readonly addresses: readonly string[];
  readonly source: string;
  readonly note: string;
  /** Also for an account that was never seen. */
  readonly unknown: boolean;
  readonly dryRun: boolean;
};

type Done = { readonly ok: true; readonly text: string; readonly count: number };
type NotDone = {
  readonly ok: false;
  readonly text: string;
  readonly hint?: string;
  readonly isUnknown?: true;
};
/** As AdminResult (admin.ts). */
export type UndoResult = Done | NotDone;

export type ImportResult =
  | (Done & {
      /** 0 with a dry run. */
      readonly id: number;
      readonly account: string;
      readonly added: number;
      /** The account knew them before. */
      readonly known: number;
      /** Beyond what one account may import. */
      readonly cut: number;
    })
  | NotDone;

/** For the gate. */
export type WrittenTo = {
  /** The account has written to these: undoing its imports does not forget them. */
  wrote(message: Pick<Submission, 'account' | 'at' | 'outside' | 'local'>): void;
};

/** What is known of an account's imports. */
export type AccountImports = {
  readonly admin: ImportAdmin;
  /** Recipients that the account knows by imports, without those that were undone. */
  count(account: Account): number;
};

export type ImportAdmin = {
  /** Newest first, one row for each account. */
  list(limit: number): readonly ImportRow[];
  add(part: ImportPart, by: string): Promise<ImportResult>;
  undo(id: number, by: string): Promise<UndoResult>;
};
