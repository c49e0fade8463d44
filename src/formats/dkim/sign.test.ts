import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeKeyPair, openPrivateKey, type PrivateKey } from '../../lib/private-key.ts';
import { openPublicKey } from '../../lib/public-key.ts';
import { openBodyHash } from './body-hash.ts';
import { canonicalHeader, type HeaderField } from './header-canonical.ts';
import { openSigner, type SignRequest, signedHeaderFieldsMax } from './sign.ts';
import { algorithmOf, type SigningKey } from './signing-key.ts';

async function opened(type: 'rsa' | 'ed25519'): Promise<PrivateKey> {
  const key = openPrivateKey(await makeKeyPair(type));
  assert.ok(key.ok);
  return key.value;
}
const rsa = await opened('rsa');
const ed25519 = await opened('ed25519');

function signingKey(key: PrivateKey, selector: string): SigningKey {
  return { domain: 'example.org', selector, algorithm: algorithmOf(key.type), sign: key.sign };
}
const rsaKey = signingKey(rsa, 'r1');
const edKey = signingKey(ed25519, 'e1');

type Signed = { readonly fault: Error | undefined; readonly fields: readonly HeaderField[] };

function sign(
  headers: readonly HeaderField[],
  body: string,
  request: Partial<SignRequest> = {},
): Promise<Signed> {
  const signer = openSigner({ lineLengthLimit: 998 });
  for (const { name, value } of headers) signer.header(name, value);
  const bytes = Buffer.from(body, 'latin1');
  signer.body(bytes, 0, bytes.length);
  return new Promise((resolve) => {
    signer.sign({ keys: [rsaKey], now: 1_700_000_000_123, ...request }, (fault, fields) =>
      resolve({ fault, fields }),
    );
  });
}

const from = { name: 'From', value: ' Joe <joe@example.org>' };
const to = { name: 'To', value: ' a@example.com,\n\tb@example.com' };

function tag(value: string, name: string): string {
  return (new RegExp(`[; ]\\s*${name}=([^;]*)`).exec(value)?.[1] ?? '').replace(/\s+/g, '');
}

test('two keys: two fields over the same hash, and both can be verified', async () => {
  const { fault, fields } = await sign([from, to], 'hello\r\n', { keys: [rsaKey, edKey] });
  assert.equal(fault, undefined);
  assert.deepEqual(
    fields.map(({ value }) => tag(value, 'a')),
    ['rsa-sha256', 'ed25519-sha256'],
  );
  const body = openBodyHash({ canonicalization: 'relaxed' });
  body.update(Buffer.from('hello\r\n'), 0, 7);
  const hash = body.digest().hash.toString('base64');
  for (const [i, key] of [rsa, ed25519].entries()) {
    const { name, value } = fields[i] ?? assert.fail();
    assert.equal(name, 'DKIM-Signature');
    assert.equal(tag(value, 'bh'), hash);
    assert.equal(tag(value, 't'), '1700000000');
    const text = [
      canonicalHeader('relaxed', from),
      canonicalHeader('relaxed', to),
      canonicalHeader('relaxed', { name, value: value.replace(/\bb=[\s\S]*$/, 'b=') }),
    ].join('\r\n');
    const opened = openPublicKey(key.publicKey, key.type);
    assert.ok(opened.ok);
    const data = Buffer.from(text, 'latin1');
    assert.ok(opened.value.verifies(data, Buffer.from(tag(value, 'b'), 'base64')));
    data[3] = (data[3] ?? 0) ^ 1;
    assert.ok(!opened.value.verifies(data, Buffer.from(tag(value, 'b'), 'base64')));
  }
});

test('what is covered', async () => {
  const headers = [
    { name: 'Received', value: ' from a' },
    { name: 'Return-Path', value: ' <a@b>' },
    { name: 'Bcc', value: ' c@d' },
    from,
    { name: 'subject', value: ' one' },
    { name: 'Subject', value: ' two' },
    { name: 'List-Unsubscribe', value: ' <https://example.org/>' },
    { name: 'Message-ID', value: ' <1@example.org>' },
    { name: 'X-Own', value: ' 1' },
  ];
  const { fields } = await sign(headers, '');
  assert.equal(
    tag(fields[0]?.value ?? '', 'h'),
    'From:From:Reply-To:To:Cc:Subject:Subject:Subject:In-Reply-To:References:Message-ID:M' +
      'essage-ID:List-Unsubscribe',
  );
});

test('its lines are short and folded for milters, without optional tags', async () => {
  const many = ['List-Id', 'List-Post', 'Resent-From', 'Date', 'MIME-Version', 'Content-Type'];
  const headers = [from, to, ...many.map((name) => ({ name, value: ' x' }))];
  const { fields } = await sign(headers, '', { keys: [rsaKey, edKey] });
  for (const { name, value } of fields) {
    assert.ok(value.startsWith(' ') && !value.includes('\r'));
    const lines = `${name}:${value}`.split('\n');
    for (const line of lines) assert.ok(line.length <= 76, line);
    for (const line of lines.slice(1)) assert.match(line, /^\t[^\s]/);
    assert.ok(lines.length > 3);
    for (const off of ['l', 'z', 'x', 'i', 'q']) assert.equal(tag(value, off), '', off);
  }
});

test('identity and expiry if asked for', async () => {
  const request = { identity: 'J\xf6e=@example.org', expiresInSeconds: 86_400 };
  const { fields } = await sign([from], '', request);
  assert.equal(tag(fields[0]?.value ?? '', 'i'), 'J=F6e=3D@example.org');
  assert.equal(tag(fields[0]?.value ?? '', 'x'), '1700086400');
});

test('no From, a header without end, or a key that fails: a fault and no field', async () => {
  assert.match((await sign([to], '')).fault?.message ?? '', /no From/);
  const crowd = Array.from({ length: signedHeaderFieldsMax + 1 }, () => to);
  assert.match((await sign([from, ...crowd], '')).fault?.message ?? '', /too large/);
  const huge = { name: 'Subject', value: 'x'.repeat(512_000) };
  assert.match((await sign([from, huge], '')).fault?.message ?? '', /too large/);
  const broken: SigningKey = {
    ...edKey,
    sign: (_, done) => setImmediate(() => done(new Error('no luck'), Buffer.alloc(0))),
  };
  const { fault, fields } = await sign([from], '', { keys: [rsaKey, broken] });
  assert.match(fault?.message ?? '', /selector e1 of example.org: no luck/);
  assert.deepEqual(fields, []);
});

test('no keys, nothing to do', async () => {
  assert.deepEqual(await sign([from], '', { keys: [] }), { fault: undefined, fields: [] });
});
