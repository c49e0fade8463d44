/**
 * Keys and their records on a real BIND: a new key is published by dynamic update, or refused, and
 * the command says which; odd records are read as `dkim verify` reads them; one dead secondary does
 * not stop a key for good.
 */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Finding } from '../../src/core/finding.ts';
import { serverText } from '../../src/formats/dns/server-address.ts';
import { makeKeyPair } from '../../src/lib/private-key.ts';
import type { KeyView } from '../../src/ports/admin.ts';
import { postern, type Ran } from '../command-line.ts';
import { type NamedInstance, startNamed, updateServer } from './named-instance.ts';

const root = mkdtempSync(join(tmpdir(), 'postern-dkim-named-'));
after(() => rmSync(root, { recursive: true, force: true }));

const pem = await makeKeyPair('rsa');
const publicKey = (type: 'spki' | 'pkcs1'): string =>
  createPublicKey(pem).export({ format: 'der', type }).toString('base64');
const pemFile = join(root, 'key.pem');
writeFileSync(pemFile, pem, { mode: 0o600 });

/** As in a master file: strings of at most 255 octets. */
const strings = (text: string): string =>
  (text.match(/.{1,200}/g) ?? []).map((part) => `"${part}"`).join(' ');
const head = (zone: string): string => `$ORIGIN ${zone}.
$TTL 300
@ SOA ns1.${zone}. hostmaster.${zone}. 1 7200 3600 1209600 300
@ NS ns1.${zone}.
ns1 A 127.0.0.1
`;
const odd = [
  ['pkcs1', `v=DKIM1; k=rsa; p=${publicKey('pkcs1')}`, true],
  ['capital', `v=DKIM1; k=RSA; p=${publicKey('spki')}`, true],
  ['sha1', `v=DKIM1; h=sha1; k=rsa; p=${publicKey('spki')}`, false],
  ['other-service', `v=DKIM1; s=tlsrpt; k=rsa; p=${publicKey('spki')}`, false],
  ['backslash', `v=DKIM1\\\\; p=${publicKey('spki')}`, false],
] as const;

let named: NamedInstance;
before(async () => {
  const records = odd.map(([name, text]) => `s._domainkey.${name} TXT ( ${strings(text)} )\n`);
  named = await startNamed({
    zones: {
      'new.test': head('new.test'),
      'odd.test': `${head('odd.test')}${records.join('')}`,
      'dead.test':
        `${head('dead.test')}@ NS ns2.dead.test.\nns2 A 127.0.0.2\n` +
        `s._domainkey TXT ( ${strings(`v=DKIM1; k=rsa; p=${publicKey('spki')}`)} )\n`,
    },
  });
});
after(() => named?.[Symbol.asyncDispose]());

let states = 0;
/** Commands with a state folder of their own. `more`: lines of the configuration. */
function commands(more = ''): (...words: readonly string[]) => Promise<Ran> {
  const config = configuration(more);
  const state = join(root, `state-${states}`);
  return (...words) => postern('dkim', ...words, '--state', state, '--config', config);
}

function configuration(more = ''): string {
  states += 1;
  const config = join(root, `${states}.toml`);
  const { port } = named.server;
  const dns = `[dns]\nservers = ["${serverText(named.server)}"]\nauthority_port = ${port}\n`;
  writeFileSync(config, `${dns}${more}`);
  return config;
}

function updates(keyFile: string): string {
  const server = updateServer(named);
  return `[[dns.updates]]\nzones = ["new.test"]\nserver = "${server}"\nkey_file = "${keyFile}"\n`;
}

test('dkim new says that it published, and the name server has the records', async () => {
  const run = commands(updates(named.keyFile));
  const { exit, out } = await run('new', 'new.test', '--selector', 's1', '--algorithm', 'rsa');
  assert.equal(exit, 0);
  assert.match(out, /\nPublished: the name server took 1 record by dynamic update\.\n/);
  assert.match(out, /\n {2}s1\._domainkey\.new\.test\n/);
  assert.doesNotMatch(out, /Publish these records|For BIND/);
  assert.equal((await named.dig('s1._domainkey.new.test', 'TXT')).length, 1);
});

test('dkim new says that the name server refused, with the record to publish', async () => {
  const wrong = join(root, 'wrong.key');
  writeFileSync(
    wrong,
    'key "nobody" {\n algorithm hmac-sha256;\n' +
      ' secret "bm90IGEgcmVhbCBzZWNyZXQgb2YgYW55b25l";\n};\n',
    { mode: 0o600 },
  );
  const run = commands(updates(wrong));
  const { out } = await run('new', 'new.test', '--selector', 's2', '--algorithm', 'rsa');
  assert.match(out, /\nNot published: the name server refused 1 record\.\n/);
  assert.match(out, /s2\._domainkey\.new\.test: /);
  assert.match(out, /For BIND:\n/);
  assert.doesNotMatch(out, /\nPublished/);
});

test('a key signs where the verifier can use its record, and only there', async () => {
  const run = commands();
  for (const [name, , isUsable] of odd) {
    const domain = `${name}.odd.test`;
    const { out } = await run('import', 'file', pemFile, '--domain', domain, '--selector', 's');
    const want = isUsable ? /: taken over, signs/ : /: taken over, waits to be seen in DNS \(ns1/;
    assert.match(out, want, name);
    assert.equal(/not usable|another key/.test(out), !isUsable, out);
    assert.equal((await verified(domain)).exit, isUsable ? 0 : 1, name);
    assert.equal(await checked(domain), isUsable ? 'ok' : 'fail', name);
  }
});

/** `dkim verify` of a message that the key signed. */
async function verified(domain: string): Promise<Ran> {
  const file = join(root, 'message.eml');
  const message = `From: <a@${domain}>\nSubject: x\n\nHello.\n`;
  writeFileSync(file, message);
  const sign = ['--key', pemFile, '--selector', 's', '--domain', domain];
  const { out } = await postern('dkim', 'sign', file, ...sign);
  writeFileSync(file, `${out}${message}`);
  return postern('dkim', 'verify', file, '--config', configuration());
}

/** What `dns check` says about the key. */
async function checked(domain: string): Promise<string | undefined> {
  const about = ['--ip', '192.0.2.1', '--host', 'mail.test', '--key', `s=${pemFile}`];
  const config = ['--config', configuration(), '--state', join(root, 'none'), '--json'];
  const { out } = await postern('dns', 'check', domain, ...about, ...config);
  process.exitCode = 0; // the check found what this test looks for
  type Checked = { readonly domains: readonly { readonly findings: readonly Finding[] }[] };
  const { domains } = JSON.parse(out) as Checked;
  return domains.flatMap(({ findings }) => findings).find(({ id }) => id === 'dkim.s')?.kind;
}

test('one dead secondary: nothing to publish, and an order makes the key sign', async () => {
  const run = commands();
  const file = ['file', pemFile, '--domain', 'dead.test', '--selector', 's'];
  const imported = await run('import', ...file);
  assert.match(imported.out, /: taken over, waits to be seen in DNS \(ns2\.dead\.test: /);
  const keys = await run('keys');
  assert.match(
    keys.out,
    /published .* signs from \d{4}-\S+ \S+Z on if the other name servers stay/,
  );
  assert.match(
    keys.out,
    /see why not every name server answers .*, or sign without them: postern dkim use s\._domain/,
  );
  assert.doesNotMatch(keys.out, /For BIND|publish its record/);
  const used = await run('use', 's._domainkey.dead.test', '--note', 'ns2 is dead');
  assert.equal(used.exit, 0, used.err);
  assert.match(used.out, /^s of dead\.test signs now, by your order; DNS showed at the last look/);
  const [key] = JSON.parse((await run('keys', '--json')).out) as readonly KeyView[];
  assert.equal(key?.state, 'signing');
  assert.equal((await run('use', 's._domainkey.dead.test', '--note', 'again')).exit, 1);
  assert.equal((await run('use', 'dead.test', '--note', 'x')).exit, 64);
  assert.match((await run('retire', 'dead.test', 's')).out, /no longer signs/);
});
