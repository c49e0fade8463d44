/**
 * When Postern begins to act on an account, by the mode or the list `enforce`, a suspension that
 * was only observed ends: it must not become real by a change of the settings. Real suspensions
 * outlast every such change.
 */
import { faultText } from '../../lib/error-text.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import { observes, type Settings } from '../settings.ts';
import type { Suspensions } from './account-suspended.ts';
import { type ModeNotes, openModeNotes } from './mode-noted.ts';

const openMax = 10_000;

export type ModeDeps = {
  readonly journal: Journal;
  readonly suspensions: Suspensions;
  readonly world: World;
  readonly settings: Settings;
};

/** What follows a change of the mode: it is noted, and observed suspensions end. */
export function openMode(deps: ModeDeps): {
  readonly notes: ModeNotes;
  /** Call it at the start, and after the settings were read. */
  changed(): void;
} {
  const notes = openModeNotes(deps);
  return {
    notes,
    changed() {
      notes.changed();
      modeChanged(deps);
    },
  };
}

/**
 * Ends observed suspensions of accounts that Postern acts on now. Call it at the start too, as the
 * mode may have changed while Postern was stopped. No account counts as suspended while the
 * releases are still written.
 */
export function modeChanged({ journal, suspensions, world, settings }: ModeDeps): void {
  const { log } = world;
  const note = 'Postern acts on this account now';
  for (const { account, observed } of journal.live.incidents({ open: true, limit: openMax })) {
    if (!observed || observes(settings, account)) continue;
    log('info', 'account.cleared', { account, why: 'Postern acts on it from now on' });
    suspensions
      .release(account, { by: 'postern', note, falseAlarm: false, keepHeld: true })
      .catch((why: unknown) =>
        log('error', 'account.not-cleared', { account, why: faultText(why) }),
      );
  }
}
