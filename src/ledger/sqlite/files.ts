/**
 * Makes the ledger's files readable for their owner alone, and lets one writer hold them.
 *
 * The writer's lock is an exclusive transaction on an empty side database (`<ledger>.lock`). It is
 * open as long as the ledger is. The kernel drops it with the process, also after kill -9, and
 * readers of the ledger never meet it.
 */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { isBusy } from './tables/faults.ts';

const ownerOnly = 0o600;

/**
 * Makes the file if it is missing, and makes it readable for its owner alone. An existing file is
 * never opened here: closing any descriptor of a file drops all locks that this process has on it
 * (POSIX fcntl), also those of an open ledger.
 */
export function preparePrivateFile(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', ownerOnly));
  if ((statSync(path).mode & 0o777) !== ownerOnly) chmodSync(path, ownerOnly);
}

/**
 * Throws `ledger-of-other` if this process is root and the folder is not root's: its owner could
 * make any name in it a link, and SQLite opens several files by name. Commands become the owner, or
 * start a process of the owner, before they open the ledger.
 */
export function refuseForRoot(path: string): void {
  if (process.geteuid?.() !== 0) return;
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder === undefined || folder.uid === 0) return;
  throw new OperatorError('ledger-of-other', `root does not open ledger ${path}`, {
    hint: `run this as the owner of the folder, user ${folder.uid}`,
    exit: sysexits.noPerm,
  });
}

/** Throws `ledger-kind` if SQLite would wait for the other end of a pipe, or read from a device. */
export function refuseOtherKinds(path: string): void {
  for (const one of [path, `${path}-wal`, `${path}-shm`, `${path}.lock`]) {
    const found = statSync(one, { throwIfNoEntry: false });
    // SQLite itself refuses a folder.
    if (found === undefined || found.isFile() || found.isDirectory()) continue;
    throw new OperatorError('ledger-kind', `${one} is no plain file`, {
      hint: 'put it aside: it is not of Postern',
      exit: sysexits.dataErr,
    });
  }
}

/** Takes the writer's lock, or throws `ledger-locked`. Returns a function that gives it back. */
export function lockForWriting(path: string): () => void {
  const lockPath = `${path}.lock`;
  preparePrivateFile(lockPath);
  const lock = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new OperatorError('ledger-locked', `ledger ${path} is in use by another postern`, {
      cause: error,
      hint: '`postern status` shows it; stop it, or give this one another folder: --state DIR',
      exit: sysexits.tempFail,
    });
  }
  return () => lock.close();
}

/**
 * Throws if the file that was opened is no longer at `path`. SQLite would go on writing into a
 * deleted file, and everything would be lost at the next start.
 */
export function fileGuard(path: string): () => void {
  const opened = statSync(path);
  return () => {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now?.ino === opened.ino && now.dev === opened.dev) return;
    const what = now === undefined ? 'was deleted' : 'was replaced by another file';
    throw new OperatorError('ledger-write', `cannot write ledger ${path}: the file ${what}`, {
      hint: 'restart Postern; changes that are not written yet are then lost',
      exit: sysexits.ioErr,
    });
  };
}
