/** Real timers, as the daemon gives them to a journal. */
import type { Timers } from '../../src/ports/world.ts';

export const realTimers: Timers = {
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    return () => clearInterval(timer);
  },
  soon(run) {
    setImmediate(run);
  },
};
