/**
 * Takes back what `postern try hijack` left, also in earlier versions: the made-up accounts with
 * their suspensions, incidents, held messages, and counts. The audit trail stays. Real accounts are
 * never touched.
 */
import type { Account } from '../../core/account-name.ts';
import { isMadeUpAccount, isMadeUpMessage, tryDomain } from '../../core/made-up.ts';
import { faultText } from '../../lib/error-text.ts';
import type { AdminResult } from '../../ports/admin.ts';
import type { Change, HeldRow, Ledger } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal } from '../journal/journal.ts';
import type { Suspensions } from '../suspension/account-suspended.ts';
import { writtenResult } from './result.ts';

export type TryUndoneDeps = {
  readonly accounts: Pick<Accounts, 'drop'>;
  readonly journal: Pick<Journal, 'committed' | 'flushNow' | 'live'>;
  readonly ledger: Pick<Ledger, 'removeAccount'>;
  readonly suspensions: Pick<Suspensions, 'release'>;
  readonly world: World;
};

/** A try makes four accounts; more tries use the same names unless --account was given. */
const accountsMax = 1_000;
const rowsMax = 50_000;
/** Slices of one account; a try writes some hundred rows. */
const slicesMax = 1_000;

export async function undoTries(deps: TryUndoneDeps, by: string): Promise<AdminResult> {
  const { journal, suspensions } = deps;
  const madeUp = journal.live
    .accounts({ like: `@${tryDomain}`, limit: accountsMax })
    .filter(({ account }) => isMadeUpAccount(account));
  const suspended = madeUp.filter(({ state }) => state === 'suspended');
  for (const { account } of suspended) {
    const how = { by, note: 'the try is undone', falseAlarm: false, keepHeld: true };
    const done = await suspensions.release(account, how);
    if (!done.ok) return done;
  }
  const closed = await closeHeld(deps, by);
  if (closed === undefined) return writtenResult(false, 'made-up accounts were released', 0);
  const removed = removeAll(
    deps,
    madeUp.map(({ account }) => account),
  );
  if (!removed.ok) return removed;
  const text =
    `${counted(madeUp.length, 'made-up account')} removed ` +
    `(${counted(suspended.length, 'suspension')} ended), with ` +
    `${counted(closed, 'entry', 'entries')} of held messages and all else about them`;
  return writtenResult(true, text, madeUp.length + closed);
}

/** Answers how many; undefined if the ledger could not be written. */
async function closeHeld(
  { journal, world }: TryUndoneDeps,
  by: string,
): Promise<number | undefined> {
  const rows = journal.live.held({ state: 'held', limit: rowsMax }).filter(isMadeUpMessage);
  const at = world.clock.now();
  const changes = rows.map((row): Change => ({ kind: 'held', row: gone(row, at, by) }));
  if (changes.length > 0 && !(await journal.committed(changes))) return undefined;
  return rows.length;
}

function gone(row: HeldRow, changedAt: HeldRow['changedAt'], by: string): HeldRow {
  return { ...row, state: 'gone', changedAt, by };
}

/** From the ledger and from memory. What waits to be written is written before: it names them. */
function removeAll(
  { accounts, journal, ledger }: TryUndoneDeps,
  names: readonly Account[],
): { readonly ok: true } | Extract<AdminResult, { ok: false }> {
  if (!journal.flushNow()) {
    return { ok: false, text: 'not undone: the ledger could not be written', hint: again };
  }
  try {
    for (const account of names) {
      accounts.drop(account);
      for (let nth = 0; nth < slicesMax && ledger.removeAccount(account) > 0; nth++);
    }
    return { ok: true };
  } catch (fault) {
    return { ok: false, text: `not all is undone: ${faultText(fault)}`, hint: again };
  }
}

const again = 'see postern doctor, then run the same command again';

function counted(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}
