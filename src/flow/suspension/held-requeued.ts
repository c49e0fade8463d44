/**
 * An operator requeued a held message (`postsuper -r`), which takes it off hold under a new queue
 * id. It is held again under that id: only a release delivers held mail.
 */
import { faultText } from '../../lib/error-text.ts';
import type { HeldRow, MessageRow } from '../../ports/ledger.ts';
import type { SweepDeps } from './queue-sweep.ts';

/** Hold the lock of the account. */
export async function holdAgain(
  { holding, journal, mta, world }: SweepDeps,
  held: HeldRow,
  message: MessageRow,
): Promise<void> {
  const { account, queueId } = message;
  if (mta === undefined) return;
  const { done, fault } = await mta.hold([message], (ids) => holding.begin(account, ids));
  const before = journal.live.heldOne(held.queueId);
  // A line of the log alone proves little: a message that is still on hold was not requeued.
  const isStill = (await mta.onHold([held.queueId])).has(held.queueId);
  if (before?.state === 'held' && !isStill) {
    const gone = { state: 'gone' as const, changedAt: world.clock.now(), by: 'requeued' };
    journal.add({ kind: 'held', row: { ...before, ...gone } });
  }
  const isHeld = journal.live.heldOne(queueId)?.state === 'held';
  if (done.has(queueId) && !isHeld) {
    const row: HeldRow = { ...held, queueId, changedAt: world.clock.now() };
    journal.add({ kind: 'held', row });
  }
  if (fault === undefined) holding.end(account);
  const why = fault === undefined ? {} : { why: faultText(fault) };
  const again = isHeld || done.has(queueId);
  world.log('warn', 'held.requeued', { account, before: held.queueId, queueId, again, ...why });
}
