import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeKeyPair, openPrivateKey } from '../../lib/private-key.ts';
import { keyOf, keyRecordFor, keyRemarks, parseKeyRecord, printKeyRecord } from './key-record.ts';
import { parseTagList } from './tag-list.ts';

const made = openPrivateKey(await makeKeyPair('rsa', 1024));
assert.ok(made.ok);
const rsa1024 = made.value.publicKey;
const ed25519 = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';

test('a record as it is published', () => {
  const parsed = parseKeyRecord(
    `v=DKIM1; k=ed25519; t=s : y; s=email:*; h=sha256; n=hi there;\r\n p=${ed25519};`,
  );
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value, {
    keyType: 'ed25519',
    publicKey: ed25519,
    hashes: ['sha256'],
    services: ['email', '*'],
    flags: ['s', 'y'],
    notes: 'hi there',
    granularity: undefined,
    versioned: true,
  });
  const key = keyOf(parsed.value);
  assert.ok(key.ok && key.value.bits === 256);
});

test('the record of a key of ours is free of remarks, and is read as it was written', () => {
  const record = keyRecordFor({ type: 'ed25519', publicKey: ed25519 });
  assert.equal(printKeyRecord(record), `v=DKIM1; k=ed25519; p=${ed25519}`);
  assert.deepEqual(keyRemarks(record), []);
  assert.equal(printKeyRecord(keyRecordFor({ type: 'rsa', publicKey: '' })), 'v=DKIM1; k=rsa; p=');
});

/** Text, and what is wrong with it as a record. */
const unreadable = [
  ['', /empty tag/],
  ['p', /has no "="/],
  ['v=DKIM2; p=x', /not a DKIM version/],
  ['k=rsa; v=DKIM1; p=x', /first tag/],
  ['v=DKIM1; k=rsa', /no key/],
  ['v=DKIM1; p=a; p=b', /occurs twice/],
  ['v=DKIM1;; p=a', /empty tag/],
  ['v=DKIM1; 1p=a', /not a tag name/],
  ['"v=DKIM1; p=a"', /quotation marks/],
  ['-----BEGIN PUBLIC KEY-----', /PEM file/],
  ['v=spf1 mx -all', /not a DKIM version/],
  [`v=DKIM1; p=${'A'.repeat(64_000)}`, /more than any key/],
] as const;
for (const [text, want] of unreadable) {
  test(`unreadable: ${text.slice(0, 40)}`, () => {
    const parsed = parseKeyRecord(text);
    assert.ok(!parsed.ok);
    assert.match(parsed.error, want);
  });
}

/** Text, and why no signature may use it. */
const unusable = [
  ['p=', 'permerror', /revoked/],
  ['k=dsa; p=AAAA', 'permerror', /k=dsa/],
  [`k=ed25519; h=sha1; p=${ed25519}`, 'permerror', /sha256/],
  [`k=ed25519; s=xmpp; p=${ed25519}`, 'permerror', /not for mail/],
  ['p=AAAA', 'permerror', /cut off/],
  ['p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMv', 'permerror', /cut off/],
  [`k=rsa; p=${ed25519}`, 'permerror', /cut off/],
  ['k=ed25519; p=AAAA', 'permerror', /3 octets/],
] as const;
for (const [text, kind, want] of unusable) {
  test(`unusable: ${text}`, () => {
    const parsed = parseKeyRecord(text);
    assert.ok(parsed.ok);
    const key = keyOf(parsed.value);
    assert.ok(!key.ok);
    assert.equal(key.error.kind, kind);
    assert.match(key.error.text, want);
    assert.equal(keyRemarks(parsed.value)[0]?.kind, 'bad');
  });
}

test('remarks on what works and could be better', () => {
  const remarks = (text: string): string => {
    const parsed = parseKeyRecord(text);
    assert.ok(parsed.ok);
    return keyRemarks(parsed.value)
      .map(({ kind, text }) => `${kind}: ${text}`)
      .join('\n');
  };
  assert.match(remarks(`v=DKIM1; p=${rsa1024}`), /^advice: the key has 1024 bits/);
  assert.match(remarks(`v=DKIM1; k=ed25519; t=y; p=${ed25519}`), /^advice: t=y/);
  assert.match(remarks(`k=ed25519; p=${ed25519}`), /^advice: v=DKIM1 is missing/);
  assert.match(remarks(`v=DKIM1; g=; k=ed25519; p=${ed25519}`), /^bad: g=/);
  assert.match(remarks(`v=DKIM1; g=*; k=ed25519; p=${ed25519}`), /^advice: g=/);
});

test('no text makes it throw; what is read survives printing', () => {
  const pieces = [
    'v=DKIM1',
    'p=',
    'k=rsa',
    't=y:s',
    'h=sha256',
    ';',
    ' ',
    'n=a',
    'g=*',
    's=email',
    '=',
  ];
  const texts = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...pieces, '; '), { maxLength: 20 }).map((parts) => parts.join('')),
    fc.uniqueArray(fc.constantFrom(...pieces.slice(1))).map((tags) => tags.join(';')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      parseTagList(text);
      const parsed = parseKeyRecord(text);
      if (!parsed.ok) return;
      keyRemarks(parsed.value);
      const again = parseKeyRecord(printKeyRecord(parsed.value));
      assert.deepEqual(again, parsed);
    }),
    { numRuns: 2_000 },
  );
});
