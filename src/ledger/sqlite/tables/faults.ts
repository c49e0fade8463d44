/**
 * Turns errors of SQLite into texts that an operator can use. A fault of the environment (disk,
 * permission, a lock of another program, a damaged file) becomes an OperatorError. Any other error
 * is a mistake of ours and is returned unchanged.
 */
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';

/** Primary result codes (sqlite.org/rescode.html). */
const code = {
  perm: 3,
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  notDatabase: 26,
} as const;

const environmental: ReadonlySet<number> = new Set(Object.values(code));

/** The primary result code of an error that came from SQLite. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

/** Does another program hold the lock? */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === code.busy;
}

/** Is the disk full? */
export function isFull(error: unknown): boolean {
  return resultCode(error) === code.full;
}

/** Is the file damaged, or no ledger at all? `error` comes from SQLite. */
export function meansDamage(error: unknown): boolean {
  const result = resultCode(error);
  return result !== undefined && isDamage(result);
}

/** Is this a page that the disk does not give back? `error` comes from readFault. */
export function isUnreadablePage(error: unknown): boolean {
  if (!(error instanceof OperatorError)) return false;
  return error.code === 'ledger-corrupt' || resultCode(error.cause) === code.io;
}

/** The error for a failed write. */
export function writeFault(path: string, error: unknown): unknown {
  const result = resultCode(error);
  if (result === undefined || !environmental.has(result)) return error;
  if (isDamage(result)) return corruptFault(path, error);
  return new OperatorError('ledger-write', `cannot write ledger ${path}: ${why(error)}`, {
    cause: error,
    hint: writeHints.get(result) ?? 'check the disk and the permissions of the file and its folder',
    exit: sysexits.ioErr,
  });
}

/** The error for a failed read. */
export function readFault(path: string, error: unknown): unknown {
  const result = resultCode(error);
  if (result === undefined || !environmental.has(result)) return error;
  if (isDamage(result)) return corruptFault(path, error);
  return new OperatorError('ledger-read', `cannot read ledger ${path}: ${why(error)}`, {
    cause: error,
    hint: 'check the disk and the permissions of the file and its folder',
    exit: sysexits.ioErr,
  });
}

/** The error for a ledger that cannot be opened. */
export function openFault(path: string, error: unknown): unknown {
  if (error instanceof OperatorError) return error;
  const result = resultCode(error);
  if (result !== undefined && isDamage(result)) return corruptFault(path, error);
  const system = error instanceof Error && 'syscall' in error;
  if (!system && (result === undefined || !environmental.has(result))) return error;
  return new OperatorError('ledger-open', `cannot open ledger ${path}: ${why(error)}`, {
    cause: error,
    hint: 'its folder must exist, have room, and belong to the user that postern runs as',
    exit: sysexits.cantCreate,
  });
}

/** The error for a file that is not a sound ledger. */
function corruptFault(path: string, cause: unknown): OperatorError {
  return new OperatorError('ledger-corrupt', `ledger ${path} is damaged: ${why(cause)}`, {
    cause,
    hint:
      'stop postern and put a copy from your backup in its place; without one, docs/operate.md ' +
      '("A damaged ledger") says how to save what can be read',
    exit: sysexits.dataErr,
  });
}

const writeHints: ReadonlyMap<number, string> = new Map([
  [code.full, 'the disk is full: make room; then writing resumes automatically'],
  [code.busy, 'another program holds a lock on the file; find it with `fuser` and end it'],
  [code.readOnly, 'the file or its file system is read-only; remount or repair it'],
  [code.io, 'the disk is full, over quota or failing: make room, or see the kernel log'],
]);

function isDamage(result: number): boolean {
  return result === code.corrupt || result === code.notDatabase;
}

function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
