/** `postern dkim sign` and `verify` with files: what they print, and how they end. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keyRecordFor, printKeyRecord } from '../src/formats/dkim/key-record.ts';
import { txtStrings } from '../src/formats/dns/record.ts';
import { makeKeyPair, openPrivateKey } from '../src/lib/private-key.ts';
import { postern } from './command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-dkim-command-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string | Buffer, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const rsa = await makeKeyPair('rsa');
const ed25519 = await makeKeyPair('ed25519');
const rsaFile = file('r1.pem', rsa);
const edFile = file('e1.pem', ed25519);

function txt(name: string, pem: string): string {
  const key = openPrivateKey(pem);
  assert.ok(key.ok);
  const strings = txtStrings(printKeyRecord(keyRecordFor(key.value)));
  return `${name}. TXT ${strings.map((one) => `"${one}"`).join(' ')}\n`;
}
const zone = file(
  'zone',
  `$TTL 1h\n${txt('r1._domainkey.example.org', rsa)}${txt('e1._domainkey.example.org', ed25519)}` +
    '_domainkey.example.org. TXT "o=~"\n',
);

const message =
  'From: Joe <joe@example.org>\nSubject: hello\n  you\n\nline one  \n\nline three\n\n\n';
const mail = file('mail.eml', message);
const keys = ['--key', rsaFile, '--selector', 'r1', '--domain', 'example.org'];
const both = [...keys, '--key', edFile, '--selector', 'E1'];

async function signedFile(name: string, change: (text: string) => string): Promise<string> {
  const { exit, out, err } = await postern('dkim', 'sign', mail, ...both);
  assert.deepEqual([exit, err], [0, '']);
  return file(name, change(out + message));
}

test('what is signed verifies, with LF and with CRLF', async () => {
  for (const end of ['\n', '\r\n']) {
    const path = await signedFile('signed.eml', (text) => text.replaceAll('\n', end));
    const { exit, out } = await postern('dkim', 'verify', path, '--zone', zone, '--json');
    assert.equal(exit, 0);
    const { results, leftOvers } = JSON.parse(out);
    assert.deepEqual(
      results.map((one: Record<string, unknown>) => [one['result'], one['selector'], one['bits']]),
      [
        ['pass', 'r1', 2048],
        ['pass', 'e1', 256],
      ],
    );
    assert.equal(leftOvers[0].at, '_domainkey.example.org');
  }
});

test('what a person reads', async (t) => {
  const path = await signedFile(
    'changed.eml',
    (text) =>
      `DomainKey-Signature: a=rsa-sha1; d=example.org; s=x; b=AA\n${text.replace('three', '3')}`,
  );
  const { exit, out, err } = await postern('dkim', 'verify', path, '--zone', zone);
  assert.equal(exit, 1);
  assert.equal(err, 'postern: no signature is valid\n');
  const golden = join(import.meta.dirname, 'golden/commands/dkim-verify.txt');
  t.assert.fileSnapshot(out, golden, { serializers: [String] });
});

test('a message without signatures', async () => {
  const { exit, out } = await postern('dkim', 'verify', mail, '--zone', zone);
  assert.equal(exit, 1);
  assert.match(out, /^none .*there is no signature$/m);
});

test('the fields as JSON', async () => {
  const words = [...keys, '--identity', 'joe@a.example.org', '--json'];
  const { exit, out } = await postern('dkim', 'sign', mail, ...words);
  assert.equal(exit, 0);
  const { fields } = JSON.parse(out);
  assert.equal(fields.length, 1);
  assert.equal(fields[0].name, 'DKIM-Signature');
  assert.match(fields[0].value, /i=joe@a\.example\.org;/);
});

const weak = generateKeyPairSync('rsa', {
  modulusLength: 512,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey;
const open = file('open.pem', rsa, 0o644);
const domain = ['--domain', 'example.org'];
const refused: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['a key that all can read', ['--key', open, '--selector', 's', ...domain], 78, /every user/],
  ['a weak key', ['--key', file('weak', weak), '--selector', 's', ...domain], 78, /512 bits/],
  ['no key', ['--key', mail, '--selector', 's', ...domain], 78, /is not a private key/],
  ['no file', ['--key', join(folder, 'x'), '--selector', 's', ...domain], 66, /cannot be read/],
  ['a selector too few', [...keys, '--key', edFile], 64, /2 keys and 1 selectors/],
  ['no domain', ['--key', rsaFile, '--selector', 's', '--domain', 'a..b'], 64, /no valid DNS name/],
  ['another identity', [...keys, '--identity', 'a@b.example'], 64, /is not in example\.org/],
];
for (const [name, words, code, want] of refused) {
  test(`sign refuses: ${name}`, async () => {
    const { exit, out, err } = await postern('dkim', 'sign', mail, ...words);
    assert.deepEqual([exit, out], [code, '']);
    assert.match(err, want);
    assert.ok(!err.includes('BEGIN'));
  });
}

test('files that are no messages', async () => {
  const none = file('none.eml', 'just words\n\nbody\n');
  const { exit, err } = await postern('dkim', 'sign', none, ...keys);
  assert.equal(exit, 65);
  assert.match(err, /a line without a colon: "just words"/);
  const nobody = file('nobody.eml', 'Subject: x\n\nbody\n');
  assert.match((await postern('dkim', 'sign', nobody, ...keys)).err, /it has no From field/);
  assert.equal((await postern('dkim', 'verify', '-', '--zone', '-')).exit, 64);
  const gone = await postern('dkim', 'verify', join(folder, 'gone.eml'), '--zone', zone);
  assert.equal(gone.exit, 66);
});

test('a message of 50 MB, mostly one line, costs less than 1 MB (slow)', async () => {
  const large = file(
    'large.eml',
    Buffer.concat([Buffer.from('From: joe@example.org\n\n'), Buffer.alloc(50 * 1024 * 1024, 'x')]),
  );
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 1);
  const { exit, out } = await postern('dkim', 'sign', large, ...keys);
  clearInterval(watch);
  assert.equal(exit, 0);
  assert.match(out, /^DKIM-Signature: /);
  assert.ok(most < 1024 * 1024, `${most} bytes of buffers at once`);
});
