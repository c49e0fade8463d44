/**
 * Searches a list for a password. Lists of leaks have gigabytes, so they are read in large blocks
 * and not by lines.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

const blockBytes = 1_048_576;
const [newline, carriageReturn] = [10, 13];

/** True if the password is a line of the list. Clears what it read; throws `list-unread`. */
export async function listHas(path: string, password: Buffer): Promise<boolean> {
  if (password.length === 0) return false;
  const needle = Buffer.alloc(password.length + 1, newline);
  password.copy(needle, 1);
  // Room for \r\n behind the password.
  const kept = needle.length + 2;
  const block = Buffer.alloc(blockBytes + kept);
  const file = await opened(path);
  // The needle begins with a line break, so the first line needs one in front too.
  block[0] = newline;
  let held = 1;
  try {
    while (true) {
      const { bytesRead } = await file.read(block, held, block.length - held, null);
      held += bytesRead;
      if (isLineIn(block.subarray(0, held), needle, bytesRead === 0)) return true;
      if (bytesRead === 0) return false;
      const from = Math.max(0, held - kept);
      block.copyWithin(0, from, held);
      held -= from;
    }
  } catch (cause) {
    throw listUnread(path, cause);
  } finally {
    needle.fill(0);
    block.fill(0);
    await file.close();
  }
}

/** `last`: true if the list ends with these bytes. */
function isLineIn(bytes: Buffer, needle: Buffer, last: boolean): boolean {
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
    const end = at + needle.length;
    const next = bytes[end] === carriageReturn ? end + 1 : end;
    if (bytes[next] === newline || (last && next === bytes.length)) return true;
  }
  return false;
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    throw listUnread(path, cause);
  }
}

/** The error for a list that does not exist or cannot be read. */
export function listUnread(path: string, cause: unknown): OperatorError {
  return new OperatorError('list-unread', `cannot read the list ${path}`, {
    cause,
    hint: 'check passwords.top_list and passwords.leaked_lists in postern.toml',
    exit: sysexits.noInput,
  });
}
