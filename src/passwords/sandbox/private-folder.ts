/**
 * A private folder for hashes, in memory (tmpfs) if possible. It is removed when the process ends;
 * what a killed process left is removed by the next audit.
 *
 * John runs as another user and works in a folder inside. It is started there, and could not enter
 * by the path. The inner folder is ours too, so that nothing in it can become a link to another
 * place. John owns only what is made over to it.
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

/** Types of file systems in statfs(2) that never reach a disk, apart from swap. */
const inMemory: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

export type PrivateFolder = Disposable & {
  /** Path of the inner folder. */
  readonly path: string;
  /** False if there is no tmpfs, so that the disk may keep traces. */
  readonly memory: boolean;
  /** Path of a file in the inner folder. */
  file(name: string): string;
  /** Makes John the owner of files that it reads and folders that it writes to. */
  makeOver(...names: readonly string[]): void;
};

const everybodyPasses = 0o711;

/** `owner`: the user id of John; undefined if John runs under ours. */
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

/** Removes folders of processes that no longer run; the name of a folder says which process. */
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
 * The start time of a process, as the kernel counts; empty if it has ended or /proc cannot be read.
 * It tells a process from a later one with the same pid.
 */
function startOf(pid: number): string {
  return statFields(pid)[19] ?? '';
}
