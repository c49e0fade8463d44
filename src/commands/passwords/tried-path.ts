/**
 * Where audits note what they tried. If the state folder belongs to another user, an audit of root
 * keeps its notes in a folder of root: SQLite opens files by name, and that user could make such a
 * name a link.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { otherOwnerOf } from '../guard/owner.ts';
import { makeState } from '../guard/run-file.ts';
import { makeFolderAsRoot, otherOnPath, rootDecides } from '../guard/trusted-path.ts';

const fileName = 'passwords.db';
/** For state folders that are not directly in a folder of root. */
const sharedFolder = '/var/lib/postern-passwords';

/** The path of the notes; its folder exists then. */
export async function triedStorePath(state: string): Promise<string> {
  if (otherOwnerOf(state) === undefined) {
    makeState(state);
    return join(state, fileName);
  }
  const path = pathOfRoot(resolve(state));
  const folder = dirname(path);
  await makeFolderAsRoot(folder, { mode: 0o700 });
  rootDecides(folder);
  if (!existsSync(path)) takeOver(join(state, fileName), path);
  return path;
}

/** `/var/lib/postern-passwords/passwords.db` for the state folder `/var/lib/postern`. */
function pathOfRoot(state: string): string {
  if (otherOnPath(dirname(state)) === undefined) {
    return join(dirname(state), `${basename(state)}-passwords`, fileName);
  }
  const digest = createHash('sha256').update(state).digest('hex').slice(0, 16);
  return join(sharedFolder, `${digest}.db`);
}

/** Copies the notes that an audit of an earlier version left in the state folder. */
function takeOver(from: string, to: string): void {
  try {
    // SQLite joins them by their names; the write-ahead log must be there first.
    for (const end of ['-wal', '']) copyOwn(`${from}${end}`, `${to}${end}`);
    for (const end of ['', '-wal', '-shm']) rmSync(`${from}${end}`, { force: true });
  } catch {
    // Without them the audit tries everything again.
    for (const end of ['', '-wal']) rmSync(`${to}${end}`, { force: true });
  }
}

/** Copies a plain file that root made, and no other. A missing write-ahead log is right. */
function copyOwn(from: string, to: string): void {
  if (from.endsWith('-wal') && !existsSync(from)) return;
  const descriptor = openSync(
    from,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  );
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile() || found.uid !== 0 || found.nlink > 1) throw new Error('not of root');
    copyFileSync(`/proc/self/fd/${descriptor}`, `${to}.new`);
    renameSync(`${to}.new`, to);
  } finally {
    closeSync(descriptor);
  }
}
