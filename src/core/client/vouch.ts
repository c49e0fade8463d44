/** What a false alarm says about clients: those of the last days are the account's own. */
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { SeenNetwork } from './network.ts';
import type { SeenProgram } from './program.ts';

const vouchedMs = 3 * dayMs;

/**
 * Mail of the days until `at` was honest, so its clients are known from now on. A network from
 * which mail was only read may be a thief’s, who waits.
 */
export function vouchClients({
  at,
  networks,
  programs,
}: {
  readonly at: Millis;
  readonly networks: readonly SeenNetwork[];
  readonly programs: readonly SeenProgram[];
}): void {
  const since = (at - vouchedMs) / minuteMs;
  for (const one of networks) {
    if (one.days === 0 && one.sent !== undefined && one.sent > since) one.days = 1;
  }
  for (const one of programs) if (one.days === 0 && one.last > since) one.days = 1;
}
