/**
 * What the ledger of this machine remembers of domains: their DKIM keys, and what was sent in their
 * name.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { IdentityKey, SentMail } from '../../core/identity/identity.ts';
import { type DkimKey, keyType } from '../../core/signing/key.ts';
import { faultText } from '../../lib/error-text.ts';
import { dayMs } from '../../lib/time.ts';
import type { SendingDomainRow } from '../../ports/ledger.ts';
import { stateDirectory } from '../guard/run-file.ts';

export type DomainMemory = {
  /** All that are this server's own, as far as is known. */
  readonly domains: readonly string[];
  keys(domain: string): readonly IdentityKey[];
  /** Another domain, whose keys sign for this one. */
  signedBy(domain: string): string | undefined;
  /** Undefined: nothing, as far as anybody counted. */
  sent(domain: string): SentMail | undefined;
  /** Domains besides these in whose name mail left, the busiest first. */
  others(
    than: readonly string[],
  ): readonly { readonly domain: string; readonly messagesPerDay: number }[];
};

/** As many as are counted (flow/sending-domains.ts). */
const domainsMax = 10_000;
/** Who sent nothing for so long sends no more. */
const staleMs = 90 * dayMs;

/** `warn` hears why the ledger cannot be read; the commands go on without. */
export async function domainMemory(
  state: string | undefined,
  { accounts, signing }: Config,
  warn: (text: string) => void,
): Promise<DomainMemory> {
  const own = [accounts.default_domain, ...accounts.local_domains].filter(
    // `.example.org` is no domain, but all below one.
    (one) => one !== '' && !one.startsWith('.'),
  );
  const path = join(stateDirectory(state), 'ledger.db');
  const nothing: DomainMemory = {
    domains: own,
    keys: () => [],
    signedBy: () => undefined,
    sent: () => undefined,
    others: () => [],
  };
  if (!existsSync(path)) return nothing;
  try {
    const { openLedger } = await import('../../ledger/sqlite/open.ts');
    const ledger = openLedger(path, { readOnly: true });
    const rows = ledger
      .sendingDomains(domainsMax)
      .filter(({ lastAt }) => lastAt > Date.now() - staleMs);
    const keys = ledger.dkimKeys();
    ledger.close();
    return {
      domains: [...own, ...keys.map(({ domain }) => domain)],
      keys: (domain) => keys.filter((key) => key.domain === domain).flatMap(identityKey),
      signedBy: (domain) => {
        const having = (one: string): boolean =>
          keys.some((key) => key.domain === one && key.state === 'signing');
        const set = signing.domains[domain];
        if (set !== undefined) return having(set) ? set : undefined;
        const above = namesAbove(domain).find(having);
        return above ?? (having(signing.identity) ? signing.identity : undefined);
      },
      sent: (domain) => {
        const row = rows.find((one) => one.domain === domain);
        return row && { messagesPerDay: perDay(row), signedBy: row.signedBy };
      },
      others: (than) =>
        rows
          .filter(({ domain }) => !than.includes(domain))
          .map((row) => ({ domain: row.domain, messagesPerDay: perDay(row) }))
          .sort((one, other) => other.messagesPerDay - one.messagesPerDay),
    };
  } catch (cause) {
    warn(`postern: ${path} is not read: ${faultText(cause)}\n`);
    return nothing;
  }
}

function perDay({ firstAt, lastAt, messages }: SendingDomainRow): number {
  return Math.ceil(messages / Math.max(1, (lastAt - firstAt) / dayMs));
}

/** `example.org` and `org` of `shop.example.org`. */
function namesAbove(domain: string): readonly string[] {
  const labels = domain.split('.');
  return labels.slice(1).map((_, nth) => labels.slice(nth + 1).join('.'));
}

function identityKey(key: DkimKey): readonly IdentityKey[] {
  if (key.state === 'gone') return [];
  const { selector, publicKey } = key;
  const state = key.state === 'revoked' ? 'revoked' : 'published';
  return [{ selector, publicKey, state, algorithm: keyType(key) }];
}
