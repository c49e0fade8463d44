/**
 * Remembers which recipients of which message were counted as failed, so that each counts once,
 * whatever the log says again. Kept in the ledger over a restart; what cannot be read there may
 * count again.
 */
import { RecentMap } from '../../lib/recent-map.ts';
import type { Change } from '../../ports/ledger.ts';
import { storedList } from '../journal/stored-list.ts';

export type ToldBounces = {
  /** How many recipients of the message were counted. */
  count(message: string): number;
  has(message: string, recipient: number): boolean;
  add(message: string, recipient: number): void;
  /** The change that keeps all of them. */
  change(): Change;
};

/** Recipients that are remembered, at most twice as many: 40 kB in the ledger. */
const recipientsMax = 1_000;
const key = 'told-bounces';

/** `read` answers what the ledger has under a key. */
export function openToldBounces(read: (key: string) => string | undefined): ToldBounces {
  const told = new RecentMap<string, readonly number[]>(recipientsMax, () => 1);
  for (const [message, recipients] of storedList(read(key), isEntry)) {
    told.set(message, recipients);
  }
  const of = (message: string): readonly number[] => told.get(message) ?? [];
  return {
    count: (message) => of(message).length,
    has: (message, recipient) => of(message).includes(recipient),
    add: (message, recipient) => told.set(message, [...of(message), recipient]),
    change: () => ({ kind: 'meta', key, value: JSON.stringify([...told.entries()]) }),
  };
}

function isEntry(value: unknown): value is readonly [string, readonly number[]] {
  if (!Array.isArray(value) || typeof value[0] !== 'string' || !Array.isArray(value[1])) {
    return false;
  }
  return value[1].every((one) => typeof one === 'number');
}
