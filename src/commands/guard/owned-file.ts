/** Uses files in a folder of another user as root, without being led to another file. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

/** The largest file that is read; run.json and postfix.json are far smaller. */
const octetsMax = 4 * 1024 * 1024;

/**
 * The text of a plain file of the folder's owner (or of root). Throws an Error with the code of
 * open(2), or EPERM if it is another kind of file: a link, a pipe, or a second name of a file.
 */
export function readOwnedFile(path: string): string {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    const owners = [0, process.geteuid?.(), statSync(dirname(path)).uid];
    if (!found.isFile() || found.nlink > 1 || !owners.includes(found.uid)) throw unfit(path);
    if (found.size > octetsMax) throw unfit(path);
    const bytes = Buffer.alloc(found.size);
    return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** Of open(2): names a file without opening it. Node has no constant for it. */
const pathOnly = 0o10000000;

/**
 * A path that leads to this socket whatever its folder's owner puts there later. It is usable as
 * long as this process runs. Others than root get the path itself.
 */
export function pinnedSocket(path: string): string {
  if (process.geteuid?.() !== 0) return path;
  const descriptor = openSync(path, pathOnly | constants.O_NOFOLLOW);
  const found = fstatSync(descriptor);
  if (found.isSocket() && [0, statSync(dirname(path)).uid].includes(found.uid)) {
    return `/proc/self/fd/${descriptor}`;
  }
  closeSync(descriptor);
  throw new OperatorError('not-own-socket', `${path} is no socket of the owner of its folder`, {
    hint: 'root does not speak to it; restart the guard: systemctl restart postern',
    exit: sysexits.noPerm,
  });
}

function unfit(path: string): Error {
  const text = `${path} is not a plain file of the owner of its folder`;
  return Object.assign(new Error(text), { code: 'EPERM' });
}
