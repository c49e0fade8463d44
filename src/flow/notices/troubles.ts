/** Keeps what is wrong now, and tells the log and the operator when it begins and ends. */
import { RecentMap } from '../../lib/recent-map.ts';
import { minuteMs } from '../../lib/time.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { World } from '../../ports/world.ts';
import type { NoticeLog } from './operator-told.ts';

/** Parts of the guard. More are not kept, so a mistake cannot fill the memory. */
const partsMax = 100;
/**
 * The begin and end of a trouble are logged once in this time for each part: a user who fills and
 * empties a door all the time must not fill the log.
 */
const logEveryMs = minuteMs;

export function openTroubles(deps: {
  readonly world: Pick<World, 'log'>;
  readonly told: Pick<NoticeLog, 'trouble'>;
  /** Only counts up and is never set back. */
  readonly nowMs?: () => number;
}): Troubles {
  const { nowMs = () => performance.now(), told, world } = deps;
  const now = new Map<string, string>();
  const loggedAt = new RecentMap<string, number>(partsMax);
  /** Parts whose begin was logged. */
  const logged = new Set<string>();
  return {
    set(part, why) {
      if (why === undefined) {
        now.delete(part);
        if (logged.delete(part)) world.log('info', 'trouble.over', { part });
        return;
      }
      const isNew = !now.has(part);
      if (isNew && now.size >= partsMax) return;
      now.set(part, why);
      if (!isNew) return;
      told.trouble(part, why);
      const at = nowMs();
      if (at - (loggedAt.get(part) ?? Number.NEGATIVE_INFINITY) < logEveryMs) return;
      loggedAt.set(part, at);
      logged.add(part);
      world.log('error', 'trouble.begun', { part, why });
    },
    all: () => [...now.values()],
  };
}
