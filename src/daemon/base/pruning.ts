/** Old rows of the ledger are removed from time to time. */
import { deferredKeptMs } from '../../core/inbound/kept.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { KnownOlderThan } from '../../ports/inbound/inbound.ts';
import type { DaemonParts } from './options.ts';
import { duration } from './settings.ts';
import { startTimer } from './timers.ts';

const pruneEveryMs = dayMs / 24;

/** `known`: what goes of what is known of senders. Answers with a function that stops. */
export function startPruning(
  { config, world }: DaemonParts,
  journal: Pick<Journal, 'prune'>,
  known: (now: Millis) => readonly KnownOlderThan[],
): () => void {
  const run = (): void => {
    const now = world.clock.now();
    journal.prune({
      messages: (now - duration(config.ledger.keep_messages)) as Millis,
      stories: (now - duration(config.ledger.keep_stories)) as Millis,
      statistics: (now - duration(config.ledger.keep_statistics)) as Millis,
      deferred: (now - deferredKeptMs) as Millis,
      known: known(now),
    });
  };
  return startTimer(pruneEveryMs, run);
}
