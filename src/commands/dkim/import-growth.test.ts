/** The work of an import grows as its tables do: twice the rows are about twice the work. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openOperations } from '../../../test/operations.ts';
import { noRules } from '../../core/signing/choose.ts';
import { keysInUse, planTakeover } from '../../core/signing/takeover.ts';
import type { SignerSetup } from '../../formats/filters/signer-setup.ts';
import { fileSource, opendkimSource, rspamdSource } from './import-sources.ts';

const root = mkdtempSync(join(tmpdir(), 'postern-import-growth-'));
const operations = await openOperations();
after(() => rmSync(root, { recursive: true, force: true }));

/** A set-up with this many domains in a folder of its own. */
type Make = (folder: string, domains: readonly string[]) => SignerSetup;

function rows(folder: string, name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const opendkim =
  (kind: 'file' | 'refile', { name = '', place = '' }): Make =>
  (folder, domains) => {
    const at = kind === 'refile' ? '*@' : '';
    const any = [`k %:s:${folder}/keys/${place}`];
    const keys = domains.map(
      (domain, n) =>
        `${name === '%' ? domain : `k${10_000 + n}`} ${domain}:s:${folder}/keys/${domain}`,
    );
    const signing = domains.map((domain, n) => `${at}${domain} ${name || `k${10_000 + n}`}`);
    const conf = [
      `KeyTable file:${rows(folder, 'key-table', place === '' ? keys : any)}`,
      `SigningTable ${kind}:${rows(folder, 'signing', signing)}`,
    ];
    return opendkimSource(rows(folder, 'opendkim.conf', conf));
  };

const setups: Readonly<Record<string, Make>> = {
  'OpenDKIM, tables': opendkim('file', {}),
  'OpenDKIM, patterns': opendkim('refile', {}),
  'OpenDKIM, the domain as the name of its key': opendkim('refile', { name: '%' }),
  'OpenDKIM, one row of keys by files': opendkim('refile', { name: 'k', place: '%' }),
  'rspamd, tables': (folder, domains) => {
    const keys = domains.map((domain, n) => `k${10_000 + n}x ${domain}:s:${folder}/keys/${domain}`);
    const signing = domains.map((domain, n) => `*@${domain} k${10_000 + n}x`);
    const conf = [
      `key_table = "${rows(folder, 'key-table', keys)}";`,
      `signing_table = "${rows(folder, 'signing', signing)}";`,
    ];
    return rspamdSource(rows(folder, 'dkim_signing.conf', conf));
  },
  'rspamd, maps': (folder, domains) => {
    const selectors = domains.map((domain) => `${domain} s`);
    const conf = [
      `selector_map = "${rows(folder, 'selectors', selectors)}"; path = "${folder}/keys/$domain";`,
    ];
    return rspamdSource(rows(folder, 'dkim_signing.conf', conf));
  },
  'one file': (folder, domains) => fileSource(join(folder, '0'), { domains, selector: 's' }),
};

async function cost(make: Make, count: number): Promise<number> {
  const folder = join(root, `${count}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'keys'), { recursive: true });
  writeFileSync(join(folder, '0'), '');
  const domains = Array.from({ length: count }, (_, n) => `domain-${10_000 + n}.example`);
  for (const domain of domains) writeFileSync(join(folder, 'keys', domain), '');
  return operations(() => {
    const setup = make(folder, domains);
    const keys = keysInUse(setup);
    assert.equal(keys.length, count);
    // Nobody has a key yet, then everybody has.
    assert.equal(planTakeover(setup, [], noRules).unsigned.length, count);
    assert.equal(planTakeover(setup, keys, noRules).unsigned.length, 0);
  });
}

for (const [name, make] of Object.entries(setups)) {
  test(name, async (t) => {
    const [some, twice] = [await cost(make, 300), await cost(make, 600)];
    t.diagnostic(`${some} operations for 300 domains, ${twice} for 600`);
    assert.ok(twice < 2.4 * some, `${some}, then ${twice}`);
  });
}
