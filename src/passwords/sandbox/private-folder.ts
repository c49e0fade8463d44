/**
 * Where hashes are handed over: a folder of ours alone, in memory (tmpfs) where there is such a
 * place, removed however the process ends. What a killed one left is removed by the next.
 *
 * John, as another user, works in a folder inside: he was put there, and could not come in by its
 * path. That one is ours too, so nothing in it can become a link to somewhere else; only what is
 * made over to him is his.
 */
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { statFields } from '../../partners/kernel/process-facts.ts';

/** statfs(2): file systems that never reach a disk, swap apart. */
const inMemory: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

export type PrivateFolder = Disposable & {
  /** The one inside. */
  readonly path: string;
  /** False: there is no tmpfs here, and the disk may keep traces. */
  readonly memory: boolean;
  /** `name` in it. */
  file(name: string): string;
  /** To John: a file to read, a folder to write in. */
  makeOver(...names: readonly string[]): void;
};

const everybodyPasses = 0o711;

/** `owner`: the user id that John runs under, when it is another. */
export function openPrivateFolder(owner: number | undefined): PrivateFolder {
  sweep();
  const { place, memory } = findPlace();
  const outside = make(place);
  const remove = (): void => rmSync(outside, { recursive: true, force: true });
  process.once('exit', remove);
  chmodSync(outside, 0o700);
  const path = join(outside, 'work');
  mkdirSync(path);
  chmodSync(path, everybodyPasses);
  const file = (name: string): string => join(path, name);
  return {
    path,
    memory,
    file,
    makeOver(...names) {
      if (owner === undefined) return;
      for (const name of names) lchownSync(file(name), owner, owner);
    },
    [Symbol.dispose]() {
      process.off('exit', remove);
      remove();
    },
  };
}

function make(place: string): string {
  try {
    return mkdtempSync(join(place, `${prefix}${process.pid}-${startOf(process.pid)}-`));
  } catch (cause) {
    throw new OperatorError('passwords-folder', `cannot make a private folder in ${place}`, {
      cause,
      exit: sysexits.cantCreate,
    });
  }
}

const prefix = 'postern-audit-';
const named = /^postern-audit-(\d+)-(\d+)-/;

function places(): readonly string[] {
  return ['/dev/shm', `/run/user/${process.getuid?.() ?? 0}`, '/run', tmpdir()];
}

function findPlace(): { readonly place: string; readonly memory: boolean } {
  const place = places().find((one) => {
    try {
      return inMemory.has(statfsSync(one).type) && writable(one);
    } catch {
      return false; // not there: the next one
    }
  });
  return { place: place ?? tmpdir(), memory: place !== undefined };
}

function writable(folder: string): boolean {
  const { mode, uid } = statSync(folder);
  const me = process.getuid?.();
  return me === 0 || uid === me || (mode & 0o1002) === 0o1002;
}

/** Removes what processes that are gone have left; their names say which process they were of. */
function sweep(): void {
  for (const place of new Set(places())) {
    for (const name of listed(place)) {
      const [, pid, start] = named.exec(name) ?? [];
      if (pid === undefined || start === undefined || !isGone(Number(pid), start)) continue;
      const path = join(place, name);
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found?.isDirectory() !== true || found.uid !== process.getuid?.()) continue;
      rmSync(path, { recursive: true, force: true });
    }
  }
}

/** Only what is certain: /proc cannot be read while this process has no file descriptor left. */
function isGone(pid: number, start: string): boolean {
  const now = startOf(pid);
  if (now !== '') return now !== start;
  try {
    process.kill(pid, 0);
    return false;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'ESRCH';
  }
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there, or not ours to read
  }
}

/**
 * When a process started, in the kernel's own count: a pid that was given out again has another.
 * Empty: the process has ended, or /proc cannot be read.
 */
function startOf(pid: number): string {
  return statFields(pid)[19] ?? '';
}
