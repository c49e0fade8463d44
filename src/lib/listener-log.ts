/**
 * Counts every fault of a listener, and logs the first ones of each minute. A peer that fails a
 * thousand times a second must not fill the disk with log lines. Also says in words that a listener
 * is full.
 */
import type { ListenerFault } from './listener.ts';
import type { Fullness } from './peer-places.ts';
import { minuteMs } from './time.ts';

type Write = (
  level: 'warn' | 'error',
  event: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

/** Log lines of one kind in one minute. The next line says how many were left out. */
const linesPerMinute = 10;

/** Makes the `fault` hook of the door `name`. `nowMs` only counts up and is never set back. */
export function faultLog(
  name: string,
  write: Write,
  count: (metric: string, by: number, label: string) => void,
  nowMs: () => number = () => performance.now(),
): (kind: ListenerFault, peer: string, cause?: unknown) => void {
  const seen = new Map<ListenerFault, { sinceMs: number; lines: number; leftOut: number }>();
  return (kind, peer, cause) => {
    count(`postern_${name}_faults_total`, 1, kind);
    const now = nowMs();
    const before = seen.get(kind);
    const fresh = before === undefined || now - before.sinceMs >= minuteMs;
    const state = fresh ? { sinceMs: now, lines: 0, leftOut: before?.leftOut ?? 0 } : before;
    seen.set(kind, state);
    if (state.lines >= linesPerMinute) {
      state.leftOut++;
      return;
    }
    state.lines++;
    write(kind === 'bug' ? 'error' : 'warn', `${name}.${kind}`, {
      peer,
      ...(cause instanceof Error ? { what: cause.message } : undefined),
      ...(kind === 'bug' && cause instanceof Error ? { stack: cause.stack } : undefined),
      ...(state.leftOut > 0 ? { leftOut: state.leftOut } : undefined),
    });
    state.leftOut = 0;
  };
}

/**
 * Makes the `full` hook of the door `name`. `set` takes what is wrong with a part, as in
 * ports/troubles.ts.
 */
export function fullTrouble(
  name: string,
  set: (part: string, why: string | undefined) => void,
): (now: Fullness | undefined, address: string) => void {
  return (now, address) => {
    const part = `door ${address}`;
    if (now === undefined) {
      set(part, undefined);
      return;
    }
    const { connections, of, ofPeer, peer } = now;
    const door = `the ${name} door (${address}) is full`;
    set(
      part,
      of === 'all'
        ? `${door}: ${connections} connections, ${ofPeer} of them of ${peer}`
        : `${door} for ${peer}: ${ofPeer} of ${connections} connections`,
    );
  };
}
