/** Old rows of the ledger are removed from time to time. */
import { deferredKeptMs } from '../../core/inbound/kept.ts';
import { importUndoMs } from '../../flow/imports/imports.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { DaemonParts } from './options.ts';
import { duration } from './settings.ts';
import { startTimer } from './timers.ts';

const pruneEveryMs = dayMs / 24;

type OlderThan = Parameters<Ledger['prune']>[0];

/** `known`: what goes of what is known of people outside. Answers with a function that stops. */
export function startPruning(
  { config, world }: DaemonParts,
  journal: Pick<Journal, 'prune'>,
  known: (now: Millis) => Pick<OlderThan, 'known' | 'correspondents'>,
): () => void {
  const run = (): void => {
    const now = world.clock.now();
    journal.prune({
      messages: (now - duration(config.ledger.keep_messages)) as Millis,
      stories: (now - duration(config.ledger.keep_stories)) as Millis,
      statistics: (now - duration(config.ledger.keep_statistics)) as Millis,
      deferred: (now - deferredKeptMs) as Millis,
      ...known(now),
      imports: (now - importUndoMs) as Millis,
    });
  };
  return startTimer(pruneEveryMs, run);
}
