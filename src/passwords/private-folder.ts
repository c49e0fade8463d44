/**
 * Where hashes are handed over: a folder of ours alone, in memory (tmpfs) where there is such a place, removed however the
 * process ends. What a killed one left is removed by the next.
 */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError, sysexits } from '../lib/operator-error.ts';

/** statfs(2): file systems that never reach a disk, swap apart. */
const inMemory: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

export type PrivateFolder = Disposable & {
  readonly path: string;
  /** False: there is no tmpfs here, and the disk may keep traces. */
  readonly memory: boolean;
  /** `name` in it. */
  file(name: string): string;
};

/** `owner`: the user id that John runs under, when it is another. */
export function openPrivateFolder(owner: number | undefined): PrivateFolder {
  sweep(owner);
  const { place, memory } = findPlace();
  const path = make(place);
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove);
  chmodSync(path, 0o700);
  if (owner !== undefined) chownSync(path, owner, owner);
  return {
    path,
    memory,
    file: (name) => join(path, name),
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
function sweep(owner: number | undefined): void {
  const ours = new Set([process.getuid?.(), owner]);
  for (const place of new Set(places())) {
    for (const name of listed(place)) {
      const [, pid, start] = named.exec(name) ?? [];
      if (pid === undefined || startOf(Number(pid)) === start) continue;
      const path = join(place, name);
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found?.isDirectory() !== true || !ours.has(found.uid)) continue;
      rmSync(path, { recursive: true, force: true });
    }
  }
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there, or not ours to read
  }
}

/** When a process started, in the kernel's own count: a pid that was given out again has another. Empty: gone. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // proc_pid_stat(5): field 22, and the second one may hold blanks and brackets.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
