/** The machine around the guard: Node, disk, clock. Pure. */
import { secondMs } from '../../lib/time.ts';
import { type Finding, fine } from '../finding.ts';

const mebibyte = 1_048_576;
/** A ledger of 100,000 accounts takes about 1 GB; below this it may not last the night. */
const freeWarnBytes = 500 * mebibyte;
const freeFailBytes = 50 * mebibyte;
/** Evidence decays by the clock, and notices carry it. */
const clockOffWarnMs = 5 * secondMs;

export function checkNode(version: string): Finding {
  const id = 'machine.node';
  const title = 'Node is new enough';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 12)) return fine(id, title, version);
  const mend = 'start it through ./postern, which brings its own Node';
  return { id, kind: 'fail', title, found: version, wanted: '24.12 or later', mend };
}

export function checkDisk(
  path: string,
  space: { readonly freeBytes: number; readonly totalBytes: number },
): Finding {
  const id = 'machine.disk';
  const title = `there is room for the ledger (${path})`;
  const found = `${Math.round(space.freeBytes / mebibyte)} MB free of ${Math.round(space.totalBytes / mebibyte)}`;
  if (space.freeBytes >= freeWarnBytes) return fine(id, title, found);
  const kind = space.freeBytes < freeFailBytes ? 'fail' : 'warn';
  return { id, kind, title, found, wanted: '500 MB free', mend: 'make room, or move --state' };
}

export function checkClock(clock: {
  /** Undefined: nobody knows. */
  readonly synchronised: boolean | undefined;
  readonly daemonAheadMs: number;
}): Finding {
  const id = 'machine.clock';
  const title = 'the clock is right';
  if (Math.abs(clock.daemonAheadMs) > clockOffWarnMs) {
    const found = `Postern's clock and mine differ by ${clock.daemonAheadMs} ms`;
    return { id, kind: 'warn', title, found, wanted: 'one time', mend: 'restart Postern' };
  }
  if (clock.synchronised === true) return fine(id, title, 'kept by NTP');
  const mend = 'install chrony or enable systemd-timesyncd';
  if (clock.synchronised === false) {
    return { id, kind: 'warn', title, found: 'not kept by NTP', wanted: 'NTP', mend };
  }
  return { id, kind: 'unknown', title, found: 'nobody here says', wanted: 'NTP', mend };
}
