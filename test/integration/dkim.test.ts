/**
 * What Postern signs, others verify: generated messages, odd ones among them, signed with RSA and
 * Ed25519, read by Perl's Mail::DKIM and Python's dkimpy.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HeaderField } from '../../src/formats/dkim/header-canonical.ts';
import { keyRecordFor, printKeyRecord } from '../../src/formats/dkim/key-record.ts';
import { openSigner } from '../../src/formats/dkim/sign.ts';
import { algorithmOf, type SigningKey } from '../../src/formats/dkim/signing-key.ts';
import { makeKeyPair, openPrivateKey } from '../../src/lib/private-key.ts';
import { messageFolder } from './dkim-verifiers.ts';
import { oddMessages } from './odd-messages.ts';

const keys: SigningKey[] = [];
const records: Record<string, string> = {};
for (const type of ['rsa', 'ed25519'] as const) {
  const key = openPrivateKey(await makeKeyPair(type));
  assert.ok(key.ok);
  const { publicKey, sign } = key.value;
  const selector = type === 'rsa' ? 'r1' : 'e1';
  keys.push({ domain: 'example.org', selector, algorithm: algorithmOf(type), sign });
  records[`${selector}._domainkey.example.org`] = printKeyRecord(keyRecordFor({ type, publicKey }));
}

/** A message on the wire, signed: SMTP ends the last line where the sender did not. */
function signed(headers: readonly HeaderField[], body: Buffer): Promise<Buffer> {
  const lastEnd = Buffer.from(
    body.length === 0 || body.toString('latin1').endsWith('\r\n') ? '' : '\r\n',
  );
  const signer = openSigner({ lineLengthLimit: 0 });
  for (const { name, value } of headers) signer.header(name, value);
  signer.body(body, 0, body.length);
  return new Promise((resolve, reject) => {
    signer.sign({ keys, now: Date.now() }, (fault, fields) => {
      if (fault !== undefined) return reject(fault);
      const lines = [...fields, ...headers].map(
        ({ name, value }) => `${name}:${value.replace(/\r?\n/g, '\r\n')}\r\n`,
      );
      resolve(Buffer.concat([Buffer.from(`${lines.join('')}\r\n`, 'latin1'), body, lastEnd]));
    });
  });
}

test('400 odd messages, each signed twice, verify with Mail::DKIM and dkimpy', async () => {
  await using folder = await messageFolder();
  const messages = fc.sample(oddMessages, { numRuns: 400, seed: 20_261_125 });
  for (const [i, { headers, body }] of messages.entries()) {
    await folder.put(`${i}.eml`, await signed(headers, body));
  }
  const perl = await folder.verify('Mail::DKIM', records);
  const python = await folder.verify('dkimpy', records);
  const faults: unknown[] = [];
  for (let i = 0; i < messages.length; i++) {
    const [rsa] = perl.get(`${i}.eml`) ?? [];
    const both = python.get(`${i}.eml`) ?? [];
    assert.equal(both.length, 2);
    for (const one of [rsa, ...both])
      if (one?.result !== 'pass') faults.push([i, one, messages[i]]);
  }
  assert.deepEqual(faults.slice(0, 3), []);
});
