/**
 * Writes a message into the spool while Postern does not listen, completely or not at all. Each
 * user owns a folder there, so the amount is limited for each user, and no other user can list,
 * read or change it. Another user may have made a folder with that name before; such a folder is
 * not used.
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
    const folder = ownFolder(spool, id);
    if (!hasRoom(folder, 1, bytes.length)) return full;
    const fresh = `${folder}/.${id}`;
    const file = openSync(fresh, 'wx', 0o640);
    for (let at = 0; at < bytes.length; ) at += writeToFile(file, bytes, at);
    fsyncSync(file);
    closeSync(file);
    // Many programs may have found room at the same time: each counts again what all have written.
    if (!hasRoom(folder, 0, 0)) {
      rmSync(fresh, { force: true });
      return full;
    }
    renameSync(fresh, `${folder}/${id}`);
    const opened = openSync(folder, 'r');
    fsyncSync(opened);
    closeSync(opened);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    return `cannot queue the message: ${code}`;
  }
}

function ownFolder(spool: string, id: string): string {
  const uid = process.getuid?.() ?? -1;
  const names = [`${uid}`, `${uid}.${id.slice(-16)}`];
  for (const name of names) {
    const folder = `${spool}/${name}`;
    try {
      mkdirSync(folder, 0o770);
      return folder;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const found = lstatSync(folder);
    if (found.isDirectory() && found.uid === uid) return folder;
  }
  throw new Error('no folder of its own');
}

/** Does the folder have room for these further files and bytes? */
function hasRoom(folder: string, more: number, moreBytes: number): boolean {
  const names = readdirSync(folder);
  let bytes = moreBytes;
  for (const name of names) {
    bytes += statSync(`${folder}/${name}`, { throwIfNoEntry: false })?.size ?? 0;
  }
  return names.length + more <= spoolFilesMax && bytes <= spoolBytesMax;
}
