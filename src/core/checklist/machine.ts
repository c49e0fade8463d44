/** Checks the machine that the guard runs on: Node, disk, clock. Pure. */
import { secondMs } from '../../lib/time.ts';
import { type Finding, fine } from '../finding.ts';

const mebibyte = 1_048_576;
/** A ledger of 100,000 accounts takes about 1 GB; with less space it may be full by morning. */
const freeWarnBytes = 500 * mebibyte;
const freeFailBytes = 50 * mebibyte;
/** Evidence fades by the clock, and notices carry its time. */
const clockOffWarnMs = 5 * secondMs;

export function checkNode(version: string): Finding {
  const id = 'machine.node';
  const title = 'Node version';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 12)) return fine(id, title, version);
  const fix = 'start Postern with ./postern, which brings its own Node';
  return { id, kind: 'fail', title, found: version, wanted: '24.12 or later', fix };
}

export function checkDisk(
  path: string,
  space: { readonly freeBytes: number; readonly totalBytes: number },
): Finding {
  const id = 'machine.disk';
  const title = `Disk space in ${path}`;
  const [free, total] = [space.freeBytes, space.totalBytes].map((n) => Math.round(n / mebibyte));
  const found = `${free} MB free of ${total} MB`;
  if (space.freeBytes >= freeWarnBytes) return fine(id, title, found);
  const kind = space.freeBytes < freeFailBytes ? 'fail' : 'warn';
  const fix = 'delete what is not needed there, or start Postern with --state on another disk';
  return { id, kind, title, found, wanted: 'at least 500 MB free for the ledger', fix };
}

export function checkClock(clock: {
  /** Undefined: the system does not say. */
  readonly synchronised: boolean | undefined;
  readonly daemonAheadMs: number;
}): Finding {
  const id = 'machine.clock';
  const title = 'Clock';
  if (Math.abs(clock.daemonAheadMs) > clockOffWarnMs) {
    const offMs = Math.abs(clock.daemonAheadMs);
    const found = `the guard's clock and this command's differ by ${offMs} ms`;
    return {
      id,
      kind: 'warn',
      title,
      found,
      wanted: `at most ${clockOffWarnMs} ms`,
      fix: 'restart Postern',
    };
  }
  if (clock.synchronised === true) return fine(id, title, 'synchronised by NTP');
  const wanted = 'a clock that NTP synchronises';
  const fix = 'install chrony or enable systemd-timesyncd';
  if (clock.synchronised === false) {
    return { id, kind: 'warn', title, found: 'not synchronised', wanted, fix };
  }
  return {
    id,
    kind: 'unknown',
    title,
    found: 'this system does not say whether it is synchronised',
    wanted,
    fix,
  };
}
