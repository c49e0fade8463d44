/**
 * Keeps what a user has in the spool within bounds. postern-sendmail refuses a message beyond
 * `spoolFilesMax` and `spoolBytesMax`; a user who writes into the folder without it may leave more.
 * Up to twice as much stays and waits: what postern-sendmail has accepted is surely within that,
 * and is never removed. Beyond it the newest files go.
 */
import { closeSync } from 'node:fs';
import { lstat, opendir, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  handoverBytesMax,
  handoverId,
  spoolBytesMax,
  spoolFilesMax,
} from '../../core/scripts/handover-request.ts';
import { hourMs } from '../../lib/time.ts';
import type { SpoolTrim } from '../../ports/handover.ts';
import { openFolder } from './owned-folder.ts';

/**
 * Entries of a folder that one round looks at. Of more, the next rounds see the others, as this one
 * removes all but the oldest.
 */
const entriesMax = 20_000;
/** The same for a folder that holds one message; a user may have a thousand of them. */
const ownEntriesMax = 100;
const entriesAtOnce = 1_000;
/**
 * Age at which an unfinished message is removed: its writer has ended. A writer that still runs
 * fails then and tells its program so.
 */
const unfinishedMs = hourMs;

export type TrimOptions = { readonly messageBytesMax: number; readonly nowMs: () => number };

type Found = { readonly path: string; readonly name: string; readonly bytes: number };

/** Trims the folders of a user. Never blocks the event loop. */
export async function trimFolders(
  folders: readonly string[],
  uid: number,
  options: TrimOptions,
): Promise<SpoolTrim> {
  const sum = { files: 0, bytes: 0, removed: 0 };
  for (const folder of folders) {
    const found = await trimFolder(folder, uid, options);
    sum.files += found.files;
    sum.bytes += found.bytes;
    sum.removed += found.removed;
  }
  return sum;
}

async function trimFolder(folder: string, uid: number, options: TrimOptions): Promise<SpoolTrim> {
  const opened = openFolder(folder, uid);
  if (opened === undefined) return { files: 0, bytes: 0, removed: 0 };
  using scope = new DisposableStack();
  scope.defer(() => closeSync(opened));
  const base = `/proc/self/fd/${opened}`;
  // A folder with a longer name holds the one message whose id has the same end.
  const [, end = ''] = basename(folder).split('.');
  const filesMax = 2 * (end === '' ? spoolFilesMax : 1);
  const whole: Found[] = [];
  const unfinished: Found[] = [];
  let removed = 0;
  for (const name of await namesIn(base, end === '' ? entriesMax : ownEntriesMax)) {
    const path = join(base, name);
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) continue;
    const isNamed = name.endsWith(end);
    const isWhole = isNamed && handoverId.test(name);
    const isMessage = found.isFile() && found.uid === uid && found.nlink === 1;
    const fits = found.size <= options.messageBytesMax + handoverBytesMax;
    const isYoung = options.nowMs() - found.mtimeMs <= unfinishedMs;
    const one = { path, name, bytes: found.size };
    if (isWhole && isMessage) whole.push(one);
    else if (isNamed && isUnfinished(name) && isMessage && fits && isYoung) unfinished.push(one);
    else if (!isWhole && (await isGone(path, found.isDirectory()))) removed++;
  }
  let files = 0;
  let bytes = 0;
  for (const one of [...whole.sort(byName), ...unfinished.sort(byName)]) {
    const beyond = files >= filesMax || bytes + one.bytes > 2 * spoolBytesMax;
    if (beyond && (await isGone(one.path, false))) removed++;
    else {
      files++;
      bytes += one.bytes;
    }
  }
  return { files, bytes, removed };
}

function byName(one: Found, other: Found): number {
  return one.name < other.name ? -1 : 1;
}

/** The name under which postern-sendmail writes a message before it is whole. */
function isUnfinished(name: string): boolean {
  return name.startsWith('.') && handoverId.test(name.slice(1));
}

async function namesIn(folder: string, max: number): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder, { bufferSize: entriesAtOnce })) {
      if (names.push(name) >= max) break;
    }
  } catch {
    // Its owner has closed it to others.
  }
  return names;
}

async function isGone(path: string, isFolder: boolean): Promise<boolean> {
  try {
    await (isFolder ? rmdir(path) : rm(path, { force: true }));
    return true;
  } catch {
    return false; // a folder that is not empty, or one that Postern may not write
  }
}
