/**
 * Acknowledgements: an operator knows an item and takes it as it is for some time. One ends when
 * its time is over, when the item gets worse than it was, and when it is done. Pure.
 */
import type { Millis } from '../../../lib/time.ts';
import type { ChecklistItem, ItemState } from '../items/item.ts';

export type Acknowledgement = {
  readonly id: string;
  /** The state of the item when it was acknowledged. */
  readonly state: ItemState;
  readonly at: Millis;
  readonly until: Millis;
  readonly note: string;
  readonly by: string;
};

export const ackDaysMax = 730;

const severity: Readonly<Record<ItemState, number>> = {
  done: 0,
  'not needed': 0,
  unknown: 1,
  missing: 2,
  broken: 3,
};

/** Why an acknowledgement is over, for an item in this state; undefined while it is in force. */
export function ackEnd(ack: Acknowledgement, state: ItemState, now: Millis): string | undefined {
  if (severity[state] === 0) return `it is ${state}`;
  if (severity[state] > severity[ack.state]) return `it got worse: ${ack.state} became ${state}`;
  if (now >= ack.until) return 'its time is over';
  return undefined;
}

/** Why there is nothing to acknowledge; undefined if there is. */
export function ackRefusal(state: ItemState): string | undefined {
  return severity[state] === 0 ? `it is ${state}: there is nothing to acknowledge` : undefined;
}

/** Items that no acknowledgement covers now. */
export function withoutAcknowledged(
  items: readonly ChecklistItem[],
  acks: readonly Acknowledgement[],
  now: Millis,
): readonly ChecklistItem[] {
  const byId = new Map(acks.map((ack) => [ack.id, ack]));
  return items.filter(({ id, state }) => {
    const ack = byId.get(id);
    return ack === undefined || ackEnd(ack, state, now) !== undefined;
  });
}

/** Broken items that no acknowledgement covers, as a run has just found them. */
export function unacknowledged(
  items: readonly ChecklistItem[],
  acks: readonly Acknowledgement[],
  now: Millis,
): readonly ChecklistItem[] {
  return withoutAcknowledged(items, acks, now).filter(({ state }) => state === 'broken');
}
