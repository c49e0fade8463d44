/**
 * What the domains of bulk senders lack of the rules of big providers. The DNS is asked rarely, one
 * domain after the other, and never while a message waits.
 */
import { bulkRule } from '../../core/lanes/bulk.ts';
import { domainsAbove } from '../../formats/message/address.ts';
import { faultText } from '../../lib/error-text.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import type { BulkRow } from '../../ports/lanes.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';

/** Sentences for a domain; empty if nothing is known to be missing. */
export type MissingOf = (domain: string) => readonly string[];

export type BulkMissing = {
  /** What the ledger shows now, and what the DNS showed when it was asked last. */
  now(): MissingOf;
  /** Starts to ask the DNS for those of these domains that were not asked lately. */
  ask(rows: readonly BulkRow[]): void;
  /** The DNS was asked for the domain lately. */
  isAsked(domain: string): boolean;
};

/** Records change seldom; a fault that was put right is gone from the list after this time. */
const askEveryMs = 6 * hourMs;
/** Domains with less than this share of a number are not asked: anybody can invent domains. */
const shareMin = 0.1;
/** Providers without a number are taken for one with the number of most others. */
const usualLimit = 5_000;
const rowsMax = 50;
const sendingMax = 10_000;

export function openBulkMissing(deps: {
  readonly ledger: Pick<Ledger, 'sendingDomains'>;
  /** What the DNS shows to be missing. Ends within a time limit of its own. */
  readonly check: (domain: string) => Promise<readonly string[]>;
  readonly world: Pick<World, 'clock' | 'log'>;
}): BulkMissing {
  const { check, ledger, world } = deps;
  let asked = new Map<string, { readonly at: Millis; readonly lacks: readonly string[] }>();
  let isBusy = false;

  function isAsked(domain: string): boolean {
    const at = asked.get(domain)?.at;
    return at !== undefined && Math.abs(world.clock.now() - at) < askEveryMs;
  }

  async function askAll(domains: readonly string[]): Promise<void> {
    for (const domain of domains) {
      let lacks: readonly string[];
      try {
        lacks = await check(domain);
      } catch (cause) {
        world.log('warn', 'lane.bulk-unchecked', { domain, why: faultText(cause) });
        lacks = [];
      }
      asked.set(domain, { at: world.clock.now(), lacks });
    }
  }

  return {
    now() {
      const signing = unsignedOf(ledger);
      return (domain) => [...signing(domain), ...(asked.get(domain)?.lacks ?? [])];
    },
    ask(rows) {
      if (isBusy) return;
      const large = rows.filter((row) => bulkShare(row) >= shareMin).slice(0, rowsMax);
      const domains = [...new Set(large.map(({ domain }) => domain))];
      const due = domains.filter((domain) => !isAsked(domain));
      if (due.length === 0) return;
      asked = new Map([...asked].filter(([domain]) => domains.includes(domain)));
      isBusy = true;
      void askAll(due).finally(() => {
        isBusy = false;
      });
    },
    isAsked,
  };
}

/** How near the busiest day was to the number of the provider: 1 is at the number. */
export function bulkShare({ messagesADay, provider }: BulkRow): number {
  return messagesADay / (bulkRule(provider)?.limitADay ?? usualLimit);
}

/** Domains in From that belong to this one, with the most mail first. */
export function sendingBelow(
  domain: string,
  ledger: Pick<Ledger, 'sendingDomains'>,
): readonly string[] {
  return ledger
    .sendingDomains(sendingMax)
    .filter((row) => row.domain === domain || row.domain.endsWith(`.${domain}`))
    .toSorted((one, other) => other.messages - one.messages)
    .map((row) => row.domain);
}

/** What the ledger shows: mail that was not signed, of the domain and of those below it. */
export function unsignedOf(ledger: Pick<Ledger, 'sendingDomains'>): MissingOf {
  const sums = new Map<string, { messages: number; signed: number }>();
  for (const { domain, messages, signed } of ledger.sendingDomains(sendingMax)) {
    for (const one of [domain, ...domainsAbove(domain)]) {
      const sum = sums.get(one) ?? { messages: 0, signed: 0 };
      sums.set(one, { messages: sum.messages + messages, signed: sum.signed + signed });
    }
  }
  return (domain) => {
    const { messages, signed } = sums.get(domain) ?? { messages: 0, signed: 0 };
    if (messages === 0) return [];
    if (signed === 0) return ['no key signs its mail (DKIM)'];
    const unsigned = messages - signed;
    return unsigned / messages < 0.01
      ? []
      : [`${unsigned} of ${messages} messages were not signed`];
  };
}
