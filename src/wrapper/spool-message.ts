/**
 * Writes a message into the spool while Postern does not listen, completely or not at all. Each
 * user owns a folder there, so the amount is limited for each user, and no other user can list,
 * read or change it. Another user may have made a folder with that name before; such a folder is
 * not used. The guard's user owns the spool and could put a link in its place at any time, so the
 * process goes into the folder first and uses names in it alone.
 */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync as writeToFile,
} from 'node:fs';
import { spoolBytesMax, spoolFilesMax } from '../core/scripts/handover-request.ts';

const full = 'too many messages wait for delivery';

/** Writes the message. Returns what went wrong, or undefined. */
export function spoolMessage(spool: string, id: string, bytes: Buffer): string | undefined {
  // Files must be readable for Postern's group, which they inherit from the folder.
  process.umask(0o007);
  try {
    enterOwnFolder(spool, id);
    if (!hasRoom(1, bytes.length)) return full;
    const fresh = `.${id}`;
    const file = openSync(fresh, 'wx', 0o640);
    for (let at = 0; at < bytes.length; ) at += writeToFile(file, bytes, at);
    fsyncSync(file);
    closeSync(file);
    // Many programs may have found room at the same time: each counts again what all have written.
    if (!hasRoom(0, 0)) {
      rmSync(fresh, { force: true });
      return full;
    }
    renameSync(fresh, id);
    const opened = openSync('.', 'r');
    fsyncSync(opened);
    closeSync(opened);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    return `cannot queue the message: ${code}`;
  }
}

function enterOwnFolder(spool: string, id: string): void {
  const uid = process.getuid?.() ?? -1;
  const names = [`${uid}`, `${uid}.${id.slice(-16)}`];
  for (const name of names) {
    const folder = `${spool}/${name}`;
    try {
      mkdirSync(folder, 0o770);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    if (isOwnFolder(folder, uid) && entered(folder, spool, uid)) return;
  }
  throw new Error('no folder of its own');
}

function isOwnFolder(folder: string, uid: number): boolean {
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === uid;
}

/** False if this folder is not the user's, or not in the spool. */
function entered(folder: string, spool: string, uid: number): boolean {
  process.chdir(folder);
  const [above, top] = [statSync('..'), statSync(spool)];
  return isOwnFolder('.', uid) && above.ino === top.ino && above.dev === top.dev;
}

/** Does the folder have room for these further files and bytes? */
function hasRoom(files: number, moreBytes: number): boolean {
  const names = readdirSync('.');
  let bytes = moreBytes;
  for (const name of names) bytes += statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  return names.length + files <= spoolFilesMax && bytes <= spoolBytesMax;
}
