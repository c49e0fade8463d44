/**
 * DKIM keys that already sign, for tests and benchmarks: files and rows of the ledger, as if DNS
 * had shown them long ago. The name server must not be there then ([dns]), or it would be seen that
 * it does not show them.
 */
import { join } from 'node:path';
import { type DkimKey, newKey } from '../src/core/signing/key.ts';
import { algorithmOf } from '../src/formats/dkim/signing-key.ts';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import { dayMs, type Millis } from '../src/lib/time.ts';
import { openKeyFiles, writeKeyFile } from '../src/partners/keys/key-files.ts';

/** TOML under which no name server is asked: port 1 of this machine refuses. */
export const noNameServer = '[dns]\nservers = ["127.0.0.1:1"]\n';

export type KeyWanted = {
  readonly domain: string;
  readonly selector: string;
  /** PEM. */
  readonly privateKey: string;
};

/** Puts them into a state folder whose guard does not run. Answers with their records, by name. */
export function writeSigningKeys(
  state: string,
  wanted: readonly KeyWanted[],
): Readonly<Record<string, string>> {
  const folder = join(state, 'keys');
  const files = openKeyFiles(folder);
  const records: Record<string, string> = {};
  const rows: DkimKey[] = [];
  const since = (Date.now() - dayMs) as Millis;
  for (const { domain, selector, privateKey } of wanted) {
    writeKeyFile(folder, join(domain, `${selector}.pem`), privateKey);
    const facts = files.facts({ domain, selector });
    const key = newKey({ domain, selector, ...facts, note: 'made for a test' }, since);
    rows.push({ ...key, state: 'signing', times: { ...key.times, signing: since } });
    const type = facts.algorithm === algorithmOf('rsa') ? 'rsa' : 'ed25519';
    records[`${selector}._domainkey.${domain}`] = `v=DKIM1; k=${type}; p=${facts.publicKey}`;
  }
  const ledger = openLedger(join(state, 'ledger.db'), { log: () => undefined });
  ledger.write(
    rows.map((row) => ({ kind: 'dkim-key', row }) as const),
    { durable: true },
  );
  ledger.close();
  return records;
}
