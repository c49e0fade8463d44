import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openPrivateKey } from '../../lib/private-key.ts';
import { openBodyHash } from '../dkim/body-hash.ts';
import type { HeaderField } from '../dkim/header-canonical.ts';
import type { SigningKey } from '../dkim/signing-key.ts';
import { answeredBy, type DnsLookup, type DnsQuestion } from '../dns/question.ts';
import { type DnsRecord, txtStrings } from '../dns/record.ts';
import { zoneAnswers } from '../dns/zone-answers.ts';
import { arcChain } from './chain.ts';
import { sealArc } from './seal.ts';
import { type ArcVerdict, arcBody, verifyArc } from './verify.ts';

const now = 1_795_000_000_000;
const body = 'Hello \r\n\r\nthere\r\n\r\n';

function keyOf(domain: string): { readonly key: SigningKey; readonly record: DnsRecord } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const opened = openPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  assert.ok(opened.ok);
  const { sign, publicKey } = opened.value;
  return {
    key: { domain, selector: 'arc', algorithm: 'rsa-sha256', sign },
    record: {
      name: `arc._domainkey.${domain}`,
      ttlSeconds: 60,
      type: 'TXT',
      strings: txtStrings(`v=DKIM1; k=rsa; p=${publicKey}`),
    },
  };
}
const keys = { one: keyOf('one.example'), two: keyOf('two.example') };
const answer = zoneAnswers([
  keys.one.record,
  keys.two.record,
  { name: 'arc._domainkey.silent.example', ttlSeconds: 60, type: 'TXT', strings: ['TIMEOUT'] },
]);

const message: readonly HeaderField[] = [
  { name: 'Received', value: ' from a by b' },
  { name: 'DKIM-Signature', value: ' v=1; d=example.org; b=x' },
  { name: 'From', value: ' Joe <joe@example.org>' },
  { name: 'Subject', value: ' a  long\n\tsubject' },
];

function bodyHash(text: string, canonicalization: 'simple' | 'relaxed' = 'relaxed'): Buffer {
  const hash = openBodyHash({ canonicalization });
  hash.update(Buffer.from(text), 0, text.length);
  return hash.digest().hash;
}

/** The message as `by` hands it on. */
async function sealed(
  fields: readonly HeaderField[],
  by: SigningKey,
  valid: 'valid' | 'broken' = 'valid',
): Promise<readonly HeaderField[]> {
  const added = await new Promise<readonly HeaderField[]>((resolve, reject) => {
    sealArc(
      {
        chain: arcChain(fields),
        valid: valid === 'valid',
        results: { authservId: by.domain, results: [] },
        fields,
        bodyHash: bodyHash(body),
        lineLengthLimit: 998,
        key: by,
        now,
      },
      (fault, done) => (fault === undefined ? resolve(done) : reject(fault)),
    );
  });
  return [...added, ...fields];
}

function verify(fields: readonly HeaderField[], text: string = body): DnsLookup<ArcVerdict> {
  const chain = arcChain(fields);
  const wanted = arcBody(chain);
  const hash = wanted === undefined ? undefined : bodyHash(text, wanted.canonicalization);
  return verifyArc({ chain, fields, bodyHash: hash, now });
}
const verdict = (fields: readonly HeaderField[], text?: string): string => {
  const { result, instances, why } = answeredBy(verify(fields, text), answer);
  return `${result} ${instances} ${why}`.trim();
};
/** Changes the first field of a name. */
const changed = (
  fields: readonly HeaderField[],
  name: string,
  how: (value: string) => string,
): readonly HeaderField[] => {
  const at = fields.findIndex((field) => field.name === name);
  return fields.map((field, index) =>
    index === at ? { ...field, value: how(field.value) } : field,
  );
};

const first = await sealed(message, keys.one.key);
const second = await sealed([{ name: 'Received', value: ' from b by c' }, ...first], keys.two.key);
const third = await sealed(second, keys.one.key);

test('a chain that was sealed once, twice, three times', () => {
  assert.equal(verdict(message), 'none 0');
  assert.equal(verdict(first), 'pass 1 sealed by one.example');
  assert.equal(verdict(second), 'pass 2 sealed by two.example, 2 times in all');
  assert.equal(verdict(third), 'pass 3 sealed by one.example, 3 times in all');
});

test('lines are folded, and none is longer than 78', () => {
  for (const { name, value } of third) {
    for (const line of `${name}:${value}`.split('\n')) assert.ok(line.length <= 78, line);
  }
});

const spoilt: readonly (readonly [string, readonly HeaderField[], string, string?])[] = [
  ['another body', second, 'fail 2 the newest signature is of another body', 'Bye\r\n'],
  [
    'another subject',
    changed(second, 'Subject', () => ' b'),
    'fail 2 the newest signature: it does not fit what it covers',
  ],
  [
    'white space folded anew',
    changed(second, 'Subject', () => ' a long subject '),
    'pass 2 sealed by two.example, 2 times in all',
  ],
  [
    'an older result was changed',
    [
      ...second.slice(0, 6),
      ...changed(second.slice(6), 'ARC-Authentication-Results', (value) => `${value}; spf=pass`),
    ],
    'fail 2 seal 2: it does not fit what it covers',
  ],
  [
    'a set is missing',
    third.filter((field) => !/\bi=2;/.test(field.value)),
    'fail 3 instance 2 is not complete',
  ],
  [
    'the newest set was taken away',
    third.filter((field) => !/\bi=3;/.test(field.value)),
    'pass 2 sealed by two.example, 2 times in all',
  ],
  ['a field twice', [...second, ...second.slice(0, 1)], 'fail 2 two fields arc-seal of instance 2'],
  [
    'no instance',
    changed(second, 'ARC-Seal', (value) => value.replace('i=2;', '')),
    'fail 2 a field arc-seal without an instance',
  ],
  [
    'an instance too many',
    changed(first, 'ARC-Seal', (value) => value.replace('i=1', 'i=51')),
    'fail 1 a field arc-seal without an instance',
  ],
  [
    'the seal speaks of another chain',
    changed(first, 'ARC-Seal', (value) => value.replace('cv=none', 'cv=pass')),
    'fail 1 the seal of instance 1 says cv=pass',
  ],
  [
    'ended by another',
    changed(second, 'ARC-Seal', (value) => value.replace('cv=pass', 'cv=fail')),
    'fail 2 two.example found it broken at instance 2',
  ],
  [
    'no such key',
    changed(first, 'ARC-Seal', (value) => value.replace('s=arc', 's=no')),
    'fail 1 seal 1: there is no key at no._domainkey.one.example',
  ],
  [
    'a silent server',
    changed(first, 'ARC-Seal', (value) => value.replace('one.example', 'silent.example')),
    'temperror 1 seal 1: the key could not be fetched: no server answers for ' +
      'arc._domainkey.silent.example',
  ],
  [
    'the signature covers a seal',
    changed(first, 'ARC-Message-Signature', (value) => value.replace('h=', 'h=ARC-Seal:')),
    'fail 1 the newest signature covers a seal',
  ],
  [
    'From is not covered',
    changed(first, 'ARC-Message-Signature', (value) => value.replace('From', 'Date')),
    'fail 1 the newest signature does not cover From',
  ],
  [
    'an old algorithm',
    changed(first, 'ARC-Message-Signature', (value) => value.replace('sha256', 'sha1')),
    'fail 1 the newest signature: a=rsa-sha1 is not known',
  ],
  [
    'expired',
    changed(first, 'ARC-Message-Signature', (value) => value.replace(' t=', ' x=17; t=')),
    'fail 1 the newest signature has expired',
  ],
];
for (const [name, fields, wanted, text] of spoilt) {
  test(`ARC: ${name}`, () => assert.equal(verdict(fields, text), wanted));
}

test('a broken chain is sealed once, for itself alone, and then never again', async () => {
  const broken = await sealed(
    changed(second, 'Subject', () => ' b'),
    keys.one.key,
    'broken',
  );
  assert.match(broken[0]?.value ?? '', /^ i=3;.* cv=fail;/);
  assert.equal(verdict(broken), 'fail 3 one.example found it broken at instance 3');
  assert.deepEqual(await sealed(broken, keys.two.key, 'broken'), broken);
});

test('fifty seals are read, and no fifty-first is made', async () => {
  let fields = message;
  for (let n = 0; n < 50; n++) fields = await sealed(fields, keys.one.key);
  assert.equal(verdict(fields), 'pass 50 sealed by one.example, 50 times in all');
  assert.deepEqual(await sealed(fields, keys.one.key), fields);
});

test('made-up seals cost one question, or none', () => {
  const bomb = Array.from({ length: 50 }, (_, n): HeaderField[] => {
    const key = `d=d${n}.example; s=s${n}`;
    const start = ` i=${n + 1}; a=rsa-sha256; ${key};`;
    return [
      { name: 'ARC-Seal', value: `${start} cv=${n === 0 ? 'none' : 'pass'}; b=aaaa` },
      {
        name: 'ARC-Message-Signature',
        value:
          `${start} c=relaxed/relaxed; h=from; bh=${bodyHash(body).toString('base64')}; ` +
          'b=aaaa',
      },
      { name: 'ARC-Authentication-Results', value: ` i=${n + 1}; x; none` },
    ];
  }).flat();
  const asked: DnsQuestion[] = [];
  const count = (question: DnsQuestion): ReturnType<typeof answer> => {
    asked.push(question);
    return answer(question);
  };
  assert.equal(answeredBy(verify([...bomb, ...message]), count).result, 'fail');
  assert.deepEqual(asked, [{ name: 's49._domainkey.d49.example', type: 'TXT' }]);
  assert.equal(answeredBy(verify([...bomb, ...message], 'other'), count).result, 'fail');
  assert.equal(asked.length, 1);
});

test('no fields of strangers break it', () => {
  const name = fc.constantFrom(
    'ARC-Seal',
    'arc-message-signature',
    'ARC-Authentication-Results',
    'From',
  );
  const part = fc.oneof(
    fc.string({ maxLength: 10 }),
    fc.constantFrom(
      ' i=1;',
      ' i=2;',
      ' cv=none;',
      'h=from;',
      'a=rsa-sha256;',
      'd=one.example;',
      's=arc;',
      'b=',
      'bh=',
    ),
  );
  const value = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(fc.record({ name, value }), { maxLength: 8 }), (fields) => {
      const { result } = answeredBy(verify(fields), answer);
      assert.ok(result === 'none' || result === 'fail');
    }),
  );
});
