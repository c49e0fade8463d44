/**
 * Once a minute, Postern reviews what has become due. It releases held mail of accounts that have
 * calmed down, ends suspensions whose set time is over, and closes rows of messages that have left
 * the queue. Each of these has a limit beyond which the operator decides.
 */
import { evidenceNow } from '../../core/account/judge.ts';
import { waitsForPerson } from '../../core/account/record.ts';
import { watchAt } from '../../core/account/signals.ts';
import type { Account } from '../../core/account-name.ts';
import { isMadeUpMessage } from '../../core/made-up.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { HeldRow } from '../../ports/ledger.ts';
import type { Mta } from '../../ports/mail-server.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal } from '../journal/journal.ts';
import { observes, type Settings } from '../settings.ts';
import type { Suspensions } from './account-suspended.ts';

const reviewMs = minuteMs;
/** If more messages of an account are held, the operator decides about them. */
const calmHeldMax = 10;
const rowsMax = 10_000;
/** A younger row may belong to a message that Postfix is still taking in. */
const settleMs = 5 * minuteMs;
/** Time to look at what `postern try hijack` shows. */
const madeUpMs = hourMs;
/** A suspension that was only observed ends after this time if nobody acts. */
const observedMs = hourMs;

export type ReviewDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly suspensions: Suspensions;
  readonly mta: Mta | undefined;
  readonly world: World;
  readonly settings: Settings;
};

/** Starts the reviews. `close` stops them. */
export function openReview(deps: ReviewDeps): { review(): Promise<void>; close(): void } {
  let busy = false;
  const review = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      await endSuspensions(deps);
      await reviewHeld(deps);
      deps.accounts.saveBaseline();
    } catch (error) {
      deps.world.log('error', 'review.failed', { why: String(error) });
    } finally {
      busy = false;
    }
  };
  return { review, close: deps.world.timers.every(reviewMs, () => void review()) };
}

async function endSuspensions(deps: ReviewDeps): Promise<void> {
  const { accounts, journal, settings, suspensions } = deps;
  const { clock } = deps.world;
  for (const incident of journal.live.incidents({ open: true, limit: rowsMax })) {
    const observing = observes(settings, incident.account);
    const after = observing ? observedMs : settings.releaseAfterMs;
    if (after === 0 || clock.now() - incident.suspendedAt < after) continue;
    // Of an observed account no real suspension ends. What an operator did, an operator undoes.
    if (incident.observed !== observing || incident.by !== 'guard') continue;
    const profile = accounts.known(incident.account);
    if (profile === undefined || profile.hijackedAt > 0) continue;
    if (!observing && profile.automaticReleases >= settings.automaticReleasesMax) continue;
    const note = observing ? 'only observed' : 'the set time is over';
    const how = { by: 'postern', note, falseAlarm: false, keepHeld: true };
    await suspensions.release(incident.account, how);
  }
}

/** Entries of held mail that `postern try` made up: no queue has it. */
function closeMadeUp({ journal, world }: ReviewDeps): void {
  const at = world.clock.now();
  for (const row of journal.live.held({ state: 'held', limit: rowsMax })) {
    if (!isMadeUpMessage(row) || at - row.changedAt <= madeUpMs) continue;
    journal.add({ kind: 'held', row: { ...row, state: 'gone', changedAt: at, by: 'postern' } });
  }
}

async function reviewHeld(deps: ReviewDeps): Promise<void> {
  const { journal, mta } = deps;
  const { clock } = deps.world;
  closeMadeUp(deps);
  if (mta === undefined) return;
  const now = clock.now();
  const rows = journal.live
    .held({ state: 'held', limit: rowsMax })
    .filter((row) => !isMadeUpMessage(row));
  if (rows.length === 0) return;
  let closed = 0;
  const onHold = await mta.onHold(rows.map(({ queueId }) => queueId));
  const there: HeldRow[] = [];
  for (const { queueId } of rows) {
    // Reading a long queue takes time, and an operator may have released the message in between.
    const row = journal.live.heldOne(queueId);
    if (row?.state !== 'held') continue;
    const found = onHold.get(queueId);
    if (found !== undefined) {
      there.push(row);
      // The door may have seen only part of the message, or not seen it at all.
      const bytes = found.bytes > 0 ? found.bytes : row.bytes;
      const { instance } = found;
      if (bytes !== row.bytes || instance !== (row.instance ?? '')) {
        journal.add({ kind: 'held', row: { ...row, bytes, instance } });
      }
    } else if (!mta.serves(row.instance ?? '')) {
      // Its Postfix is no longer connected: nobody knows whether it is still on hold there.
    } else if (now - row.changedAt > settleMs) {
      const gone = { ...row, state: 'gone' as const, changedAt: clock.now(), by: 'queue' };
      journal.add({ kind: 'held', row: gone });
      closed++;
    }
  }
  if (closed > 0) deps.world.log('info', 'held.gone', { messages: closed });
  if (deps.settings.calmAfterMs > 0) await releaseCalm(deps, mta, there);
}

async function releaseCalm(deps: ReviewDeps, mta: Mta, onHold: readonly HeldRow[]): Promise<void> {
  const { journal } = deps;
  const { clock } = deps.world;
  const there = new Set(onHold.map(({ queueId }) => queueId));
  for (const account of new Set(onHold.map((row) => row.account))) {
    // Read again for each account: earlier releases take time, and this account may be suspended
    // now.
    const now = clock.now();
    const after = lastReleaseOf(deps, account);
    const held = journal.live
      .held({ account, state: 'held', limit: rowsMax })
      .filter((row) => row.why === 'verdict' && row.at > after && mayLeave(deps, row));
    if (held.length > calmHeldMax || !isCalm(deps, account, now)) continue;
    const ripe = held.filter(
      ({ queueId, changedAt }) =>
        there.has(queueId) && now - changedAt >= deps.settings.calmAfterMs,
    );
    if (ripe.length === 0) continue;
    const { done: left, fault } = await mta.release(ripe.map(({ queueId }) => queueId));
    for (const row of ripe) {
      if (!left.has(row.queueId)) continue;
      const released = { ...row, state: 'released' as const, changedAt: now, by: 'postern' };
      journal.add({ kind: 'held', row: released });
    }
    if (fault !== undefined && left.size === 0) throw fault;
    const detail = `${left.size} held messages released: the account has calmed down`;
    const row = { at: now, by: 'postern', action: 'release-held', account, detail };
    journal.add({ kind: 'audit', row });
    deps.world.log('info', 'held.released', { account, messages: left.size });
    if (fault !== undefined) throw fault;
  }
}

/**
 * When the account was last released, suspended or not. Mail that was held before that was part of
 * the reason, so only an operator releases it.
 */
function lastReleaseOf({ accounts, journal }: ReviewDeps, account: Account): number {
  const ended = journal.live.incidents({ account, limit: 1 })[0]?.endedAt ?? 0;
  return Math.max(ended, accounts.known(account)?.releasedAt ?? 0);
}

/** Whether the message may leave without a person's word. */
function mayLeave({ accounts }: ReviewDeps, { account, at }: HeldRow): boolean {
  const profile = accounts.known(account);
  return profile !== undefined && !waitsForPerson(profile, at);
}

function isCalm(deps: ReviewDeps, account: Account, now: Millis): boolean {
  const profile = deps.accounts.known(account);
  if (profile === undefined || profile.state === 'suspended') return false;
  return evidenceNow(profile, deps.accounts.context.baseline, now).evidence < watchAt;
}
