/**
 * Follows a log file and hands out its lines as they are written, also when the log is rotated.
 *
 *   renamed and created again   reads the old file until it has been quiet, then the new one from
 *                               its start
 *   copied and truncated        the file is shorter than the position, or has other text there:
 *                               reads it from its start
 *   rotated between two runs    finds the old file by its inode beside the new one, or by its text
 *                               if it was packed, and first reads it and all later ones to their
 *                               end (rotated.ts)
 *
 * It reads when the kernel reports a change, and once a second, because the kernel does not report
 * every change. It never reads ahead of the lines that were taken; the rest waits in the file.
 */
import { constants, type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { type LineCutter, openLineCutter } from '../../lib/line-cutter.ts';
import { secondMs } from '../../lib/time.ts';
import { type LogPosition, openPart, type RotatedPart, rotatedSince } from './rotated.ts';

/** Bytes of one read, few enough that handling their lines never blocks other work for long. */
const chunkBytes = 16 * 1024;
/** After a long pause only the newest part of the log is read, at most this much. */
const backlogBytesMax = 256 * 1024 * 1024;
/**
 * Bytes before a position, kept to check that the file is still the same one. The inode alone is
 * not enough, because file systems use it again.
 */
const sampleBytes = 64;
/** A log that is written all the time is read once in this time. */
const gatherMs = 50;
/** A rotated file is left when it has not grown for this long. */
const quietMs = secondMs;
/** A rotated file is left after this long in any case, if both files are written to. */
const lingerMs = 30 * secondMs;

export type FollowFault = 'missing' | 'unreadable' | 'too-long' | 'skipped';

export type FollowHooks = {
  /** Whole lines, oldest first. */
  lines(lines: readonly string[]): void;
  /** Reports a fault; following continues. `skipped`: lines that may matter were not read. */
  fault(what: FollowFault, cause?: unknown): void;
  /** Reports whether the file is being read now. */
  reading(is: boolean): void;
  /** Reports whether the file was moved or removed. It is read until another one is there. */
  away(is: boolean): void;
};

export type Follower = {
  /** Where to continue after a restart; undefined until the file is first opened. */
  place(): LogPosition | undefined;
  close(): Promise<void>;
};

export type FollowHow = {
  readonly resume?: LogPosition | undefined;
  readonly pollMs?: number;
  /** How much of a file that was not read for long is read. */
  readonly backlogBytesMax?: number;
};

/** Follows `path` from `resume`, or from its end. */
export function followFile(path: string, hooks: FollowHooks, how: FollowHow = {}): Follower {
  const follower = new FileFollower(path, hooks, how);
  const done = follower.run();
  return {
    place: () => follower.place,
    async close() {
      follower.stop();
      await done;
    },
  };
}

class FileFollower {
  place: LogPosition | undefined;
  readonly #path: string;
  readonly #hooks: FollowHooks;
  readonly #pollMs: number;
  readonly #backlogBytesMax: number;
  readonly #cutter: LineCutter;
  readonly #buffer = Buffer.allocUnsafe(chunkBytes);
  #resume: LogPosition | undefined;
  #handle: FileHandle | undefined;
  #watcher: FSWatcher | undefined;
  #inode = '';
  #offset = 0;
  /** The last bytes before `#offset`. */
  #before: Buffer = Buffer.alloc(0);
  /** True if the next file is new, because it was missing before; it is read from its start. */
  #fromStart = false;
  #rotatedAt: number | undefined;
  #isAway = false;
  #lastReadAt = 0;
  #closed = false;
  #woken = false;
  #rouse = (): void => undefined;

  constructor(path: string, hooks: FollowHooks, how: FollowHow) {
    this.#path = path;
    this.#hooks = hooks;
    this.#resume = how.resume;
    this.#pollMs = how.pollMs ?? secondMs;
    this.#backlogBytesMax = how.backlogBytesMax ?? backlogBytesMax;
    this.#cutter = openLineCutter(() => hooks.fault('too-long'));
  }

  async run(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#step();
      } catch (cause) {
        await this.#lost(cause);
      }
      if (!this.#closed) await this.#sleep();
    }
    await this.#leave();
  }

  stop(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Reads what is new, and changes to another file if the log was rotated. */
  async #step(): Promise<void> {
    const handle = this.#handle ?? (await this.#open());
    if (!(await this.#isSame(handle))) {
      this.#begin(0, Buffer.alloc(0));
      this.#cutter.reset();
    }
    await this.#read(handle);
    if (await this.#isRotated()) {
      this.#fromStart = true;
      await this.#leave();
      await this.#read(await this.#open());
    }
  }

  async #open(): Promise<FileHandle> {
    const found = await this.#openResumed();
    // Without blocking, because the path may be a pipe, which would wait for a writer.
    const handle = found ?? (await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK));
    try {
      const about = await handle.stat({ bigint: true });
      if (!about.isFile()) throw new Error('it is not a regular file');
      this.#inode = String(about.ino);
      await this.#seek(handle, Number(about.size));
    } catch (cause) {
      await handle.close();
      throw cause;
    }
    this.#handle = handle;
    this.#resume = undefined;
    this.#fromStart = false;
    this.#rotatedAt = undefined;
    this.#away(false);
    this.#watch();
    this.#hooks.reading(true);
    return handle;
  }

  /**
   * Opens the file of the last run if it was renamed since and is the latest one. If later ones
   * were made, all of them are read, and the file at the path is new.
   */
  async #openResumed(): Promise<FileHandle | undefined> {
    const resume = this.#resume;
    if (resume === undefined) return undefined;
    const here = await stat(this.#path, { bigint: true }).catch(() => undefined);
    if (here !== undefined && String(here.ino) === resume.inode) return undefined;
    const parts = await rotatedSince(this.#path, resume);
    const [only] = parts ?? [];
    if (parts === undefined || only === undefined) return undefined;
    if (parts.length === 1 && !only.isPacked) return open(only.path, 'r').catch(() => undefined);
    for (const part of parts) await this.#readPart(part);
    this.#resume = undefined;
    this.#fromStart = true;
    return undefined;
  }

  /** Reads a rotated file to its end. The place stays before it until all of them are read. */
  async #readPart(part: RotatedPart): Promise<void> {
    this.#cutter.reset();
    // What is packed is unpacked from its begin.
    let skip = part.isPacked ? part.from : 0;
    let left = this.#backlogBytesMax;
    const stream = openPart(part);
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        if (this.#closed) break;
        const fresh = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - fresh.length;
        left -= fresh.length;
        if (left < 0) {
          this.#hooks.fault('skipped');
          break;
        }
        const lines = this.#cutter.take(fresh);
        if (lines.length > 0) this.#hooks.lines(lines);
      }
    } catch (cause) {
      this.#hooks.fault('skipped', cause);
    } finally {
      stream.destroy();
    }
  }

  /** Decides where to begin in a file that was just opened. */
  async #seek(handle: FileHandle, size: number): Promise<void> {
    const resume = this.#resume;
    let offset = this.#fromStart ? 0 : size;
    if (resume !== undefined) {
      const same = this.#inode === resume.inode && (await isAt(handle, resume, size));
      offset = same ? resume.offset : 0;
      if (this.#inode !== resume.inode) this.#hooks.fault('skipped');
    }
    const far = size - offset > this.#backlogBytesMax;
    if (far) {
      offset = size - this.#backlogBytesMax;
      this.#hooks.fault('skipped');
    }
    const before = await bytesBefore(handle, offset);
    const midLine = offset > 0 && before.at(-1) !== 10;
    this.#cutter.reset(midLine ? 'mid-line' : undefined);
    this.#begin(offset, before);
  }

  #begin(offset: number, before: Buffer): void {
    this.#offset = offset;
    this.#before = before;
    this.place = { inode: this.#inode, offset, sample: before.toString('hex') };
  }

  /** True if the file was neither truncated nor written again from its start. */
  async #isSame(handle: FileHandle): Promise<boolean> {
    const { size } = await handle.stat();
    if (size < this.#offset) return false;
    return this.place === undefined || isAt(handle, this.place, size);
  }

  async #read(handle: FileHandle): Promise<void> {
    while (!this.#closed) {
      const { bytesRead } = await handle.read(this.#buffer, 0, chunkBytes, this.#offset);
      if (bytesRead === 0) return;
      this.#lastReadAt = performance.now();
      const chunk = this.#buffer.subarray(0, bytesRead);
      const lines = this.#cutter.take(chunk);
      this.#advance(chunk);
      if (lines.length > 0) this.#hooks.lines(lines);
      if (bytesRead < chunkBytes) return;
    }
  }

  #advance(chunk: Buffer): void {
    const all = Buffer.concat([this.#before, chunk]);
    const end = chunk.lastIndexOf(10) + 1;
    if (end > 0) {
      const upTo = this.#before.length + end;
      const sample = all.toString('hex', Math.max(0, upTo - sampleBytes), upTo);
      this.place = { inode: this.#inode, offset: this.#offset + end, sample };
    }
    this.#offset += chunk.length;
    this.#before = Buffer.from(all.subarray(Math.max(0, all.length - sampleBytes)));
  }

  /** True if another file is at the path and the open one has been quiet or has lingered. */
  async #isRotated(): Promise<boolean> {
    const here = await stat(this.#path, { bigint: true }).catch(() => undefined);
    this.#away(here === undefined);
    if (here === undefined || String(here.ino) === this.#inode) {
      this.#rotatedAt = undefined;
      return false;
    }
    const now = performance.now();
    this.#rotatedAt ??= now;
    if (here.size > 0n && now - this.#rotatedAt >= lingerMs) return true;
    return now - Math.max(this.#rotatedAt, this.#lastReadAt) >= Math.min(quietMs, this.#pollMs);
  }

  #away(is: boolean): void {
    if (is === this.#isAway) return;
    this.#isAway = is;
    this.#hooks.away(is);
  }

  /** Handles a file that cannot be read now. The next step tries again. */
  async #lost(cause: unknown): Promise<void> {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    await this.#leave();
    if (missing) this.#fromStart = true;
    else this.#resume ??= this.place;
    this.#hooks.fault(missing ? 'missing' : 'unreadable', cause);
  }

  async #leave(): Promise<void> {
    this.#watcher?.close();
    this.#watcher = undefined;
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle === undefined) return;
    this.#hooks.reading(false);
    await handle.close().catch(() => undefined);
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.#path, { persistent: false }, () => this.#wake());
      this.#watcher.on('error', () => undefined);
    } catch {
      // The kernel has no watch left, or the file was just renamed. The step once a second still
      // reads the file.
    }
  }

  #wake(): void {
    this.#woken = true;
    this.#rouse();
  }

  /** Waits until the file changes or the next step is due, then gathers changes for a moment. */
  async #sleep(): Promise<void> {
    if (!this.#woken) await this.#pause(this.#pollMs);
    if (!this.#closed) await this.#pause(Math.min(gatherMs, this.#pollMs));
    this.#woken = false;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      // While changes are gathered, another change ends no pause; only closing does.
      this.#rouse = () => {
        if (ms < this.#pollMs && !this.#closed) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

async function isAt(handle: FileHandle, place: LogPosition, size: number): Promise<boolean> {
  if (place.offset > size) return false;
  const before = await bytesBefore(handle, place.offset);
  return before.toString('hex').endsWith(place.sample);
}

async function bytesBefore(handle: FileHandle, offset: number): Promise<Buffer> {
  const length = Math.min(sampleBytes, offset);
  const buffer = Buffer.alloc(length);
  if (length === 0) return buffer;
  const { bytesRead } = await handle.read(buffer, 0, length, offset - length);
  return buffer.subarray(0, bytesRead);
}
