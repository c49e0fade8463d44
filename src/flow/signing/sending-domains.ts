/**
 * Counts the From domains that this server sends for, and who signed. `dns check` compares
 * published records with them. Counts are in memory; every few seconds the changed rows are
 * written.
 */

import { countUnsubscribe, type UnsubscribeOffer } from '../../core/lanes/one-click.ts';
import { secondMs } from '../../lib/time.ts';
import type { Mutable } from '../../lib/type-tools.ts';
import type { SendingDomainRow } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';

export type SendingDomains = {
  /** A message of this author's domain goes out; `signedBy` empty: unsigned. */
  sent(domain: string, signedBy: string, offer: UnsubscribeOffer): void;
  /** Writes what was counted, and stops. */
  close(): void;
};

/**
 * More domains are not counted. A hosting company has some thousands; an attacker who makes up a
 * domain for each message must not fill the memory.
 */
export const sendingDomainsMax = 10_000;
const writeEveryMs = 10 * secondMs;

type Counting = Mutable<SendingDomainRow>;

export function openSendingDomains(deps: {
  readonly journal: Pick<Journal, 'add' | 'live'>;
  readonly world: World;
}): SendingDomains {
  const { journal } = deps;
  const { timers, clock } = deps.world;
  const known = new Map<string, Counting>();
  for (const row of journal.live.sendingDomains(sendingDomainsMax)) {
    known.set(row.domain, { ...row });
  }
  const changed = new Set<Counting>();
  const write = (): void => {
    for (const row of changed) journal.add({ kind: 'sending-domain', row: { ...row } });
    changed.clear();
  };
  const stop = timers.every(writeEveryMs, write);
  return {
    sent(domain, signedBy, offer) {
      const now = clock.now();
      let row = known.get(domain);
      if (row === undefined) {
        if (known.size >= sendingDomainsMax) return;
        row = { domain, firstAt: now, lastAt: now, messages: 0, signed: 0, signedBy: '' };
        known.set(domain, row);
      }
      row.lastAt = now;
      row.messages++;
      row.unsubscribe = countUnsubscribe(row.unsubscribe, offer, now);
      if (signedBy !== '') {
        row.signed++;
        row.signedBy = signedBy;
      }
      changed.add(row);
    },
    close() {
      stop();
      write();
    },
  };
}
