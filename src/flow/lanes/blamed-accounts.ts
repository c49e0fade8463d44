/**
 * Notes which account makes most of the bad answers of a lane, from the lane's first bad state to
 * its recovery. An account that is not suspended at that time is an incident of its own.
 */
import { blameKey, followBlame, storedBlame } from '../../core/incidents/blame.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { LaneStandings } from './lane-views.ts';

export type BlamedAccounts = {
  /** To be called every few seconds. */
  look(): void;
};

export function openBlamedAccounts(deps: {
  readonly lanes: LaneStandings;
  readonly journal: Pick<Journal, 'add'> & {
    readonly live: Pick<Journal['live'], 'meta'>;
  };
  readonly world: Pick<World, 'clock' | 'log' | 'newId'>;
}): BlamedAccounts {
  const { journal, lanes, world } = deps;
  let known = storedBlame(journal.live.meta(blameKey));
  return {
    look() {
      const now = world.clock.now();
      const { newId } = world;
      const all = followBlame(known, lanes.standings(), { now, newId });
      if (all === known) return;
      for (const one of all.slice(0, all.length - known.length)) {
        const { account, id, lanes: where } = one;
        const providers = where.map(({ provider }) => provider).join(', ');
        world.log('warn', 'incident.replies', { account, incident: id, providers });
      }
      known = all;
      journal.add({ kind: 'meta', key: blameKey, value: JSON.stringify(all) });
    },
  };
}
