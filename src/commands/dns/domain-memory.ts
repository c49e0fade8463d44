/** Reads from the ledger which domains send mail here, how much, and their DKIM keys. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { IdentityKey, SentMail } from '../../core/identity/identity.ts';
import { type DkimKey, keyType } from '../../core/signing/key.ts';
import { domainsAbove } from '../../formats/message/address.ts';
import { faultText } from '../../lib/error-text.ts';
import { dayMs } from '../../lib/time.ts';
import type { SendingDomainRow } from '../../ports/ledger.ts';
import { type FolderOwner, otherOwnerOf } from '../guard/owner.ts';
import { stateDirectory } from '../guard/run-file.ts';

export type DomainMemory = {
  /** This server's own domains, as far as they are known. */
  readonly domains: readonly string[];
  keys(domain: string): readonly IdentityKey[];
  /** Another domain that signs for this one with its keys. */
  signedBy(domain: string): string | undefined;
  /** Undefined if no mail was counted. */
  sent(domain: string): SentMail | undefined;
  /** Other domains in From of outgoing mail, the busiest first. */
  others(
    than: readonly string[],
  ): readonly { readonly domain: string; readonly messagesPerDay: number }[];
};

/** As many as are counted (flow/signing/sending-domains.ts). */
const domainsMax = 10_000;
/** A domain without mail for this long counts as not sending. */
const staleMs = 90 * dayMs;

/** Reads the ledger. If it cannot be read, `warn` gets the reason, and the commands go on. */
export async function domainMemory(
  state: string | undefined,
  { accounts, signing }: Config,
  warn: (text: string) => void,
): Promise<DomainMemory> {
  const own = [accounts.default_domain, ...accounts.local_domains].filter(
    // `.example.org` means all names below example.org.
    (one) => one !== '' && !one.startsWith('.'),
  );
  const path = resolve(stateDirectory(state), 'ledger.db');
  const nothing: DomainMemory = {
    domains: own,
    keys: () => [],
    signedBy: () => undefined,
    sent: () => undefined,
    others: () => [],
  };
  if (!existsSync(path)) return nothing;
  try {
    const owner = otherOwnerOf(dirname(path));
    const { sent, keys } = await (owner === undefined
      ? readDomains(path)
      : readDomainsAs(owner, path));
    const rows = sent.filter(({ lastAt }) => lastAt > Date.now() - staleMs);
    return {
      domains: [...own, ...keys.map(({ domain }) => domain)],
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
      others: (than) =>
        rows
          .filter(({ domain }) => !than.includes(domain))
          .map((row) => ({ domain: row.domain, messagesPerDay: perDay(row) }))
          .sort((one, other) => other.messagesPerDay - one.messagesPerDay),
    };
  } catch (cause) {
    warn(`postern: cannot read ${path}, so this goes on without it: ${faultText(cause)}\n`);
    return nothing;
  }
}

type StoredDomains = {
  readonly sent: readonly SendingDomainRow[];
  readonly keys: readonly DkimKey[];
};

export async function readDomains(path: string): Promise<StoredDomains> {
  const { openLedger } = await import('../../ledger/sqlite/open.ts');
  const ledger = openLedger(path, { readOnly: true });
  try {
    // Postern publishes probation keys itself, and they come and go.
    const keys = ledger.dkimKeys().filter(({ use }) => use === undefined);
    return { sent: ledger.sendingDomains(domainsMax), keys };
  } finally {
    ledger.close();
  }
}

async function readDomainsAs(owner: FolderOwner, path: string): Promise<StoredDomains> {
  const { openOwnerProcess } = await import('../guard/owner-process.ts');
  const script = join(import.meta.dirname, 'ledger-process.ts');
  return (await openOwnerProcess(script, [path], owner).ask({})) as StoredDomains;
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
