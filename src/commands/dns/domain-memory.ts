/** Reads from the ledger which domains send mail here, how much, and their DKIM keys. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { unsubscribeSum } from '../../core/lanes/one-click.ts';
import {
  lastingKeys,
  type RememberedDomains,
  rememberedDomains,
  type StoredDomains,
} from '../../daemon/base/sending-identity.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import type { BulkRow } from '../../ports/lanes.ts';
import { type FolderOwner, otherOwnerOf } from '../guard/owner.ts';
import { mayLookInto, stateDirectory } from '../guard/run-file.ts';

export type DomainMemory = RememberedDomains & {
  /** Why the ledger could not be read; empty if it was read, or if no ledger is there. */
  readonly unread: string;
  /** This server's own domains, as far as they are known. */
  readonly domains: readonly string[];
  /** What providers took on the busiest day, where they have a rule for bulk senders. */
  readonly bulk: readonly BulkRow[];
  /** Addresses that mail left from, as the mail log named them. */
  readonly sources: readonly string[];
};

type Stored = StoredDomains & Pick<DomainMemory, 'bulk' | 'sources'>;

/** As many as are counted (flow/signing/sending-domains.ts). */
const domainsMax = 10_000;
/** A reader that takes longer has failed; the commands do without its answer. */
const readMs = 30_000;

/** Reads the ledger. If it cannot be read, `warn` gets the reason, and the commands go on. */
export async function domainMemory(
  state: string | undefined,
  config: Config,
  warn: (text: string) => void,
): Promise<DomainMemory> {
  const { accounts } = config;
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
    bulk: [],
    sources: [],
    unsubscribe: () => unsubscribeSum([]),
    unread: '',
  };
  try {
    mayLookInto(dirname(path));
    if (!existsSync(path)) return nothing;
    const owner = otherOwnerOf(dirname(path));
    const stored = await (owner === undefined ? readDomains(path) : readDomainsAs(owner, path));
    return {
      ...rememberedDomains(stored, config, Date.now() as Millis),
      bulk: stored.bulk,
      sources: stored.sources,
      unread: '',
      domains: [...own, ...stored.keys.map(({ domain }) => domain)],
    };
  } catch (cause) {
    const unread = faultText(cause);
    warn(`postern: cannot read ${path}, so this goes on without it: ${unread}\n`);
    return { ...nothing, unread };
  }
}

export async function readDomains(path: string): Promise<Stored> {
  const { openLedger } = await import('../../ledger/sqlite/open.ts');
  const ledger = openLedger(path, { readOnly: true });
  try {
    return {
      sent: ledger.sendingDomains(domainsMax),
      keys: lastingKeys(ledger.dkimKeys()),
      bulk: ledger.bulkDomains(),
      sources: [...new Set(ledger.lanes().map(({ source }) => source))].filter((one) => one !== ''),
    };
  } finally {
    ledger.close();
  }
}

async function readDomainsAs(owner: FolderOwner, path: string): Promise<Stored> {
  const { openOwnerProcess } = await import('../guard/owner-process.ts');
  const script = join(import.meta.dirname, 'ledger-process.ts');
  const reader = openOwnerProcess(script, [path], { ...owner, limitMs: readMs });
  return (await reader.ask({})) as Stored;
}
