/**
 * Postern takes over from OpenDKIM and rspamd: for generated set-ups of up to 40 domains, the real
 * programs sign mail of each domain, and Postern's keys and rules after the import must give the
 * same signatures, by the same keys. IMPORT_SETUPS says how many set-ups of each program are tried.
 */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { noNameServer } from '../../bench/signing-keys.ts';
import { parseConfig } from '../../src/config/load.ts';
import { signingRulesOf } from '../../src/config/values.ts';
import { chooseKeys } from '../../src/core/signing/choose.ts';
import { openVerifier } from '../../src/formats/dkim/verify.ts';
import { answeredLater, type DnsAnswer } from '../../src/formats/dns/question.ts';
import { txtStrings } from '../../src/formats/dns/record.ts';
import { makeKeyPair } from '../../src/lib/private-key.ts';
import { signedByOpendkim, signedByRspamd } from '../../src/partners/keys/other-signers.ts';
import type { KeyView } from '../../src/ports/admin.ts';
import { postern, type Ran } from '../command-line.ts';
import { giveToRspamd } from './rspamd-process.ts';
import { startRspamdSigner } from './rspamd-signer.ts';
import { type MadeSetup, makeOpendkim, makeRspamd, type SetupPlace } from './signer-setups.ts';

const root = mkdtempSync(join(tmpdir(), 'postern-imports-'));
chmodSync(root, 0o755);
after(() => rmSync(root, { recursive: true, force: true }));

/** A multiple of four tries each form of a set-up. */
const setups = Number(process.env['IMPORT_SETUPS'] ?? '4');
const rsa = await Promise.all(Array.from({ length: 5 }, () => makeKeyPair('rsa')));
const ed25519 = await Promise.all(Array.from({ length: 3 }, () => makeKeyPair('ed25519')));

const body = Buffer.from('Hello.\r\n');
type Headers = readonly (readonly [name: string, value: string])[];
const headersOf = (author: string): Headers => [
  ['From', ` <${author}>`],
  ['To', ' <somebody@example.net>'],
  ['Date', ' Thu, 01 Jan 2026 12:00:00 +0000'],
  ['Subject', ' hello'],
];
const messageOf = (author: string): string =>
  `${headersOf(author)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('')}\r\n${body}`;

type Import = {
  readonly signing: {
    readonly identity: string;
    readonly domains: Readonly<Record<string, string>>;
  };
  readonly keys: readonly {
    readonly key: string;
    readonly taken: boolean;
    readonly text: string;
  }[];
  readonly unsigned: readonly unknown[];
  readonly gaps: readonly string[];
  readonly compared?: readonly { readonly from: string; readonly loses: boolean }[];
};

type After = {
  /** `selector of domain` that Postern signs mail of this author with, in order. */
  signersOf(author: string): readonly string[];
  /** DNS with the records of Postern's keys. */
  lookUp(name: string): DnsAnswer;
  readonly report: Import;
};

/**
 * Imports, adds the lines that the import asks for, and imports again, which must find all right.
 */
async function takeOver(folder: string, words: readonly string[]): Promise<After> {
  const state = `${folder}-state`;
  const config = `${folder}.toml`;
  writeFileSync(config, noNameServer);
  const run = async (...more: readonly string[]): Promise<Ran> =>
    postern('dkim', ...more, '--json', '--state', state, '--config', config);
  const first = await run('import', ...words);
  const report = JSON.parse(first.out) as Import;
  const { identity, domains } = report.signing;
  const lines = Object.entries(domains).map(([from, by]) => `"${from}" = "${by}"\n`);
  const isComplete = identity === '' && lines.length === 0;
  assert.equal(first.exit, isComplete ? 0 : 1, wrongIn(first));
  const signing = `[signing]\nidentity = "${identity}"\n[signing.domains]\n${lines.join('')}`;
  const toml = `${noNameServer}${signing}`;
  writeFileSync(config, toml);
  const again = await run('import', ...words);
  assert.equal(again.exit, 0, wrongIn(again));
  const keys = JSON.parse((await run('keys')).out) as readonly KeyView[];
  const rules = signingRulesOf(parseConfig(toml, 'test').config);
  const texts = new Map(keys.map(({ record }) => [record.name, record.text]));
  return {
    report,
    signersOf(author) {
      const host = author.slice(author.indexOf('@') + 1);
      const keysOf = (domain: string): readonly KeyView[] =>
        keys.filter((key) => key.domain === domain);
      const choice = chooseKeys([host], rules, keysOf);
      if (choice.kind !== 'sign') return [];
      return choice.keys.map(({ selector, domain }) => `${selector} of ${domain}`).sort();
    },
    lookUp(name) {
      const text = texts.get(name.toLowerCase());
      if (text === undefined) return { kind: 'none', exists: false, secure: false };
      const record = { type: 'TXT', name, ttlSeconds: 0, strings: txtStrings(text) } as const;
      return { kind: 'records', records: [record], secure: false };
    },
  };
}

/** Why an import failed: its last words, and what it says besides keys that were taken. */
function wrongIn({ out, err }: Ran): string {
  const { keys, compared, ...rest } = JSON.parse(out) as Import;
  const left = keys.filter(({ taken }) => !taken);
  const differing = compared?.filter(({ loses }) => loses);
  return `${err}${JSON.stringify({ ...rest, left, differing })}`;
}

/** Compares for each author. Answers with how many signatures were the same. */
async function compare(
  made: MadeSetup,
  now: After,
  sign: (author: string) => Promise<readonly string[]>,
): Promise<number> {
  let same = 0;
  const faults: string[] = [];
  for (const author of made.authors) {
    const fields = await sign(author);
    if (fields.length === 0) continue;
    const verifier = openVerifier();
    for (const value of fields) verifier.header('DKIM-Signature', value);
    for (const [name, value] of headersOf(author)) verifier.header(name, value);
    verifier.body(body, 0, body.length);
    const ask = async ({ name }: { readonly name: string }): Promise<DnsAnswer> => now.lookUp(name);
    const results = await answeredLater(verifier.finish(Date.now()), ask);
    const old = results
      .map((one) => {
        const name = `${one.selector.toLowerCase()} of ${one.domain}`;
        return one.result === 'pass' ? name : `${name}: ${one.text}`;
      })
      .sort();
    const own = now.signersOf(author);
    if (old.join() === own.join()) same += old.length;
    else faults.push(`${author}: ${old.join(', ')}; Postern: ${own.join(', ') || 'nothing'}`);
  }
  assert.deepEqual(faults, []);
  return same;
}

/** Seed and public half in one line of base64, the form of rspamd's own key files. */
function rspamdForm(pem: string): string {
  const key = createPrivateKey(pem);
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const octets = [d, x].map((part) => Buffer.from(part, 'base64url'));
  return Buffer.concat(octets).toString('base64');
}

function place(name: string, give: (path: string) => void): SetupPlace {
  const folder = join(root, name);
  mkdirSync(folder);
  give(folder);
  return {
    folder,
    rsa,
    ed25519: name.startsWith('rspamd') ? ed25519.map(rspamdForm) : ed25519,
    give,
  };
}

for (let seed = 0; seed < setups; seed++) {
  test(`OpenDKIM, set-up ${seed}: the same domains with the same keys`, async (t) => {
    const at = place(`opendkim-${seed}`, () => {});
    const made = makeOpendkim(seed, at);
    const now = await takeOver(at.folder, ['opendkim', made.conf, '--compare']);
    const same = await compare(made, now, (author) =>
      signedByOpendkim(made.conf, messageOf(author)).catch(() => []),
    );
    assert.ok(same > 0);
    assert.deepEqual(
      now.report.compared?.filter((one) => one.loses),
      [],
    );
    t.diagnostic(`${same} signatures, ${now.report.keys.length} keys`);
  });
}

for (let seed = 0; seed < setups; seed++) {
  test(`rspamd, set-up ${seed}: the same domains with the same keys`, async (t) => {
    const at = place(`rspamd-${seed}`, giveToRspamd);
    const made = makeRspamd(seed, at);
    await using rspamd = await startRspamdSigner(at.folder);
    const words = ['rspamd', made.conf, '--compare', '--rspamd', rspamd.url];
    const now = await takeOver(at.folder, words);
    const same = await compare(made, now, (author) =>
      signedByRspamd(rspamd.url, messageOf(author), author),
    );
    assert.ok(same > 0);
    assert.deepEqual(
      now.report.compared?.filter((one) => one.loses),
      [],
    );
    t.diagnostic(`${same} signatures, ${now.report.keys.length} keys`);
  });
}

test('two signatures of one domain by RSA keys: the second is named, and it fails', async () => {
  const { folder } = place('two-keys', () => {});
  const [one = '', two = ''] = rsa;
  for (const [name, pem] of [
    ['one', one],
    ['two', two],
  ] as const) {
    writeFileSync(join(folder, name), pem, { mode: 0o600 });
  }
  const conf = join(folder, 'opendkim.conf');
  const rows = ['one', 'two'].map((name) => `${name}=a.test:${name}:${folder}/${name}`);
  writeFileSync(
    conf,
    `RequireSafeKeys no\nMultipleSignatures Yes\nKeyTable csl:${rows.join(',')}\n` +
      'SigningTable csl:a.test=one,*=two\n',
  );
  const run = await postern(
    ...['dkim', 'import', 'opendkim', relative(process.cwd(), conf), '--dry-run', '--compare'],
    ...['--state', `${folder}-state`],
  );
  assert.equal(run.exit, 1);
  assert.match(run.out, /^! two\._domainkey\.a\.test: would not be taken: one is there for that/m);
  assert.match(
    run.out,
    /mail of a\.test was signed with two of a\.test; Postern signs it with one/,
  );
  assert.match(run.out, /^a\.test +one of a\.test, two of a\.test +one of a\.test +differs$/m);
});
