/**
 * Notes changes of the mode in the audit trail. `postern mode` says who is about to change it; a
 * change that nobody announced was made in the configuration.
 */
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { AdminResult, StatusView } from '../../ports/admin.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { Settings } from '../settings.ts';

type Mode = StatusView['mode'];

export type ModeNotes = {
  /** This operator changes the setting now; the guard reads it in a moment. */
  wanted(mode: Mode, by: string): AdminResult;
  /** Call it after the settings were read. */
  changed(): void;
};

/** The mode of the last start or change. */
const modeKey = 'mode';
const announcedMs = minuteMs;
const inFile = 'configuration file';

export function openModeNotes({
  journal,
  settings,
  world,
}: {
  readonly journal: Pick<Journal, 'add' | 'live'>;
  readonly settings: Settings;
  readonly world: Pick<World, 'clock'>;
}): ModeNotes {
  let last: { readonly mode: Mode; readonly by: string; readonly at: Millis } | undefined;
  return {
    wanted(mode, by) {
      last = { mode, by, at: world.clock.now() };
      return { ok: true, count: 0, text: `mode ${mode} is expected` };
    },
    changed() {
      const { mode } = settings;
      const stance = stanceText(settings);
      const before = journal.live.meta(modeKey);
      if (before === stance) return;
      const at = world.clock.now();
      journal.add({ kind: 'meta', key: modeKey, value: stance });
      if (before === undefined) return; // the first start
      const isAnnounced = last?.mode === mode && at - last.at <= announcedMs;
      const by = isAnnounced && last !== undefined ? last.by : inFile;
      const row = { at, by, action: 'mode', account: '', detail: `${before} became ${stance}` };
      journal.add({ kind: 'audit', row });
    },
  };
}

/** `observe`, or with the part that Postern acts on all the same: `observe (enforce: 5%)`. */
function stanceText({ enforce, mode }: Pick<Settings, 'enforce' | 'mode'>): string {
  return mode === 'guard' || enforce.length === 0
    ? mode
    : `${mode} (enforce: ${enforce.join(', ')})`;
}
