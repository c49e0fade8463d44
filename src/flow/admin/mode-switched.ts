/** Notes in the audit trail who switched the mode, after the guard uses it. */
import type { AdminResult, StatusView } from '../../ports/admin.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { Settings } from '../settings.ts';
import { writtenResult } from './result.ts';

export type ModeSwitch = { readonly from: StatusView['mode']; readonly to: StatusView['mode'] };
type ModeSwitchedDeps = {
  readonly journal: Pick<Journal, 'committed'>;
  readonly settings: Pick<Settings, 'mode'>;
  readonly world: Pick<World, 'clock'>;
};

/** Only what is true is noted: `to` must be the mode that the guard uses. */
export async function modeSwitched(
  { journal, settings, world }: ModeSwitchedDeps,
  { from, to }: ModeSwitch,
  by: string,
): Promise<AdminResult> {
  if (settings.mode !== to || from === to) {
    return { ok: false, text: `no such switch: the mode is ${settings.mode}` };
  }
  const detail = `from ${from} to ${to}`;
  const at = world.clock.now();
  const row = { at, by, action: 'mode', account: '', detail } as const;
  return writtenResult(await journal.committed([{ kind: 'audit', row }]), `mode ${detail}`, 1);
}
