import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openSigner } from '../../formats/dkim/sign.ts';
import { openVerifier } from '../../formats/dkim/verify.ts';
import { answeredLater, type DnsAnswer } from '../../formats/dns/question.ts';
import { txtStrings } from '../../formats/dns/record.ts';
import { makeKeyPair, openPrivateKey } from '../../lib/private-key.ts';
import { isKeyName, recordText } from './key.ts';
import { sightingOf } from './sighting.ts';

const pem = await makeKeyPair('rsa');
const opened = openPrivateKey(pem);
assert.ok(opened.ok);
const { publicKey: own, sign } = opened.value;
const key = {
  domain: 'example.org',
  selector: 's',
  algorithm: 'rsa-sha256',
  publicKey: own,
} as const;
const edKey = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
/** The same key as RSAPublicKey, the form that RFC 6376 names. */
const pkcs1 = createPublicKey(pem).export({ format: 'der', type: 'pkcs1' }).toString('base64');
const none: DnsAnswer = { kind: 'none', exists: false, secure: false };
const silent: DnsAnswer = { kind: 'failure', reason: 'timeout', text: 'no answer in 2 s' };
const txt = (...texts: readonly string[]): DnsAnswer => ({
  kind: 'records',
  secure: false,
  records: texts.map((text) => ({
    type: 'TXT',
    name: 's._domainkey.example.org',
    ttlSeconds: 7_200,
    strings: txtStrings(text),
  })),
});
const right = txt(recordText(key));
const seen = (...answers: readonly DnsAnswer[]): string => {
  const servers = answers.map((answer, n) => ({ server: `ns${n}`, answer }));
  const { kind, cachedMs, text, isLacking = false } = sightingOf(key, servers, 3_600_000);
  return `${isLacking ? 'lacking, ' : ''}${kind} ${cachedMs / 3_600_000} h ${text}`.trim();
};

const cases = [
  ['both', [right, right], 'everywhere 1 h'],
  ['one lags', [right, none], 'partly 2 h ns1: no record'],
  ['neither', [none, none], 'nowhere 1 h ns0: no record; ns1: no record'],
  ['one is silent', [right, silent], 'answering 2 h ns1: no answer in 2 s'],
  ['one is silent, one lags', [right, none, silent], /^lacking, unknown 2 h ns1: no record; ns2/],
  ['one is silent, one has nothing', [none, silent], /^lacking, unknown 1 h ns0: no record; ns1/],
  ['all are silent', [silent, silent], /^unknown 1 h/],
  ['nobody to ask', [], 'unknown 0 h no server to ask'],
  ['revoked', [txt('v=DKIM1; p='), none], 'revoked 2 h ns0: revoked (an empty p=); ns1: no record'],
  [
    'white space',
    [txt(`v = DKIM1;k=rsa ; p= ${own.slice(0, 9)} ${own.slice(9)} ; n=x`)],
    'everywhere 1 h',
  ],
  ['no k', [txt(`p=${own}`)], 'everywhere 1 h'],
  ['k in capitals', [txt(`v=DKIM1; k=RSA; p=${own}`)], 'everywhere 1 h'],
  ['the same key in another form', [txt(`v=DKIM1; k=rsa; p=${pkcs1}`)], 'everywhere 1 h'],
  [
    'another key',
    [txt(`v=DKIM1; k=ed25519; p=${edKey}`)],
    /^other 2 h ns0: another key: v=DKIM1; k=ed/,
  ],
  ['another type', [txt(`k=ed25519; p=${own}`)], /^other .*Ed25519 has 32/],
  ['a foreign text beside it', [txt(`p=${own}`, 'x')], 'everywhere 1 h'],
  ['two keys', [txt(`p=${own}`, `p=${own}`)], /^other 2 h ns0: .*2 key records/],
  ['not a key', [txt('\u001b[31mhello')], /^other 2 h .*not a key.*found \?\[31mhello$/],
  ['only for sha1', [txt(`v=DKIM1; h=sha1; k=rsa; p=${own}`)], /^other .*not allow sha256/],
  ['not for mail', [txt(`v=DKIM1; s=tlsrpt; k=rsa; p=${own}`)], /^other .*not for mail/],
  ['a backslash', [txt(`v=DKIM1\\; p=${own}`)], /^other .*no(?:t a)? DKIM version/],
  [
    'a pasted line',
    [txt(`s1._domainkey IN TXT v=DKIM1; k=rsa; p=${own}`)],
    /^other .*not a tag name/,
  ],
  ['another version', [txt(`v=DKIM2; k=rsa; p=${own}`)], /^other .*v=DKIM2/],
  ['a late version', [txt(`k=rsa; p=${own}; v=DKIM1`)], /^other .*first tag/],
  ['an empty tag', [txt(`v=DKIM1;; k=rsa; p=${own}`)], /^other .*empty tag/],
  ['a tag twice', [txt(`p=OTHER; p=${own}`)], /^other .*occurs twice/],
] as const;
for (const [name, answers, want] of cases) {
  test(name, () => {
    if (typeof want === 'string') assert.equal(seen(...answers), want);
    else assert.match(seen(...answers), want);
  });
}

test('names of domains and selectors that may become names of files', () => {
  for (const good of ['example.org', 'xn--bcher-kva.example', 'a_b', '2026', 'x.y']) {
    assert.ok(isKeyName(good), good);
  }
  for (const bad of ['', '.', '..', 'a..b', '.a', 'a/b', 'A', 'a b', '-a', 'a-', 'ä', 'a\n']) {
    assert.ok(!isKeyName(bad), bad);
  }
  assert.ok(!isKeyName('a.'.repeat(120)));
});

test('the record, and the record of a revoked key', () => {
  assert.equal(recordText(key), `v=DKIM1; k=rsa; p=${own}`);
  assert.equal(
    recordText({ ...key, algorithm: 'ed25519-sha256' }, 'revoked'),
    'v=DKIM1; k=ed25519; p=',
  );
});

/** A record made of these pieces, right and odd ones, in any order. */
const pieces = [
  'v=DKIM1',
  'v=DKIM2',
  'v=DKIM1\\',
  'V=DKIM1',
  'k=rsa',
  'k=RSA',
  'k=ed25519',
  'k=dsa',
  'h=sha1',
  'h=sha256:sha1',
  'h=SHA256',
  's=tlsrpt',
  's=*',
  's=email:x',
  's=EMAIL',
  't=y',
  't=s',
  't=y:s',
  'g=*',
  'g=',
  'n=a note',
  '',
  ' ',
  'x',
  `p=${own}`,
  `p=${own}`,
  `p=${own.slice(0, 60)} ${own.slice(60)}`,
  `p=${own.slice(0, 60)}\t${own.slice(60)}=`,
  `p=${own.slice(0, 60)}`,
  `p=${pkcs1}`,
  `p = ${pkcs1}`,
  `P=${own}`,
  `p=${edKey}`,
  'p=',
  'p=OTHER',
  `"p=${own}"`,
];
const oneRecord = fc
  .tuple(
    fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 5 }),
    fc.constantFrom('; ', ';', ' ;', ' '),
    fc.constantFrom('', ';', ' ; '),
  )
  .map(([parts, between, end]) => `${parts.join(between)}${end}`);
const mostlyRight = fc
  .tuple(fc.constantFrom('v=DKIM1; ', ''), fc.constantFrom(...pieces), fc.constantFrom(own, pkcs1))
  .map(([version, piece, p]) => `${version}${piece}; p=${p}`);
const anyRecords = fc.array(fc.oneof(oneRecord, mostlyRight, fc.constant('other text')), {
  minLength: 1,
  maxLength: 2,
});

test('a key is seen exactly where the verifier accepts its signature', async () => {
  const fields = await signature();
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(anyRecords, async (texts) => {
      const answer = txt(...texts);
      const verifier = openVerifier();
      for (const [name, value] of fields) verifier.header(name, value);
      const [result] = await answeredLater(verifier.finish(0), async () => answer);
      const isSeen = sightingOf(key, [{ server: 'ns', answer }], 0).kind === 'everywhere';
      assert.equal(isSeen, result?.result === 'pass', `${texts.join(' | ')}: ${result?.text}`);
      if (isSeen) accepted++;
    }),
    { numRuns: 2_000, seed: 11 },
  );
  assert.ok(accepted > 200, `${accepted} records were accepted`);
});

/** A message without a body, signed with the key. */
function signature(): Promise<readonly (readonly [name: string, value: string])[]> {
  const from = ['From', ' joe@example.org'] as const;
  const signer = openSigner({ lineLengthLimit: 0 });
  signer.header(...from);
  return new Promise((resolve, reject) => {
    signer.sign({ keys: [{ ...key, sign }], now: 0 }, (fault, fields) => {
      if (fault !== undefined) reject(fault);
      else resolve([...fields.map(({ name, value }) => [name, value] as const), from]);
    });
  });
}
