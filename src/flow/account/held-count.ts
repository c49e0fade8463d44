/**
 * Counts what is held of an account, for the limit. Where Postern may not see the mail queue
 * (postfix.queue = "off"), it never learns what became of held mail: there only the last day
 * counts, so that no account must wait without an end.
 */
import type { Account } from '../../core/account-name.ts';
import type { HeldSum } from '../../core/verdict.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs, type Millis, secondMs } from '../../lib/time.ts';
import type { Clock } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';

export type HeldCount = (account: Account) => HeldSum;

/**
 * Mail of this machine is held beyond the limit, and tens of thousands may be held. From this many
 * on, an account is counted once a second, not for each message.
 */
const manyMessages = 1_000;
const manyAccounts = 1_000;

export function openHeldCount(
  { live }: Pick<Journal, 'live'>,
  clock: Clock,
  queueSeen: boolean,
): HeldCount {
  const many = new RecentMap<Account, { readonly sum: HeldSum; readonly until: number }>(
    manyAccounts,
  );
  return (account) => {
    const now = clock.now();
    const known = many.get(account);
    if (known !== undefined && now < known.until && known.until <= now + secondMs) return known.sum;
    const since = queueSeen ? undefined : ((now - dayMs) as Millis);
    const sum = live.heldSum(account, since);
    if (sum.messages >= manyMessages) many.set(account, { sum, until: now + secondMs });
    return sum;
  };
}
