/**
 * Messages that postern-sendmail left while nobody listened. Anybody may make a folder here and
 * nobody can list the others; in it, everything is its owner's doing. So a folder is opened once
 * and never through a link, all is done by that handle, and a file counts only if it is a plain
 * file of the folder's owner that has no second name.
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
  rmSync,
} from 'node:fs';
import { lstat, opendir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  firstLineBytesMax,
  type HandoverRequest,
  handoverId,
  parseFirstLine,
  parseHandoverRequest,
} from '../../core/scripts/handover-request.ts';
import { hourMs, minuteMs } from '../../lib/time.ts';
import type { Spool, SpooledMessage } from '../../ports/handover.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** A second name is where somebody else has made a folder by the first. */
const folderName = /^(\d{1,10})(?:\.[0-9a-f]{16})?$/;
/** Of one folder, looked at in one round; the rest comes in the next. */
const filesMax = 5_000;
/** Where his first name is taken, each message of a user makes a folder of its own. */
const foldersPerUser = 1_000;
/** Half a message, whose writer has been ended. */
const halfMs = hourMs;
/**
 * So often rubbish is looked for, and it is looked again whose a folder is that was not its name's.
 */
const sweepMs = 10 * minuteMs;
const chunkBytes = 65_536;
/** Entries that Node asks the kernel for at once. */
const entriesAtOnce = 1_000;

export type SpoolOptions = {
  readonly folder: string;
  readonly messageBytesMax: number;
  readonly nowMs: () => number;
};

export function openSpool(options: SpoolOptions): Spool {
  const list = new SpoolList(options);
  // What its owner does not let us remove is looked at once.
  const stuck = new Set<string>();
  return {
    users: () => list.read(),
    *messages(uid, bad) {
      if (stuck.size > filesMax) stuck.clear();
      const files = list.foldersOf(uid).flatMap((path) => filesIn(path, uid, options));
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
        const found = open(path, uid, { options, scope });
        if (found === 'not now') continue;
        if (typeof found !== 'string') yield { uid, ...found, remove };
        else {
          bad(found);
          remove();
        }
      }
    },
  };
}

/**
 * What is in the spool itself. Anybody can make a hundred thousand entries there, in anybody's
 * name: reading them must neither stop the event loop nor hide anybody's folder behind them.
 */
class SpoolList {
  readonly #options: SpoolOptions;
  /** Of each user, the folders of second names that are his. */
  #seconds = new Map<number, string[]>();
  /** Folders in the name of a user whose they are not. */
  readonly #foreign = new Set<string>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** His folder, and those of second names that were there when the spool was last read. */
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
        if (sweeps) await removeOld(join(folder, name), nowMs);
        continue;
      }
      const uid = Number(number);
      const his = seconds.get(uid) ?? [];
      if (his.length >= foldersPerUser || !(await this.#isOf(uid, name))) continue;
      users.add(uid);
      if (name === number) continue;
      seconds.set(uid, [...his, name]);
      if (sweeps) await removeOld(join(folder, name), nowMs);
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
 * Messages that the guard, which reads by its group, has still to take, as root sees them. What
 * somebody made there besides, or shut, is nothing that anybody waits for.
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

function isRemoved(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}

/** A file, or an empty folder, that has been there for a while and is nothing of ours. */
async function removeOld(path: string, nowMs: () => number): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || nowMs() - found.mtimeMs <= halfMs) return;
  // It may not be empty, or not ours to remove.
  await (found.isDirectory() ? rmdir(path) : rm(path, { force: true })).catch(() => undefined);
}

function filesIn(
  folder: string,
  uid: number,
  { nowMs }: SpoolOptions,
): readonly { readonly folder: string; readonly name: string }[] {
  const opened = openFolder(folder, uid);
  if (opened === undefined) return [];
  const found: { folder: string; name: string }[] = [];
  try {
    const base = `/proc/self/fd/${opened}`;
    using listing = opendirSync(base, { bufferSize: 100 });
    for (let entries = 0; entries < filesMax; entries++) {
      const name = listing.readSync()?.name;
      if (name === undefined) break;
      if (handoverId.test(name)) found.push({ folder, name });
      else removeHalf(join(base, name), nowMs);
    }
  } catch {
    // Its owner has shut it.
  } finally {
    closeSync(opened);
  }
  return found;
}

function removeHalf(path: string, nowMs: () => number): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && nowMs() - found.mtimeMs > halfMs) isRemoved(path);
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

/**
 * Faults of the thing itself: a link, a socket. Any other is ours, such as no free file descriptor,
 * and may pass.
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

/** What is in it, or why it is no message. */
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
