/** A world where nothing happens; a test replaces the parts that it looks at. */
import type { Millis } from '../../src/lib/time.ts';
import type { World } from '../../src/ports/world.ts';

export function quietWorld(more: Partial<World> = {}): World {
  return {
    clock: { now: () => 0 as Millis },
    timers: { every: () => () => {}, soon: () => {} },
    log: () => {},
    count: () => {},
    newId: () => 'id-1',
    ...more,
  };
}
