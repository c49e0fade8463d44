/** Uses files in a folder of another user as root, without being led to another file. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

/** The largest file that is read unless the caller says otherwise; run.json is far smaller. */
const usualMax = 4 * 1024 * 1024;

/**
 * The text of a plain file of the folder's owner (or of root). Throws an Error with the code of
 * open(2), or EPERM if it is another kind of file: a link, a pipe, or a second name of a file.
 */
export function readOwnedFile(path: string, octetsMax: number = usualMax): string {
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

export type PinnedSocket = Disposable & { readonly path: string };

/**
 * A path for connect(2) that leads to this very socket, whatever a user puts at its name later. It
 * must belong to the owner of the state folder; `orRoot`: or to root, as sockets of systemd do.
 * Others than root get the path itself. Dispose it when the connection is made.
 */
export function pinnedSocket(
  path: string,
  { state, orRoot }: { readonly state: string; readonly orRoot: boolean },
): PinnedSocket {
  if (process.geteuid?.() !== 0) return { path, [Symbol.dispose]: () => undefined };
  const owners = [statSync(state).uid, ...(orRoot ? [0] : [])];
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, pathOnly | constants.O_NOFOLLOW);
    const found = fstatSync(descriptor);
    if (!found.isSocket() || !owners.includes(found.uid)) throw unfit(path);
  } catch (cause) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw new OperatorError('not-own-socket', `${path} is no socket of the owner of ${state}`, {
      cause,
      hint: 'root does not speak to it; restart the guard: systemctl restart postern',
      exit: sysexits.noPerm,
    });
  }
  const opened = descriptor;
  return { path: `/proc/self/fd/${opened}`, [Symbol.dispose]: () => closeSync(opened) };
}

function unfit(path: string): Error {
  const text = `${path} does not belong to the owner of its folder, or is of another kind`;
  return Object.assign(new Error(text), { code: 'EPERM' });
}
