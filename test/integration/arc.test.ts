/**
 * ARC with other people's programs: what we seal, Mail::DKIM and dkimpy find good; what they seal,
 * we do; and a chain of all three in any order is one that all three believe, until somebody
 * changes the message.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { arcChain } from '../../src/formats/arc/chain.ts';
import { sealArc } from '../../src/formats/arc/seal.ts';
import { arcBody, verifyArc } from '../../src/formats/arc/verify.ts';
import { openBodyHash } from '../../src/formats/dkim/body-hash.ts';
import type { HeaderField } from '../../src/formats/dkim/header-canonical.ts';
import { answeredBy } from '../../src/formats/dns/question.ts';
import { type DnsRecord, txtStrings } from '../../src/formats/dns/record.ts';
import { zoneAnswers } from '../../src/formats/dns/zone-answers.ts';
import { makeKeyPair, openPrivateKey, type PrivateKey } from '../../src/lib/private-key.ts';
import { type Other, others, sealArcBy, verifyArcBy } from './arc-others.ts';

type Who = Other | 'Postern';
const all: readonly Who[] = [...others, 'Postern'];
const domains: Readonly<Record<Who, string>> = {
  dkimpy: 'dkimpy.example',
  'Mail::DKIM': 'perl.example',
  Postern: 'postern.example',
};

let dir = '';
let keyFile = '';
let records: Readonly<Record<string, string>> = {};
let key: PrivateKey;
let zone: readonly DnsRecord[] = [];

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'postern-arc-'));
  const pem = await makeKeyPair('rsa');
  const opened = openPrivateKey(pem);
  assert.ok(opened.ok);
  key = opened.value;
  keyFile = join(dir, 'key.pem');
  const record = `v=DKIM1; k=rsa; p=${key.publicKey}`;
  const names = Object.values(domains).map((domain) => `arc._domainkey.${domain}`);
  await writeFile(keyFile, pem);
  records = Object.fromEntries(names.map((name) => [name, record]));
  zone = names.map((name) => ({ name, ttlSeconds: 60, type: 'TXT', strings: txtStrings(record) }));
});
after(() => rm(dir, { recursive: true, force: true }));

const testMessage = Buffer.from(
  [
    'Received: from a.example by b.example; Wed, 25 Nov 2026 04:00:00 +0000',
    'From: Joe  Doe <joe@example.org>',
    'To: ann@example.net,',
    '\tbob@example.net',
    'Subject: =?utf-8?q?caf=C3=A9?= and  more',
    'Message-Id: <1@example.org>',
    'MIME-Version: 1.0',
    '',
    'Hello  there, \t',
    '',
    '.a dot, and a b\xe4d octet',
    '',
    '',
    '',
  ].join('\r\n'),
  'latin1',
);

function parts(message: Buffer): { fields: readonly HeaderField[]; body: Buffer } {
  const end = message.indexOf('\r\n\r\n');
  const text = message.toString('latin1', 0, end).replace(/\r\n(?=[ \t])/g, '\n');
  return {
    fields: text.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return { name: line.slice(0, colon), value: line.slice(colon + 1) };
    }),
    body: message.subarray(end + 4),
  };
}

const hashOf = (body: Buffer, how: Parameters<typeof openBodyHash>[0]): Buffer => {
  const hash = openBodyHash(how);
  hash.update(body, 0, body.length);
  return hash.digest().hash;
};

function verdict(message: Buffer): string {
  const { fields, body } = parts(message);
  const chain = arcChain(fields);
  const wanted = arcBody(chain);
  const bodyHash = wanted === undefined ? undefined : hashOf(body, wanted);
  const asking = verifyArc({ chain, fields, bodyHash, now: Date.now() });
  return answeredBy(asking, zoneAnswers(zone)).result;
}

async function verify(who: Who, message: Buffer): Promise<string> {
  if (who === 'Postern') return verdict(message);
  const found = await verifyArcBy(who, new Map([['one', message]]), records);
  return found.get('one')?.[0] ?? '';
}

/** The message as a server hands it on that believes what it finds. */
async function handOn(who: Who, message: Buffer): Promise<Buffer> {
  const found = verdict(message);
  const authservId = `mx.${domains[who]}`;
  const by = { domain: domains[who], selector: 'arc', keyFile, authservId };
  if (who === 'Postern') return sealedByUs(message, found === 'pass', by);
  const results =
    `Authentication-Results: ${authservId}; arc=${found}; spf=pass ` +
    'smtp.mailfrom=a@b.example\r\n';
  return sealArcBy(who, Buffer.concat([Buffer.from(results), message]), by);
}

async function sealedByUs(
  message: Buffer,
  valid: boolean,
  { domain, selector, authservId }: { domain: string; selector: string; authservId: string },
): Promise<Buffer> {
  const { fields, body } = parts(message);
  const added = await new Promise<readonly HeaderField[]>((resolve, reject) => {
    sealArc(
      {
        chain: arcChain(fields),
        valid,
        fields,
        now: Date.now(),
        results: { authservId, results: [{ method: 'spf', result: 'none', properties: [] }] },
        bodyHash: hashOf(body, { canonicalization: 'relaxed' }),
        lineLengthLimit: 0,
        key: { domain, selector, algorithm: 'rsa-sha256', sign: key.sign },
      },
      (fault, done) => (fault === undefined ? resolve(done) : reject(fault)),
    );
  });
  const text = added.map(({ name, value }) => `${name}:${value.replaceAll('\n', '\r\n')}\r\n`);
  return Buffer.concat([Buffer.from(text.join(''), 'latin1'), message]);
}

const chains: readonly (readonly Who[])[] = [
  [],
  ['Postern'],
  ['dkimpy'],
  ['Mail::DKIM'],
  ['dkimpy', 'Postern', 'Mail::DKIM'],
  ['Mail::DKIM', 'dkimpy', 'Postern', 'Postern'],
];
for (const chain of chains) {
  test(`handed on by ${chain.length === 0 ? 'nobody' : chain.join(', ')}`, async () => {
    let message: Buffer = testMessage;
    for (const who of chain) message = await handOn(who, message);
    const wanted = chain.length === 0 ? 'none' : 'pass';
    for (const who of all) assert.equal(await verify(who, message), wanted, who);
    if (chain.length === 0) return;
    const changed = Buffer.from(message);
    changed[changed.length - 20] = 0x58;
    for (const who of all) assert.equal(await verify(who, changed), 'fail', `${who}, changed`);
  });
}

test('a chain that was broken is sealed as such, and nobody believes it afterwards', async () => {
  const sealed = await handOn('dkimpy', testMessage);
  const broken = await handOn(
    'Postern',
    Buffer.from(sealed.toString('latin1').replace('Hello', 'Bye')),
  );
  assert.match(broken.toString('latin1', 0, 200), /ARC-Seal: i=2; a=rsa-sha256; cv=fail;/);
  for (const who of all) assert.notEqual(await verify(who, broken), 'pass', who);
  assert.deepEqual(await handOn('Postern', broken), broken);
});
