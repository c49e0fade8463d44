/**
 * Counts for each From domain how many recipients providers with a rule for bulk senders took on a
 * day. It is kept for good that a domain passed the number, because Gmail never forgets it.
 */
import type { Submission } from '../../core/event.ts';
import type { Attempt } from '../../core/fate/attempt.ts';
import {
  type BulkCount,
  bulkRule,
  bulkRuleFor,
  countBulk,
  newBulkCount,
} from '../../core/lanes/bulk.ts';
import { domainOf } from '../../formats/message/address.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs } from '../../lib/time.ts';
import type { BulkRow, LaneLedger } from '../../ports/lanes.ts';
import type { Journal } from '../journal/journal.ts';

export type BulkSenders = {
  judged(message: Submission): void;
  /** A provider took a message for one recipient. */
  sent(attempt: Attempt, provider: string): void;
  /** Rows that have changed since the last call. */
  take(): readonly BulkRow[];
  /** Domains of which the operator is to be told, since the last call. */
  near(): readonly BulkRow[];
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
}): BulkSenders {
  const { journal, organisationOf } = deps;
  const froms = new RecentMap<string, string>(messagesMax);
  const counts = new Map<string, BulkCount>();
  const changed = new Set<string>();
  let near: BulkRow[] = [];
  for (const { domain, provider, ...count } of deps.ledger.bulkDomains().slice(0, domainsMax)) {
    counts.set(`${domain} ${provider}`, { ...count });
  }

  function fromOf(queueId: string): string | undefined {
    const known = froms.get(queueId);
    if (known !== undefined) return known;
    const sender = journal.live.message(queueId)?.sender ?? '';
    const domain = domainOf(sender);
    return organisationOf(domain);
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
      const domain = organisationOf(domainOf(headerFrom ?? sender ?? ''));
      if (domain !== undefined) froms.set(id, domain);
    },
    sent({ at, mxHost, queueId }, provider) {
      const rule = bulkRuleFor(provider, mxHost);
      const domain = rule === undefined ? undefined : fromOf(queueId);
      if (rule === undefined || domain === undefined) return;
      const key = `${domain} ${provider}`;
      const day = Math.floor(at / dayMs);
      const count = countOf(key, day);
      if (count === undefined) return;
      const told = countBulk(count, rule, { at, day });
      changed.add(key);
      const row = told === 'near' ? rowOf(key) : undefined;
      if (row !== undefined) near.push(row);
    },
    take() {
      const rows = [...changed].map(rowOf).filter((row) => row !== undefined);
      changed.clear();
      return rows;
    },
    near() {
      const rows = near;
      near = [];
      return rows;
    },
    rows: () => busiest([...counts.keys()].map(rowOf).filter((row) => row !== undefined)),
  };
}

/** Those that are nearest to a number first. */
export function busiest(rows: readonly BulkRow[]): readonly BulkRow[] {
  const share = ({ messagesADay, provider }: BulkRow): number =>
    messagesADay / (bulkRule(provider)?.limitADay ?? 5_000);
  return rows.toSorted((one, other) => share(other) - share(one)).slice(0, shownMax);
}
