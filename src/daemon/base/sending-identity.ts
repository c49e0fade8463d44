/**
 * What this machine and its ledger say about domains that send: the server, the DKIM keys, the mail
 * that was counted. For the commands `dns …`, and for the guard's own look at bulk senders.
 */
import { hostname } from 'node:os';
import type { Config } from '../../config/schema.ts';
import type { IdentityKey, MailServer, SentMail } from '../../core/identity/identity.ts';
import { type UnsubscribeSpan, unsubscribeSum } from '../../core/lanes/one-click.ts';
import { type DkimKey, keyType } from '../../core/signing/key.ts';
import { domainsAbove } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import { publicAddresses } from '../../partners/kernel/public-addresses.ts';
import type { SendingDomainRow } from '../../ports/ledger.ts';

export type StoredDomains = {
  readonly sent: readonly SendingDomainRow[];
  readonly keys: readonly DkimKey[];
};

export type RememberedDomains = {
  keys(domain: string): readonly IdentityKey[];
  /** Another domain that signs for this one with its keys. */
  signedBy(domain: string): string | undefined;
  /** Undefined if no mail was counted. */
  sent(domain: string): SentMail | undefined;
  /** What mail of the domain, and of those below it, offers to unsubscribe. */
  unsubscribe(domain: string): UnsubscribeSpan;
  /** Other domains in From of outgoing mail, the busiest first. */
  others(
    than: readonly string[],
  ): readonly { readonly domain: string; readonly messagesPerDay: number }[];
};

/** A domain without mail for this long counts as not sending. */
const staleMs = 90 * dayMs;

export function rememberedDomains(
  { keys, sent }: StoredDomains,
  { signing }: Config,
  now: Millis,
): RememberedDomains {
  const rows = sent.filter(({ lastAt }) => lastAt > now - staleMs);
  return {
    keys: (domain) => keys.filter((key) => key.domain === domain).flatMap(identityKey),
    signedBy: (domain) => {
      const having = (one: string): boolean =>
        keys.some((key) => key.domain === one && key.state === 'signing');
      const set = signing.domains[domain];
      if (set !== undefined) return having(set) ? set : undefined;
      const above = domainsAbove(domain).find(having);
      return above ?? (having(signing.identity) ? signing.identity : undefined);
    },
    sent: (domain) => {
      const row = rows.find((one) => one.domain === domain);
      return row && { messagesPerDay: perDay(row), signedBy: row.signedBy };
    },
    unsubscribe: (domain) =>
      unsubscribeSum(
        rows
          .filter((one) => one.domain === domain || one.domain.endsWith(`.${domain}`))
          .flatMap((one) => one.unsubscribe ?? []),
      ),
    others: (than) =>
      rows
        .filter(({ domain }) => !than.includes(domain))
        .map((row) => ({ domain: row.domain, messagesPerDay: perDay(row) }))
        .sort((one, other) => other.messagesPerDay - one.messagesPerDay),
  };
}

/** The keys by which domains sign. Postern publishes probation keys itself; they come and go. */
export function lastingKeys(keys: readonly DkimKey[]): readonly DkimKey[] {
  return keys.filter(({ use }) => use === undefined);
}

/** The sending server. Undefined without an address: this machine may be another one. */
export function sendingServer(
  config: Config,
  given: {
    readonly ip?: readonly string[] | undefined;
    readonly host?: string | undefined;
    readonly helo?: string | undefined;
  } = {},
): MailServer | undefined {
  const { identity } = config;
  const named = [given.host, identity.host, config.host, hostname()];
  const host = named.find((one) => one?.includes('.'))?.toLowerCase();
  const set = given.ip ?? identity.addresses.map(clientAddress);
  const addresses = set.length > 0 ? set : publicAddresses();
  if (addresses.length === 0) return undefined;
  return { host, helo: given.helo ?? host, addresses: [...new Set(addresses)] };
}

function perDay({ firstAt, lastAt, messages }: SendingDomainRow): number {
  return Math.ceil(messages / Math.max(1, (lastAt - firstAt) / dayMs));
}

function identityKey(key: DkimKey): readonly IdentityKey[] {
  if (key.state === 'gone') return [];
  const { selector, publicKey } = key;
  const state = key.state === 'revoked' ? 'revoked' : 'published';
  return [{ selector, publicKey, state, algorithm: keyType(key) }];
}
