/** Keeps what is wrong now, and tells the log and the operator when it begins and ends. */
import type { Troubles } from '../../ports/troubles.ts';
import type { World } from '../../ports/world.ts';
import type { NoticeLog } from './operator-told.ts';

/** Parts of the guard. More are not kept, so a mistake cannot fill the memory. */
const partsMax = 100;

export function openTroubles(deps: {
  readonly world: Pick<World, 'log'>;
  readonly told: Pick<NoticeLog, 'trouble'>;
}): Troubles {
  const { told, world } = deps;
  const now = new Map<string, string>();
  return {
    set(part, why) {
      if (why === undefined) {
        if (now.delete(part)) world.log('info', 'trouble.over', { part });
        return;
      }
      const isNew = !now.has(part);
      if (isNew && now.size >= partsMax) return;
      now.set(part, why);
      if (!isNew) return;
      world.log('error', 'trouble.begun', { part, why });
      told.trouble(part, why);
    },
    all: () => [...now.values()],
  };
}
