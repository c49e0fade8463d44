/**
 * Counts what is held of an account, for the limit. Where Postern may not see the mail queue
 * (postfix.queue = "off"), it never learns what became of held mail: there only the last day
 * counts, so that no account must wait without an end.
 */
import type { Account } from '../../core/account-name.ts';
import type { HeldSum } from '../../core/verdict.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Clock } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';

export type HeldCount = (account: Account) => HeldSum;

export function openHeldCount(
  { live }: Pick<Journal, 'live'>,
  clock: Clock,
  queueSeen: boolean,
): HeldCount {
  if (queueSeen) return (account) => live.heldSum(account);
  return (account) => live.heldSum(account, (clock.now() - dayMs) as Millis);
}
