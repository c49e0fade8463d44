/** Takes back what `postern try hijack` left: suspensions, and entries of held messages. */
import { isMadeUpAccount, isMadeUpMessage, tryDomain } from '../../core/made-up.ts';
import type { AdminResult } from '../../ports/admin.ts';
import type { Change, HeldRow } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { Suspensions } from '../suspension/account-suspended.ts';
import { writtenResult } from './result.ts';

export type TryUndoneDeps = {
  readonly journal: Pick<Journal, 'committed' | 'live'>;
  readonly suspensions: Pick<Suspensions, 'release'>;
  readonly world: World;
};

/** A try makes four accounts, and a hundred tries may have left theirs. */
const accountsMax = 1_000;
const rowsMax = 50_000;

/** Also what tries of earlier versions left. Real accounts are never touched. */
export async function undoTries(
  { journal, suspensions, world }: TryUndoneDeps,
  by: string,
): Promise<AdminResult> {
  const { live } = journal;
  const suspended = live
    .accounts({ state: 'suspended', like: `@${tryDomain}`, limit: accountsMax })
    .filter(({ account }) => isMadeUpAccount(account));
  for (const { account } of suspended) {
    const how = { by, note: 'the try is undone', falseAlarm: false, keepHeld: true };
    const done = await suspensions.release(account, how);
    if (!done.ok) return done;
  }
  const rows = live.held({ state: 'held', limit: rowsMax }).filter(isMadeUpMessage);
  const at = world.clock.now();
  const changes = rows.map((row): Change => ({ kind: 'held', row: closed(row, at, by) }));
  const kept = changes.length === 0 || (await journal.committed(changes));
  const text =
    `${counted(suspended.length, 'made-up account')} released, ` +
    `${counted(rows.length, 'entry', 'entries')} of held messages closed`;
  return writtenResult(kept, text, suspended.length + rows.length);
}

function closed(row: HeldRow, changedAt: HeldRow['changedAt'], by: string): HeldRow {
  return { ...row, state: 'gone', changedAt, by };
}

function counted(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}
