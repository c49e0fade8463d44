/**
 * Recognises mail that a filter hands back through sendmail(1). Postfix shows it as mail of this
 * machine, from whatever sender the message has; it was judged, or came in, before the filter.
 *
 * Only the user tells: anybody can write header fields. The sendmail door knows the user. For other
 * mail pickup(8) logs the uid just before Postfix asks Postern, so the line may come a bit later.
 */
import { type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { World } from '../../ports/world.ts';
import type { QueueTrails } from './queue-trails.ts';

export type FilterReturns = {
  /**
   * Answers, at once or later, whether a filter handed the message back. `uid`: what the sendmail
   * door knows.
   */
  isReturned(
    message: { readonly id: string; readonly uid: number | undefined },
    answer: (returned: boolean) => void,
  ): void;
};

/** How long the line of the log may take. After that the message counts as mail of this machine. */
const waitMs = 5 * secondMs;
const lookMs = 50;
/** Messages that wait for their line; those of more are not waited for. */
const waitingMax = 1_000;
/** Postfix uses a short queue id again later than this. */
const freshMs = 2 * minuteMs;

export function openFilterReturns(deps: {
  readonly trails: Pick<QueueTrails, 'of'>;
  /** Users of the filters that hand mail back by sendmail(1); they may change. */
  readonly filterUids: () => ReadonlySet<number>;
  readonly world: Pick<World, 'clock' | 'count' | 'log' | 'timers'>;
}): FilterReturns {
  const { filterUids, trails, world } = deps;
  const { clock, count, log, timers } = world;
  let waiting = 0;
  const uidOf = (id: string, now: Millis): number | undefined => {
    const trail = trails.of(id);
    return trail !== undefined && now - trail.at < freshMs ? trail.uid : undefined;
  };
  return {
    isReturned({ id, uid }, answer) {
      const uids = filterUids();
      const known = uids.size === 0 ? undefined : (uid ?? uidOf(id, clock.now()));
      if (uids.size === 0 || known !== undefined || waiting >= waitingMax) {
        answer(known !== undefined && uids.has(known));
        return;
      }
      const until = clock.now() + waitMs;
      waiting++;
      const stop = timers.every(lookMs, () => {
        const now = clock.now();
        const found = uidOf(id, now);
        if (found === undefined && now < until) return;
        stop();
        waiting--;
        if (found === undefined) {
          count('postern_milter_faults_total', 1, 'unknown-user');
          log('warn', 'filter.unknown-user', { id, waitedMs: waitMs });
        }
        answer(found !== undefined && uids.has(found));
      });
    },
  };
}
