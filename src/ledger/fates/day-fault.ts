/** Sorts errors of SQLite in a day file: a fault of the disk, a damaged file, a mistake of ours. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { OperatorError } from '../../lib/operator-error.ts';

/** Code of the error about a day without its key (day.ts). */
const keyMissing = 'messages-key';

/** Primary result codes (sqlite.org/rescode.html). */
const damage: ReadonlySet<number> = new Set([11, 26]); // corrupt, not a database
// no permission, busy, locked, no memory, read only, I/O, full, cannot open, protocol
const disk: ReadonlySet<number> = new Set([3, 5, 6, 7, 8, 10, 13, 14, 15]);

export function dayFault(error: unknown): 'damage' | 'disk' | 'mistake' {
  if (!(error instanceof Error)) return 'mistake';
  if ('syscall' in error) return 'disk';
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
  if (damage.has(code)) return 'damage';
  return disk.has(code) ? 'disk' : 'mistake';
}

/** True if nobody finds anything in the file any more. */
export function isLost(error: unknown): boolean {
  if (error instanceof OperatorError) return error.code === keyMissing;
  return dayFault(error) === 'damage';
}

/** Makes a file that only its owner may read, if it is missing. SQLite keeps the mode. */
export function makePrivate(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
}
