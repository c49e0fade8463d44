/**
 * Puts the queued mail of a suspended account on hold and counts it; also mail that passed only
 * because the mode was observe, if the mode is guard now. Postfix cannot stop a delivery
 * that is under way: such a message is sent all the same, and then stays on hold without a
 * recipient. It counts as leaked, and is released so that Postfix removes it.
 *
 * What is on hold before the sweep comes is not ours: an operator, a rule of Postfix or another
 * filter holds it. It gets no row, so no release ever reaches it.
 */

import { faultText } from '../../lib/error-text.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { HeldRow, IncidentRow, MessageRow } from '../../ports/ledger.ts';
import type { Mta } from '../../ports/mail-server.ts';
import type { World } from '../../ports/world.ts';
import { originOf } from '../account/message-renamed.ts';
import type { Journal } from '../journal/journal.ts';
import type { HoldingNow } from './holding-now.ts';

/** Only younger mail is looked for. Postfix tries for five days by default. */
const queueLifetimeMs = 7 * dayMs;
const queuedMax = 50_000;
/** Incidents of one account that are read at once. */
const incidentsMax = 10_000;

export type SweepDeps = {
  readonly journal: Journal;
  readonly mta: Mta | undefined;
  readonly world: World;
  readonly holding: HoldingNow;
};

/** The incident as it is now: it may have ended while programs ran. */
export function currentIncident(
  journal: Journal,
  { account, id, ...rest }: IncidentRow,
): IncidentRow {
  const rows = journal.live.incidents({ account, limit: incidentsMax });
  return rows.find((row) => row.id === id) ?? { account, id, ...rest };
}

/**
 * Holds what the account has in the queue, or only the messages in `only`. Messages that passed
 * since the first sign and are caught here no longer count as leaked.
 */
export async function sweepQueue(
  deps: SweepDeps,
  incident: IncidentRow,
  only?: readonly MessageRow[],
): Promise<IncidentRow> {
  const { holding, journal, mta } = deps;
  const { clock, log } = deps.world;
  const { account } = incident;
  const before = currentIncident(journal, incident);
  if (mta === undefined || before.endedAt !== undefined) return before;
  const at = clock.now();
  const since = (at - queueLifetimeMs) as Millis;
  const passed = (only ?? journal.live.messagesOf(account, since, queuedMax)).filter(
    (row) =>
      (row.verdict === 'pass' || wasObserved(journal, row.queueId)) &&
      !wasReleased(journal, row.queueId, incident),
  );
  if (passed.length === 0) return before;
  const { already, done, fault } = await mta.hold(passed, (ids) => holding.begin(account, ids));
  // A run that was killed had moved these, and not noted it.
  const ours = [...already].filter((id) => holding.has(account, id));
  const onHold = new Set([...done, ...ours]);
  if (fault !== undefined) log('error', 'queue.not-held', { account, why: faultText(fault) });
  const caught = passed.filter(
    ({ queueId }) => onHold.has(queueId) && journal.live.heldOne(queueId)?.state !== 'held',
  );
  for (const message of caught) journal.add({ kind: 'held', row: caughtRow(message, at) });
  counted(journal, incident, caught, 1);
  // After a fault some may have been moved unnoticed: the next sweep finds them by this note.
  if (fault === undefined) holding.end(account);
  try {
    await closeSent(deps, mta, incident);
  } catch (error) {
    log('warn', 'queue.not-counted', { account, why: faultText(error) });
  }
  return currentIncident(journal, incident);
}

/** Closes messages that were already being delivered when they were put on hold. */
async function closeSent(deps: SweepDeps, mta: Mta, incident: IncidentRow): Promise<void> {
  const { journal } = deps;
  const { clock } = deps.world;
  const { account, suspendedAt } = incident;
  const held = journal.live
    .held({ account, state: 'held', limit: queuedMax })
    .filter(({ why, changedAt }) => why === 'queue' && changedAt >= suspendedAt);
  if (held.length === 0) return;
  const sent = await mta.spent(held.map(({ queueId }) => queueId));
  if (sent.size === 0) return;
  await mta.release([...sent]);
  const gone = held.filter(
    ({ queueId }) => sent.has(queueId) && journal.live.heldOne(queueId)?.state === 'held',
  );
  for (const row of gone) {
    const changed = { state: 'gone' as const, changedAt: clock.now(), by: 'queue' };
    journal.add({ kind: 'held', row: { ...row, ...changed } });
  }
  counted(journal, incident, gone, -1);
}

type Counted = {
  readonly queueId: string;
  readonly at: Millis;
  readonly recipients: number;
};

/** The messages as they passed: copies behind a filter are one. */
function asPassed(journal: Journal, messages: readonly Counted[]): readonly Counted[] {
  const passed = messages.map((one) => originOf(journal.live, one.queueId) ?? one);
  return [...new Map(passed.map((one) => [one.queueId, one])).values()];
}

/** Adds these messages to those caught in the queue (1), or takes them away again (-1). */
function counted(
  journal: Journal,
  incident: IncidentRow,
  messages: readonly Counted[],
  sign: 1 | -1,
): void {
  if (messages.length === 0) return;
  const now = currentIncident(journal, incident);
  const early = asPassed(journal, messages).filter(
    ({ at, queueId }) => at >= incident.since && !wasObserved(journal, queueId),
  );
  const recipients = early.reduce((sum, message) => sum + message.recipients, 0);
  const row: IncidentRow = {
    ...now,
    leakedMessages: Math.max(0, now.leakedMessages - sign * early.length),
    leakedRecipients: Math.max(0, now.leakedRecipients - sign * recipients),
    queuedHeld: Math.max(0, now.queuedHeld + sign * messages.length),
  };
  journal.add({ kind: 'incident', row });
}

/** Did it pass only because the mode was observe? It was never counted as leaked. */
function wasObserved(journal: Journal, queueId: string): boolean {
  return journal.live.story(queueId)?.observed === true;
}

/** Did an operator release this message after the suspension? Then it is not held again. */
function wasReleased(journal: Journal, queueId: string, incident: IncidentRow): boolean {
  const held = journal.live.heldOne(queueId);
  return held?.state === 'released' && held.changedAt >= incident.suspendedAt;
}

function caughtRow(message: MessageRow, at: Millis): HeldRow {
  return {
    queueId: message.queueId,
    at: message.at,
    account: message.account,
    recipients: message.recipients,
    bytes: 0, // the next review asks the queue
    why: 'queue',
    state: 'held',
    changedAt: at,
    by: 'guard',
  };
}
