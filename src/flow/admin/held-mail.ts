/**
 * Held messages are released or dropped for the operator: in the mail server's queue first, then
 * written to the ledger with who did it.
 */
import { isMadeUpMessage } from '../../core/made-up.ts';
import { releaseCommands } from '../../core/release-commands.ts';
import { faultText } from '../../lib/error-text.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { AdminResult, HeldGroups } from '../../ports/admin.ts';
import type { Change, HeldRow } from '../../ports/ledger.ts';
import type { Mta } from '../../ports/mail-server.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal } from '../journal/journal.ts';
import { detailed, writtenResult } from './result.ts';

export type HeldMailDeps = {
  readonly journal: Pick<Journal, 'committed'>;
  readonly mta: Mta | undefined;
  readonly world: World;
};

/** Queue ids named in one entry of the audit trail. */
const namedMax = 50;

/**
 * Releases or drops these held messages. What cannot be moved stays held, and the answer says so.
 */
export async function moveHeld(
  { journal, mta, world }: HeldMailDeps,
  rows: readonly HeldRow[],
  by: string,
  state: 'released' | 'dropped',
): Promise<AdminResult> {
  if (mta === undefined) {
    return {
      ok: false,
      text: 'the guard cannot use the queue tools of Postfix: it has no root helper',
      hint: 'postern doctor says why; until then, as root: postsuper -H ID, or postsuper -d ID',
    };
  }
  if (rows.length === 0) {
    const hint = 'for mail that came in: postern quarantine release ID, or drop ID';
    return { ok: false, text: 'no such message is held', hint, isUnknown: true };
  }
  const ids = rows.map(({ queueId }) => queueId);
  const { done: moved, fault } = await (state === 'released' ? mta.release(ids) : mta.drop(ids));
  if (fault !== undefined && moved.size === 0) return { ok: false, text: faultText(fault) };
  const left = rows.filter(({ queueId }) => moved.has(queueId));
  const missing = rows.filter(({ queueId }) => !moved.has(queueId));
  const at = world.clock.now();
  const gone = fault === undefined ? await goneAmong(mta, missing, at) : [];
  const kept = await journal.committed([
    ...left.map((row): Change => ({ kind: 'held', row: { ...row, state, changedAt: at, by } })),
    ...gone.map((row): Change => ({ kind: 'held', row: closedRow(row, at) })),
    ...auditChanges(rows, moved, { at, by, state }),
  ]);
  const missed = ids.length - moved.size;
  const what = `${moved.size} ${moved.size === 1 ? 'message' : 'messages'} ${state}`;
  if (fault !== undefined) {
    const text = `${what}, ${missed} are not: ${faultText(fault)}`;
    const result = writtenResult(kept, text, moved.size);
    return result.ok
      ? { ok: false, text, hint: 'run the same command again for the rest' }
      : result;
  }
  const text = missed === 0 ? what : `${what}; ${missedText(missed, gone.length)}`;
  const result = writtenResult(kept, text, moved.size + gone.length);
  // What was to be dropped is not there: that is what the operator wanted.
  const isDone = moved.size > 0 || (state === 'dropped' && gone.length === missed);
  if (!result.ok || isDone) return result;
  return { ok: false, text: result.text, hint: 'see what Postfix has: postqueue -p' };
}

/** Accounts of released mail whose further mail is held all the same: a person must decide. */
export function stillWaiting(
  { accounts }: { readonly accounts: Pick<Accounts, 'known'> },
  rows: readonly HeldRow[],
): string {
  const waiting = [...new Set(rows.map(({ account }) => account))].filter((account) => {
    const profile = accounts.known(account);
    return profile?.state !== 'suspended' && (profile?.lockedAt ?? 0) > 0;
  });
  const [first] = waiting;
  if (first === undefined) return '';
  const whose = waiting.length === 1 ? first : `${first} and ${waiting.length - 1} more accounts`;
  return (
    `; further mail of ${whose} waits for you as before. If it is honest: ` +
    releaseCommands(first).falseAlarm
  );
}

/** Accounts with held mail that are counted. */
const groupsMax = 10_000;

/** Held mail by account. */
export function heldGroups(
  live: Pick<Journal['live'], 'held' | 'heldMost'>,
  { like = '', limit }: { readonly like?: string; readonly limit: number },
): HeldGroups {
  const part = like.toLowerCase();
  const all = live
    .heldMost(groupsMax)
    .filter(({ account }) => account.toLowerCase().includes(part));
  const groups = all.slice(0, limit).map((group) => ({
    ...group,
    latestAt: live.held({ account: group.account, state: 'held', limit: 1 })[0]?.at,
  }));
  return { groups, count: all.length };
}

/** A younger entry may belong to a message that Postfix is still taking in. */
const settleMs = 5 * minuteMs;

/** Entries without a message, as the queue says; none if it cannot be read now. */
async function goneAmong(
  mta: Mta,
  rows: readonly HeldRow[],
  now: Millis,
): Promise<readonly HeldRow[]> {
  const madeUp = rows.filter(isMadeUpMessage);
  const old = rows.filter((row) => !isMadeUpMessage(row) && now - row.changedAt > settleMs);
  if (old.length === 0) return madeUp;
  try {
    const onHold = await mta.onHold(old.map(({ queueId }) => queueId));
    const isGone = ({ instance = '', queueId }: HeldRow): boolean =>
      mta.serves(instance) && !onHold.has(queueId);
    return [...madeUp, ...old.filter(isGone)];
  } catch {
    return madeUp; // the review tries again
  }
}

/** The entry of a message that left the hold queue without Postern. */
function closedRow(row: HeldRow, changedAt: Millis): HeldRow {
  return { ...row, state: 'gone', changedAt, by: 'queue' };
}

function missedText(missed: number, gone: number): string {
  const are = missed === 1 ? 'is' : 'are';
  const text = `${missed} ${are} no longer in the hold queue`;
  if (gone === 0) return text;
  const entries = gone === 1 ? '1 entry is' : `${gone} entries are`;
  return `${text} (${entries} marked gone)`;
}

/** One entry of the audit trail for each account. */
function auditChanges(
  rows: readonly HeldRow[],
  moved: ReadonlySet<string>,
  {
    at,
    by,
    state,
  }: { readonly at: Millis; readonly by: string; readonly state: 'released' | 'dropped' },
): readonly Change[] {
  const action = state === 'released' ? 'release-held' : 'drop-held';
  return [...new Set(rows.map((row) => row.account))].map((account) => {
    const ids = rows
      .filter((row) => row.account === account && moved.has(row.queueId))
      .map(({ queueId }) => queueId);
    const detail = detailed(`${ids.length} messages`, ids.slice(0, namedMax).join(' '));
    return { kind: 'audit', row: { at, by, action, account, detail } };
  });
}
