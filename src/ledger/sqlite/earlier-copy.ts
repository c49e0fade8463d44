/**
 * Copies the ledger beside itself before a migration: `ledger.db.before-8` is the ledger as
 * version 8 left it. With the copy the operator can go back to the Postern that ran before.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { preparePrivateFile } from './files.ts';
import { isFull } from './tables/faults.ts';

/** Older copies are removed: each is as large as the ledger. */
const copiesMax = 2;
/** Left for the migration itself, which writes too. */
const spareBytes = 32 * 1024 * 1024;
const megabyte = 1024 * 1024;

type EarlierCopy = {
  readonly path: string;
  readonly version: number;
  /** Higher than 1 if the operator went back and upgraded again. The highest is the newest. */
  readonly nth: number;
};

export type CopyOptions = {
  /** Version of the file as it is now. */
  readonly version: number;
  readonly freeBytes?: (folder: string) => number;
};

/**
 * Copies the ledger, its write-ahead log included, and answers with the path of the copy. Throws
 * OperatorError `ledger-no-room`, with nothing changed, if the disk has too little room.
 */
export function copyBeforeMigration(
  database: DatabaseSync,
  path: string,
  { version, freeBytes = freeOn }: CopyOptions,
): string {
  // Copies of starts that were killed before their migration ended must not fill the disk.
  removeOldCopies(path);
  const needed = bytesOf(database) + spareBytes;
  const free = freeBytes(dirname(path));
  if (free < needed) throw noRoom(path, { needed, free });
  const before = copies(path).filter((copy) => copy.version === version);
  const nth = Math.max(0, ...before.map((copy) => copy.nth)) + 1;
  const copy = copyPath(path, { version, nth });
  const draft = `${copy}.new`;
  const removeDraft = (): void => {
    for (const left of [draft, `${draft}-journal`]) rmSync(left, { force: true });
  };
  removeDraft();
  try {
    preparePrivateFile(draft);
    database.prepare('VACUUM INTO ?').run(draft);
    syncPath(draft);
    renameSync(draft, copy);
    syncPath(dirname(path));
  } catch (error) {
    removeDraft();
    if (isFull(error)) throw noRoom(path, { needed, free: freeBytes(dirname(path)) });
    throw error;
  }
  return copy;
}

/**
 * Removes all copies but the newest, and but `kept`: an operator who went back far has copies of
 * higher versions than the one that was just made. Never throws: an old copy is no reason not to
 * start.
 */
export function removeOldCopies(path: string, kept?: string): void {
  const others = copies(path).filter((copy) => copy.path !== kept);
  const max = kept === undefined ? copiesMax : copiesMax - 1;
  for (const copy of others.slice(0, -max)) {
    try {
      rmSync(copy.path, { force: true });
    } catch {
      // It is shown by `ls`, and the next upgrade tries again.
    }
  }
}

/** The newest copy that a Postern can read which knows ledgers up to `version`. */
export function copyFor(path: string, version: number): string | undefined {
  return copies(path).findLast((copy) => copy.version <= version)?.path;
}

/** What the operator does to go back. */
export function wayBack(path: string, copy: string): string {
  const remove = `remove ${path}-wal and ${path}-shm`;
  return `stop Postern, ${remove}, move ${copy} to ${path}, start the older version`;
}

function copyPath(path: string, { version, nth }: Pick<EarlierCopy, 'version' | 'nth'>): string {
  return `${path}.before-${version}${nth === 1 ? '' : `.${nth}`}`;
}

/** Oldest first. */
function copies(path: string): readonly EarlierCopy[] {
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const prefix = `${basename(path)}.before-`;
  return readdirSync(folder)
    .flatMap((name) => {
      const [, version, nth = '1'] =
        /^(\d{1,4})(?:\.(\d{1,4}))?$/.exec(
          name.startsWith(prefix) ? name.slice(prefix.length) : '',
        ) ?? [];
      if (version === undefined) return [];
      return [{ path: join(folder, name), version: Number(version), nth: Number(nth) }];
    })
    .sort((one, other) => one.version - other.version || one.nth - other.nth);
}

/** Pages that are free are not copied. */
function bytesOf(database: DatabaseSync): number {
  const pages = pragma(database, 'page_count') - pragma(database, 'freelist_count');
  return pages * pragma(database, 'page_size');
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function freeOn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function noRoom(
  path: string,
  { needed, free }: { readonly needed: number; readonly free: number },
): OperatorError {
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / megabyte)} MB`;
  return new OperatorError(
    'ledger-no-room',
    `no room to copy ledger ${path}: ${megabytes(needed)} needed, ${megabytes(free)} free`,
    {
      hint: 'nothing was changed; free space on that disk, then start Postern again',
      exit: sysexits.cantCreate,
    },
  );
}

/** What was written to a file, or which names a folder has, is on the disk afterwards. */
function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
