/** The world of a running process: its clock, its timers and random ids. */
import { randomBytes } from 'node:crypto';
import type { Millis } from '../../lib/time.ts';
import type { Count, Log, World } from '../../ports/world.ts';

export function openWorld({ log, count }: { readonly log: Log; readonly count: Count }): World {
  return {
    clock: { now: () => Date.now() as Millis },
    timers: { every: startTimer, soon: (run) => void setImmediate(run) },
    log,
    count,
    newId,
  };
}

/** 128 bits in base64url. On a command line, a word that begins with `-` would be an option. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

/** Calls back every `ms` until the returned function is called. Does not keep the process alive. */
export function startTimer(ms: number, tick: () => void): () => void {
  const timer = setInterval(tick, ms);
  timer.unref();
  return () => clearInterval(timer);
}
