/** Which process has a lock on a file, as the kernel's table of locks says. */
import { readFileSync, statSync } from 'node:fs';
import { startOf } from './process-facts.ts';

export type LockHolder = {
  readonly pid: number;
  /** The user that it runs as. */
  readonly uid: number;
  /** When it started, in milliseconds since 1970. */
  readonly since: number;
  /** The unit of systemd that it belongs to; empty: none. */
  readonly unit: string;
};

/** Undefined if nobody has one, or the process is out of sight (another container). */
export function lockHolder(path: string): LockHolder | undefined {
  const { ino } = statSync(path);
  // proc(5): 1: POSIX  ADVISORY  WRITE 3568 fd:00:2531452 0 EOF
  for (const line of read('/proc/locks').split('\n')) {
    const [, , , kind, pid = '', file = ''] = line.trim().split(/\s+/);
    if (kind !== 'WRITE' || file.split(':')[2] !== String(ino)) continue;
    const holder = processOf(Number(pid));
    if (holder !== undefined) return holder;
  }
  return undefined;
}

/** Clock ticks a second in /proc, the same on every machine that Debian supports (USER_HZ). */
const ticks = 100;

function processOf(pid: number): LockHolder | undefined {
  const found = statSync(`/proc/${pid}`, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const booted = Number(/^btime (\d+)/m.exec(read('/proc/stat'))?.[1] ?? 0);
  const since = Math.round((booted + (startOf(pid) ?? 0) / ticks) * 1_000);
  const unit = /\/([\w@.-]+\.service)$/m.exec(read(`/proc/${pid}/cgroup`))?.[1] ?? '';
  return { pid, uid: found.uid, since, unit: unit.startsWith('user@') ? '' : unit };
}

/** Empty where it is not to be read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
