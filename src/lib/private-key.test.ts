import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { makeKeyPair, openPrivateKey, type PrivateKey } from './private-key.ts';
import { openPublicKey } from './public-key.ts';

function opened(text: string): PrivateKey {
  const key = openPrivateKey(text);
  assert.ok(key.ok, key.ok ? '' : key.error.text);
  return key.value;
}

const signed = (key: PrivateKey, data: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    key.sign(data, (fault, signature) =>
      fault === undefined ? resolve(signature) : reject(fault),
    );
  });

async function matches(key: PrivateKey): Promise<void> {
  const other = openPublicKey(key.publicKey, key.type);
  assert.ok(other.ok);
  const data = Buffer.from('some octets');
  const signature = await signed(key, data);
  assert.equal(other.value.bits, key.bits);
  assert.ok(other.value.verifies(data, signature));
  assert.ok(!other.value.verifies(Buffer.from('other octets'), signature));
  assert.ok(!other.value.verifies(data, signature.subarray(1)));
}

const rsaPem = await makeKeyPair('rsa', 2048);
const edPem = await makeKeyPair('ed25519');
const ofPem = (pem: string): ReturnType<typeof createPrivateKey> => createPrivateKey(pem);
const jwk = ofPem(edPem).export({ format: 'jwk' });
const seed = Buffer.from(jwk.d ?? '', 'base64url');
const point = Buffer.from(jwk.x ?? '', 'base64url');

const forms = [
  ['PKCS#8 RSA', rsaPem, 2048],
  ['PKCS#1 RSA', ofPem(rsaPem).export({ type: 'pkcs1', format: 'pem' }).toString(), 2048],
  [
    'base64 of DER',
    ofPem(rsaPem).export({ type: 'pkcs1', format: 'der' }).toString('base64'),
    2048,
  ],
  ['PKCS#8 Ed25519', edPem, 256],
  ['a seed, as dkimpy writes it', `${seed.toString('base64')}\n`, 256],
  [
    'seed and public key, as rspamd writes it',
    Buffer.concat([seed, point]).toString('base64'),
    256,
  ],
] as const;
for (const [name, text, bits] of forms) {
  test(`reads ${name}`, async () => {
    const key = opened(text);
    assert.equal(key.bits, bits);
    await matches(key);
  });
}

test('all forms of one key have one public half', () => {
  const halves = new Set(forms.map(([, text]) => opened(text).publicKey));
  assert.equal(halves.size, 2);
  assert.ok(halves.has(point.toString('base64')));
});

const weak = generateKeyPairSync('rsa', {
  modulusLength: 512,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const passphrase = { cipher: 'aes-256-cbc', passphrase: 'x' } as const;
const faults = [
  [
    'encrypted',
    ofPem(rsaPem)
      .export({ type: 'pkcs8', format: 'pem', ...passphrase })
      .toString(),
  ],
  [
    'encrypted',
    ofPem(rsaPem)
      .export({ type: 'pkcs1', format: 'pem', ...passphrase })
      .toString(),
  ],
  ['weak', weak.privateKey],
  ['unsupported', weak.publicKey],
  ['unsupported', ec.export({ type: 'pkcs8', format: 'pem' }).toString()],
  ['unreadable', ''],
  ['unreadable', 'hello'],
  ['unreadable', 'x'.repeat(20_000)],
  ['unreadable', rsaPem.slice(0, 400)],
  ['unreadable', Buffer.alloc(64, 1).toString('base64')],
  ['unreadable', Buffer.alloc(40, 1).toString('base64')],
] as const;
for (const [kind, text] of faults) {
  test(`refuses ${JSON.stringify(text.slice(0, 30))}: ${kind}`, () => {
    const key = openPrivateKey(text);
    assert.ok(!key.ok);
    assert.equal(key.error.kind, kind);
    assert.ok(text === '' || !key.error.text.includes(text));
  });
}

test('printing a key shows nothing of its private half', () => {
  const key = opened(rsaPem);
  const shown = `${inspect(key, { depth: 9, showHidden: true })}${JSON.stringify(key)}`;
  assert.ok(!/PrivateKeyObject|BEGIN/.test(shown));
  const { d = '' } = ofPem(rsaPem).export({ format: 'jwk' });
  assert.ok(!shown.includes(d));
});

test('public keys that are none', () => {
  for (const [p, type, want] of [
    ['', 'rsa', /base64/],
    ['!!!!', 'rsa', /base64/],
    ['AAAA', 'rsa', /cut off/],
    ['AAAA', 'ed25519', /3 octets/],
    [opened(rsaPem).publicKey.slice(0, 100), 'rsa', /cut off/],
  ] as const) {
    const key = openPublicKey(p, type);
    assert.ok(!key.ok);
    assert.match(key.error, want);
  }
  const wide = generateKeyPairSync('rsa', { modulusLength: 1024, publicExponent: 65_537 });
  const pkcs1 = wide.publicKey.export({ type: 'pkcs1', format: 'der' }).toString('base64');
  assert.ok(openPublicKey(pkcs1, 'rsa').ok);
});
