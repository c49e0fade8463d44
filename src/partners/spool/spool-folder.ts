/**
 * Reads messages that postern-sendmail left while Postern did not listen. Every user may make a
 * folder here, cannot list the others, and controls everything in it. So a folder is opened once,
 * never through a link, and all work uses that handle. A file counts only if it is a plain file of
 * the folder's owner with no second name.
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
} from 'node:fs';
import { lstat, opendir, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  firstLineBytesMax,
  type HandoverRequest,
  handoverId,
  parseFirstLine,
  parseHandoverRequest,
  spoolFilesMax,
} from '../../core/scripts/handover-request.ts';
import { hourMs, minuteMs } from '../../lib/time.ts';
import type { Spool, SpooledMessage, SpoolFile } from '../../ports/handover.ts';
import { isRemoved, openFolder } from './owned-folder.ts';
import { trimFolders } from './spool-trim.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** The folder of a user. The longer form is used if another user took the short name. */
const folderName = /^(\d{1,10})(?:\.[0-9a-f]{16})?$/;
/** Files of one folder that are read in one round; the next round reads the rest. */
const filesMax = 5_000;
/** If the short name is taken, each message of a user makes its own folder. */
const foldersPerUser = 1_000;
/**
 * Entries of such a folder that are read. It holds one message, which its writer may be writing; a
 * user who puts thousands into each must not make Postern read them all.
 */
const ownFolderMax = 10;
/** Age at which an empty folder is removed, because its writer has ended. */
const emptyMs = hourMs;
/** How often old files are removed, and folders with a wrong owner are checked again. */
const sweepMs = 10 * minuteMs;
const chunkBytes = 65_536;
/** Entries that Node reads from the kernel in one call. */
const entriesAtOnce = 1_000;

export type SpoolOptions = {
  readonly folder: string;
  readonly messageBytesMax: number;
  readonly nowMs: () => number;
};

export function openSpool(options: SpoolOptions): Spool {
  const list = new SpoolList(options);
  // Files that cannot be removed are read only once.
  const stuck = new Set<string>();
  return {
    users: () => list.read(),
    trim: (uid) => trimFolders(list.foldersOf(uid), uid, options),
    files(uid) {
      const files = list.foldersOf(uid).flatMap((path) => filesIn(path, uid));
      const isNew = ({ folder, name }: SpoolFile): boolean => !stuck.has(join(folder, name));
      return files
        .filter(isNew)
        .sort((one, other) => (one.name < other.name ? -1 : 1))
        .slice(0, spoolFilesMax);
    },
    open(file, bad) {
      using opening = new DisposableStack();
      const folder = openFolder(file.folder, file.uid);
      if (folder === undefined) return undefined;
      opening.defer(() => closeSync(folder));
      const path = `/proc/self/fd/${folder}/${file.name}`;
      const remove = (): void => {
        if (isRemoved(path)) return;
        if (stuck.size > filesMax) stuck.clear();
        stuck.add(join(file.folder, file.name));
      };
      const found = open(path, file.uid, { options, scope: opening });
      if (found === 'not now') return undefined;
      if (typeof found === 'string') {
        bad(found);
        remove();
        return undefined;
      }
      const scope = opening.move();
      return { uid: file.uid, ...found, remove, [Symbol.dispose]: () => scope.dispose() };
    },
  };
}

/**
 * The entries of the spool folder. Every user can make a hundred thousand entries there, in any
 * user's name. Reading them must neither block the event loop nor hide the folders of others.
 */
class SpoolList {
  readonly #options: SpoolOptions;
  /** For each user, their folders with longer names. */
  #seconds = new Map<number, string[]>();
  /** Folders named after a user who does not own them. */
  readonly #foreign = new Set<string>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** The user's folder, and those with longer names that existed when the spool was last read. */
  foldersOf(uid: number): readonly string[] {
    const names = [String(uid), ...(this.#seconds.get(uid) ?? [])];
    return names.map((name) => join(this.#options.folder, name));
  }

  async read(): Promise<readonly number[]> {
    const { folder, nowMs } = this.#options;
    if (!existsSync(folder)) return []; // `postern connect sendmail` makes it
    const sweeps = Math.abs(nowMs() - this.#sweptAt) >= sweepMs;
    if (sweeps) {
      this.#foreign.clear();
      this.#sweptAt = nowMs();
    }
    const users = new Set<number>();
    const seconds = new Map<number, string[]>();
    for await (const { name } of await opendir(folder, { bufferSize: entriesAtOnce })) {
      const number = folderName.exec(name)?.[1];
      if (number === undefined) {
        if (sweeps) await removeEntry(join(folder, name));
        continue;
      }
      const uid = Number(number);
      const others = seconds.get(uid) ?? [];
      if (others.length >= foldersPerUser || !(await this.#isOf(uid, name))) continue;
      users.add(uid);
      if (name === number) continue;
      seconds.set(uid, [...others, name]);
      if (sweeps) await removeEmpty(join(folder, name), nowMs);
    }
    this.#seconds = seconds;
    return [...users];
  }

  async #isOf(uid: number, name: string): Promise<boolean> {
    if (this.#foreign.has(name)) return false;
    const found = await lstat(join(this.#options.folder, name)).catch(() => undefined);
    const isHis = found?.isDirectory() === true && found.uid === uid;
    if (!isHis) this.#foreign.add(name);
    return isHis;
  }
}

/**
 * Counts, as root, the messages that the guard must still take. The guard reads through its group,
 * so files that it cannot read, and other entries, do not count.
 */
export function leftInSpool(spool: string): number {
  const entries = (path: string): readonly { readonly name: string; readonly path: string }[] => {
    try {
      return readdirSync(path).map((name) => ({ name, path: join(path, name) }));
    } catch {
      return [];
    }
  };
  const folders = entries(spool).filter(({ name, path }) => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    const isHis = String(found?.uid) === folderName.exec(name)?.[1];
    return isHis && found?.isDirectory() === true && (found.mode & 0o050) === 0o050;
  });
  const files = folders.flatMap(({ path }) => entries(path));
  return files.filter(({ name, path }) => {
    const found = handoverId.test(name) ? lstatSync(path, { throwIfNoEntry: false }) : undefined;
    return found?.isFile() === true && (found.mode & 0o040) !== 0;
  }).length;
}

/** Removes a file, or an empty folder, that no part of Postern makes. */
async function removeEntry(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  // The folder may not be empty, or Postern may not be allowed to remove it.
  await (found?.isDirectory() ? rmdir(path) : rm(path, { force: true })).catch(() => undefined);
}

/** Removes a folder of a user if it is old and empty. */
async function removeEmpty(path: string, nowMs: () => number): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined && nowMs() - found.mtimeMs > emptyMs) {
    await rmdir(path).catch(() => undefined);
  }
}

function filesIn(folder: string, uid: number): readonly SpoolFile[] {
  const opened = openFolder(folder, uid);
  if (opened === undefined) return [];
  const found: SpoolFile[] = [];
  const max = basename(folder) === String(uid) ? filesMax : ownFolderMax;
  try {
    using listing = opendirSync(`/proc/self/fd/${opened}`, { bufferSize: Math.min(max, 100) });
    for (let entries = 0; entries < max; entries++) {
      const name = listing.readSync()?.name;
      if (name === undefined) break;
      if (handoverId.test(name)) found.push({ uid, folder, name });
    }
  } catch {
    // Its owner has closed it to others.
  } finally {
    closeSync(opened);
  }
  return found;
}

/**
 * Error codes caused by the file itself, such as a link or a socket. Others, such as no free file
 * descriptor, may pass.
 */
const noFile = new Set(['ELOOP', 'ENXIO', 'ENODEV']);

function open(
  path: string,
  uid: number,
  { options, scope }: { readonly options: SpoolOptions; readonly scope: DisposableStack },
): ReturnType<typeof read> | 'not now' {
  try {
    const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    scope.defer(() => closeSync(file));
    return read(file, uid, options);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    return noFile.has(code) ? 'cannot be opened' : 'not now';
  }
}

/** Reads a message, or returns why the file is not one. */
function read(
  file: number,
  uid: number,
  { messageBytesMax }: { readonly messageBytesMax: number },
): Pick<SpooledMessage, 'request' | 'read'> | string {
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
  const parsed = parseHandoverRequest(json.toString('utf8'));
  if (!parsed.ok) return parsed.error;
  const request: HandoverRequest = parsed.value;
  return { request, read: () => chunks(file, bodyStart, first.messageBytes) };
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
