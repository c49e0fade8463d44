/**
 * What time does by itself, looked at each minute: held mail of an account that calmed down leaves,
 * a suspension with a set end ends, rows of messages that the queue no longer has are closed. Each
 * within a limit after which a person decides.
 */
import { evidenceNow } from '../../core/account/judge.ts';
import { watchAt } from '../../core/account/signals.ts';
import type { Account } from '../../core/account-name.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { HeldRow } from '../../ports/ledger.ts';
import type { Mta } from '../../ports/mail-server.ts';
import type { Clock, Log } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal, Timers } from '../journal/journal.ts';
import type { Settings } from '../settings.ts';
import type { Suspensions } from './account-suspended.ts';

const reviewMs = minuteMs;
/** More held messages than this of one account are a person's decision. */
const calmHeldMax = 10;
const rowsMax = 10_000;
/** A row younger than this may be of a message that Postfix is still taking in. */
const settleMs = 5 * minuteMs;
/** Where nobody acts, a suspension that was only noted ends after this long. */
const observedMs = hourMs;

export type ReviewDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly suspensions: Suspensions;
  readonly mta: Mta | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly settings: Settings;
};

/** Starts the reviews; answers with how to stop them. */
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
      deps.log('error', 'review.failed', { why: String(error) });
    } finally {
      busy = false;
    }
  };
  return { review, close: deps.timers.every(reviewMs, () => void review()) };
}

async function endSuspensions(deps: ReviewDeps): Promise<void> {
  const { accounts, clock, journal, settings, suspensions } = deps;
  const observing = settings.mode === 'observe';
  const after = observing ? observedMs : settings.releaseAfterMs;
  if (after === 0) return;
  for (const incident of journal.live.incidents({ open: true, limit: rowsMax })) {
    if (clock.now() - incident.suspendedAt < after) continue;
    // While observing nobody is let go whom the guard has stopped; and what a person did, a person
    // undoes.
    if (incident.observed !== observing || incident.by !== 'guard') continue;
    const past = accounts.known(incident.account);
    if (past === undefined) continue;
    if (!observing && past.automaticReleases >= settings.automaticReleasesMax) continue;
    const note = observing ? 'only observed' : 'the set time is over';
    const how = { by: 'postern', note, falseAlarm: false, keepHeld: true };
    await suspensions.release(incident.account, how);
  }
}

async function reviewHeld(deps: ReviewDeps): Promise<void> {
  const { clock, journal, mta } = deps;
  if (mta === undefined) return;
  const now = clock.now();
  const rows = journal.live.held({ state: 'held', limit: rowsMax });
  if (rows.length === 0) return;
  const onHold = await mta.onHold(rows.map(({ queueId }) => queueId));
  const there: HeldRow[] = [];
  for (const { queueId } of rows) {
    // As it is now: reading a long queue takes its time, and a person may have let the message go
    // meanwhile.
    const row = journal.live.heldOne(queueId);
    if (row?.state !== 'held') continue;
    if (onHold.has(queueId)) there.push(row);
    else if (now - row.changedAt > settleMs) {
      const gone = { ...row, state: 'gone' as const, changedAt: clock.now(), by: 'queue' };
      journal.add({ kind: 'held', row: gone });
    }
  }
  if (deps.settings.calmAfterMs > 0) await releaseCalm(deps, mta, there);
}

async function releaseCalm(deps: ReviewDeps, mta: Mta, onHold: readonly HeldRow[]): Promise<void> {
  const { clock, journal } = deps;
  const there = new Set(onHold.map(({ queueId }) => queueId));
  for (const account of new Set(onHold.map((row) => row.account))) {
    // Anew for each: those before it took their time, and this one may have been suspended since.
    const now = clock.now();
    const after = lastReleaseOf(deps, account);
    const held = journal.live
      .held({ account, state: 'held', limit: rowsMax })
      .filter((row) => row.why === 'verdict' && row.at > after);
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
    const detail = `${left.size} held messages left: the account has calmed down`;
    const row = { at: now, by: 'postern', action: 'release-held', account, detail };
    journal.add({ kind: 'audit', row });
    deps.log('info', 'held.released', { account, messages: left.size });
    if (fault !== undefined) throw fault;
  }
}

/**
 * What was held before a release was part of what suspended the account: only a person lets that
 * go.
 */
function lastReleaseOf({ journal }: ReviewDeps, account: Account): number {
  return journal.live.incidents({ account, limit: 1 })[0]?.endedAt ?? 0;
}

function isCalm(deps: ReviewDeps, account: Account, now: Millis): boolean {
  const past = deps.accounts.known(account);
  if (past === undefined || past.state === 'suspended') return false;
  return evidenceNow(past, deps.accounts.context.baseline, now).evidence < watchAt;
}
