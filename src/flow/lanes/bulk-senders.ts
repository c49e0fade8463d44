/**
 * Counts for each From domain how many recipients providers with a rule for bulk senders took on a
 * day. It is kept for good that a domain passed the number, because Gmail never forgets it.
 */
import type { Submission } from '../../core/event.ts';
import type { Attempt } from '../../core/fate/attempt.ts';
import { type BulkCount, bulkRuleFor, countBulk, newBulkCount } from '../../core/lanes/bulk.ts';
import { domainOf } from '../../formats/message/address.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { BulkRow, LaneLedger } from '../../ports/lanes.ts';
import type { Clock } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import { bulkShare } from './bulk-missing.ts';

export type BulkSenders = {
  judged(message: Submission): void;
  /** A provider took a message for one recipient. */
  sent(attempt: Attempt, provider: string): void;
  /** Rows that have changed since the last call. */
  take(): readonly BulkRow[];
  /** Domains of which the operator is to be told, until `told` says that it was done. */
  near(): readonly BulkRow[];
  told(rows: readonly BulkRow[], at: Millis): void;
  /** The busiest domains first. */
  rows(): readonly BulkRow[];
};

/** Messages in the queue whose From domain is remembered. Others count by their sender. */
const messagesMax = 50_000;
/** Domains in memory; a thief may invent one for each message. */
const domainsMax = 5_000;
const shownMax = 50;

export function openBulkSenders(deps: {
  readonly ledger: Pick<LaneLedger, 'bulkDomains'>;
  readonly journal: { readonly live: Pick<Journal['live'], 'message'> };
  readonly organisationOf: (host: string) => string | undefined;
  readonly clock: Clock;
}): BulkSenders {
  const { clock, journal, organisationOf } = deps;
  const froms = new RecentMap<string, string>(messagesMax);
  const counts = new Map<string, BulkCount>();
  const changed = new Set<string>();
  const near = new Set<string>();
  for (const { domain, provider, ...count } of deps.ledger.bulkDomains().slice(0, domainsMax)) {
    counts.set(`${domain} ${provider}`, { ...count });
  }

  function fromOf(queueId: string): string | undefined {
    const known = froms.get(queueId);
    return organisationOf(known ?? domainOf(journal.live.message(queueId)?.sender ?? ''));
  }

  function countOf(key: string, day: number): BulkCount | undefined {
    const known = counts.get(key);
    if (known !== undefined) return known;
    if (counts.size >= domainsMax && !makeRoom(day)) return undefined;
    const fresh = newBulkCount(day);
    counts.set(key, fresh);
    return fresh;
  }

  /** Forgets a domain that is not near to any number, and sent nothing today or only once. */
  function makeRoom(day: number): boolean {
    for (const [key, count] of counts) {
      if (count.toldAt !== undefined || count.passedAt !== undefined) continue;
      if (count.day >= day && count.messagesADay > 1) continue;
      near.delete(key);
      return counts.delete(key);
    }
    return false;
  }

  function rowOf(key: string): BulkRow | undefined {
    const count = counts.get(key);
    const [domain = '', provider = ''] = key.split(' ');
    return count === undefined ? undefined : { domain, provider, ...count };
  }

  return {
    judged({ headerFrom, id, sender }) {
      if (id === '') return;
      // Its owner is looked for when it is delivered: here a message waits.
      froms.set(id, domainOf(headerFrom ?? sender ?? ''));
    },
    sent({ at, mxHost, queueId }, provider) {
      const rule = bulkRuleFor(provider, mxHost);
      const domain = rule === undefined ? undefined : fromOf(queueId);
      if (rule === undefined || domain === undefined) return;
      const key = `${domain} ${provider}`;
      const now = clock.now();
      const count = countOf(key, Math.floor(now / dayMs));
      if (count === undefined) return;
      if (countBulk(count, rule, { at, now }) === 'near') near.add(key);
      changed.add(key);
    },
    take() {
      const rows = [...changed].map(rowOf).filter((row) => row !== undefined);
      changed.clear();
      return rows;
    },
    near: () => [...near].map(rowOf).filter((row) => row !== undefined),
    told(rows, at) {
      for (const { domain, provider } of rows) {
        const key = `${domain} ${provider}`;
        const count = counts.get(key);
        near.delete(key);
        if (count === undefined) continue;
        count.toldAt = at;
        changed.add(key);
      }
    },
    rows: () => busiest([...counts.keys()].map(rowOf).filter((row) => row !== undefined)),
  };
}

/** Those that are nearest to a number first. */
export function busiest(rows: readonly BulkRow[]): readonly BulkRow[] {
  return rows.toSorted((one, other) => bulkShare(other) - bulkShare(one)).slice(0, shownMax);
}
