/**
 * What others sign, Postern verifies: dkimpy and Mail::DKIM, in all their ways. And where an octet
 * was changed anywhere, Postern, dkimpy and Mail::DKIM agree whether the signature still holds.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { keyRecordFor, printKeyRecord } from '../../src/formats/dkim/key-record.ts';
import { openMessageFeed } from '../../src/formats/dkim/message-from-file.ts';
import { type DkimResult, openVerifier } from '../../src/formats/dkim/verify.ts';
import { answeredBy } from '../../src/formats/dns/question.ts';
import { txtStrings } from '../../src/formats/dns/record.ts';
import { zoneAnswers } from '../../src/formats/dns/zone-answers.ts';
import { makeKeyPair, openPrivateKey } from '../../src/lib/private-key.ts';
import { messageFolder } from './dkim-verifiers.ts';
import { type OddMessage, oddMessages } from './odd-messages.ts';

const run = promisify(execFile);
const dir = await mkdtemp(join(tmpdir(), 'postern-others-'));
after(() => rm(dir, { recursive: true }));

const files = { rsa: join(dir, 'r1.pem'), ed25519: join(dir, 'e1.key') };
const records: Record<string, string> = {};
for (const type of ['rsa', 'ed25519'] as const) {
  const pem = await makeKeyPair(type);
  const key = openPrivateKey(pem);
  assert.ok(key.ok);
  const name = `${type === 'rsa' ? 'r1' : 'e1'}._domainkey.example.org`;
  records[name] = printKeyRecord(keyRecordFor(key.value));
  // dkimpy keeps the 32 octets of an Ed25519 key as base64: the last of PKCS#8.
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  await writeFile(files[type], type === 'rsa' ? pem : der.subarray(-32).toString('base64'), {
    mode: 0o600,
  });
}
const zone = zoneAnswers(
  Object.entries(records).map(([name, record]) => ({
    name,
    ttlSeconds: 60,
    type: 'TXT',
    strings: txtStrings(record),
  })),
);

function ours(message: Buffer): DkimResult {
  const verifier = openVerifier();
  const feed = openMessageFeed(verifier);
  feed.write(message);
  feed.end();
  const [result] = answeredBy(verifier.finish(Date.now()), zone);
  return result ?? assert.fail();
}

/** On the wire every message ends with a line end. */
function wire({ headers, body }: OddMessage): Buffer {
  const fields = headers.map(({ name, value }) => `${name}:${value}\r\n`).join('');
  const whole = `${fields}\r\n${body.toString('latin1')}`;
  return Buffer.from(whole.endsWith('\r\n') ? whole : `${whole}\r\n`, 'latin1');
}

const messages = fc.sample(oddMessages, { numRuns: 320, seed: 6_376 }).map(wire);

/** A folder of their own for messages, in their order. */
async function put(all: readonly Buffer[]): Promise<string> {
  const folder = await mkdtemp(join(dir, 'messages-'));
  for (const [i, message] of all.entries()) {
    await writeFile(join(folder, `${String(i).padStart(4, '0')}.eml`), message);
  }
  return folder;
}

async function taken(folder: string): Promise<readonly Buffer[]> {
  return Promise.all((await readdir(folder)).sort().map((file) => readFile(join(folder, file))));
}

async function signedByDkimpy(): Promise<readonly Buffer[]> {
  const folder = await put(messages);
  const script = join(import.meta.dirname, 'dkim-sign.py');
  await run('/usr/bin/python3', [script, folder, files.rsa, files.ed25519]);
  return taken(folder);
}
const signed = await signedByDkimpy();

test('dkimpy signs in sixteen ways, and all hold here', () => {
  assert.equal(signed.length, messages.length);
  for (const [i, message] of signed.entries()) {
    const { result, text: why } = ours(message);
    assert.equal(result, 'pass', `message ${i}: ${why}\n${message.toString('latin1')}`);
  }
});

test('Mail::DKIM signs in four ways, and all hold here', async () => {
  const folder = await put(messages);
  const script = join(import.meta.dirname, 'dkim-sign.pl');
  await run('/usr/bin/perl', [script, folder, files.rsa]);
  for (const [i, message] of (await taken(folder)).entries()) {
    const { result, text: why } = ours(message);
    assert.equal(result, 'pass', `message ${i}: ${why}\n${message.toString('latin1')}`);
  }
});

test('one octet changed anywhere: the same is said here, by dkimpy and by Mail::DKIM', async () => {
  await using folder = await messageFolder();
  const changes = fc.sample(fc.tuple(fc.nat(), fc.constantFrom('z', ' ', '\t', '0', ':')), {
    numRuns: signed.length,
    seed: 8_463,
  });
  const changed = signed.map((message, i) => {
    const [at = 0, octet = 'z'] = changes[i] ?? [];
    const copy = Buffer.from(message);
    const where = at % copy.length;
    if (copy[where] !== 0x0d && copy[where] !== 0x0a) copy.write(octet, where, 'latin1');
    return copy;
  });
  for (const [i, message] of changed.entries()) await folder.put(`${i}.eml`, message);
  const verdicts = new Map(
    await Promise.all(
      (['dkimpy', 'Mail::DKIM'] as const).map(
        async (by) => [by, await folder.verify(by, records)] as const,
      ),
    ),
  );
  let held = 0;
  for (const [i, message] of changed.entries()) {
    const { result, text: why, algorithm } = ours(message);
    if (result === 'pass') held++;
    for (const [by, found] of verdicts) {
      // Debian's Mail::DKIM knows no Ed25519.
      if (by === 'Mail::DKIM' && algorithm !== 'rsa-sha256') continue;
      const [other] = found.get(`${i}.eml`) ?? [];
      assert.equal(
        result === 'pass',
        other?.result === 'pass',
        `${i}: here ${result} (${why}), ${by} ${other?.result} (${other?.detail})\n` +
          `${message.toString('latin1')}`,
      );
    }
  }
  assert.ok(held > 20 && held < changed.length - 100, `${held} of ${changed.length} still hold`);
});
