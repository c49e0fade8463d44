/**
 * Messages that postern-sendmail left while nobody listened. Anybody may make a folder here and nobody can list the others;
 * in it, everything is its owner's doing. So a folder is opened once and never through a link, all is done by that handle,
 * and a file counts only if it is a plain file of the folder's owner that has no second name.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readdirSync,
  readSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  firstLineBytesMax,
  type HandIn,
  handInId,
  parseFirstLine,
  parseHandIn,
} from '../core/scripts/hand-in.ts';
import { hourMs } from '../lib/brand.ts';
import type { Spool, Spooled } from '../ports-sendmail.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** A second name is where somebody else has made a folder by the first. */
const folderName = /^(\d{1,10})(?:\.[0-9a-f]{16})?$/;
/** Looked at in one round; the rest comes in the next. */
const filesMax = 5_000;
/** In the spool itself: each user has one folder. More is somebody's mischief, and must not take our time. */
const entriesMax = 50_000;
const foldersPerUser = 2;
/** Half a message, whose writer has been ended. */
const halfMs = hourMs;
const chunkBytes = 65_536;

export function openSpool(of: {
  readonly folder: string;
  readonly messageBytesMax: number;
  readonly nowMs: () => number;
}): Spool {
  // What its owner does not let us remove is looked at once.
  const stuck = new Set<string>();
  return {
    *messages(bad, only) {
      if (stuck.size > filesMax) stuck.clear();
      for (const [uid, names] of folders(of.folder, of.nowMs)) {
        if (only !== undefined && uid !== only) continue;
        const files = names.flatMap((name) => filesIn(join(of.folder, name), uid, of));
        files.sort((one, other) => (one.name < other.name ? -1 : 1));
        for (const { folder, name } of files) {
          const place = join(folder, name);
          if (stuck.has(place)) continue;
          using scope = new DisposableStack();
          const opened = openFolder(folder, uid);
          if (opened === undefined) continue;
          scope.defer(() => closeSync(opened));
          const path = `/proc/self/fd/${opened}/${name}`;
          const remove = (): void => {
            if (!isRemoved(path)) stuck.add(place);
          };
          const file = openFile(path);
          if (file !== undefined) scope.defer(() => closeSync(file));
          const found = file === undefined ? 'cannot be opened' : read(file, uid, of);
          if (typeof found !== 'string') yield { uid, ...found, remove };
          else {
            bad({ uid, why: found });
            remove();
          }
        }
      }
    },
  };
}

function isRemoved(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}

/** By user, the folders that go by his number. What else is made there goes, as far as it is ours to remove. */
function folders(spool: string, nowMs: () => number): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>();
  if (!existsSync(spool)) return found; // `postern connect sendmail` makes it
  using listing = opendirSync(spool);
  for (let entries = 0; entries < entriesMax; entries++) {
    const name = listing.readSync()?.name;
    if (name === undefined) break;
    const uid = folderName.exec(name)?.[1];
    if (uid === undefined) removeOld(join(spool, name), nowMs);
    else found.set(Number(uid), [...(found.get(Number(uid)) ?? []), name]);
  }
  // The first by name is the usual one; who makes more than two has something else in mind.
  for (const [uid, names] of found) found.set(uid, names.sort().slice(0, foldersPerUser));
  return found;
}

/** A file, or an empty folder, that has been there for a while and is nothing of ours. */
function removeOld(path: string, nowMs: () => number): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || nowMs() - found.mtimeMs <= halfMs) return;
  try {
    if (found.isDirectory()) rmdirSync(path);
    else rmSync(path, { force: true });
  } catch {
    // It is not empty, or not ours to remove.
  }
}

function filesIn(
  folder: string,
  uid: number,
  { nowMs }: { readonly nowMs: () => number },
): readonly { readonly folder: string; readonly name: string }[] {
  const opened = openFolder(folder, uid);
  if (opened === undefined) return [];
  try {
    const base = `/proc/self/fd/${opened}`;
    const names = readdirSync(base).slice(0, filesMax);
    for (const name of names) if (!handInId.test(name)) removeOld(join(base, name), nowMs);
    return names.filter((name) => handInId.test(name)).map((name) => ({ folder, name }));
  } catch {
    return []; // its owner has shut it
  } finally {
    closeSync(opened);
  }
}

/** Undefined: it is another user's, or no folder. */
function openFolder(path: string, uid: number): number | undefined {
  let folder: number;
  try {
    folder = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch {
    return undefined;
  }
  if (fstatSync(folder).uid === uid) return folder;
  closeSync(folder);
  return undefined;
}

function openFile(path: string): number | undefined {
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return undefined;
  }
}

/** What is in it, or why it is no message. */
function read(
  file: number,
  uid: number,
  { messageBytesMax }: { readonly messageBytesMax: number },
): Pick<Spooled, 'handIn' | 'read'> | string {
  const stat = fstatSync(file);
  if (!stat.isFile()) return 'not a file';
  if (stat.uid !== uid) return 'of another user';
  if (stat.nlink > 1) return 'has a second name';
  const line = Buffer.alloc(firstLineBytesMax);
  const length = readSync(file, line, 0, line.length, 0);
  const lineEnd = line.subarray(0, length).indexOf(0x0a);
  const first = parseFirstLine(line.toString('latin1', 0, Math.max(0, lineEnd)));
  if (first === undefined) return 'no first line';
  const bodyStart = lineEnd + 1 + first.requestBytes;
  if (stat.size !== bodyStart + first.messageBytes) return 'not whole';
  if (first.messageBytes > messageBytesMax) return 'larger than messages may be';
  const json = Buffer.alloc(first.requestBytes);
  readSync(file, json, 0, json.length, lineEnd + 1);
  const parsed = parseHandIn(json.toString('utf8'));
  if (!parsed.ok) return parsed.error;
  const handIn: HandIn = parsed.value;
  return { handIn, read: () => chunks(file, bodyStart, first.messageBytes) };
}

function* chunks(file: number, start: number, length: number): Generator<Buffer> {
  for (let at = 0; at < length; ) {
    const chunk = Buffer.alloc(Math.min(chunkBytes, length - at));
    const more = readSync(file, chunk, 0, chunk.length, start + at);
    if (more === 0) throw new Error('it has become shorter');
    at += more;
    yield chunk.subarray(0, more);
  }
}
