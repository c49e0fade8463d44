/**
 * Lines that Postfix's smtp(8) breaks: a real Postfix sends messages that were signed as they will
 * be sent, and the signatures hold at the other end.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyRecordFor, printKeyRecord } from '../../src/formats/dkim/key-record.ts';
import { openMessageFeed } from '../../src/formats/dkim/message-from-file.ts';
import { openSigner } from '../../src/formats/dkim/sign.ts';
import { makeKeyPair, openPrivateKey } from '../../src/lib/private-key.ts';
import { messageFolder } from './dkim-verifiers.ts';
import { startPostfix } from './postfix-instance.ts';
import { connectSmtp } from './smtp-client.ts';
import { startSink } from './smtp-sink.ts';

const opened = openPrivateKey(await makeKeyPair('rsa'));
assert.ok(opened.ok);
const { publicKey, sign } = opened.value;
const records = {
  's._domainkey.example.org': printKeyRecord(keyRecordFor({ type: 'rsa', publicKey })),
};
const key = { domain: 'example.org', selector: 's', algorithm: 'rsa-sha256', sign } as const;

function signed(message: string, lineLengthLimit: number): Promise<string> {
  const signer = openSigner({ lineLengthLimit });
  const feed = openMessageFeed(signer);
  feed.write(Buffer.from(message, 'latin1'));
  feed.end();
  return new Promise((resolve, reject) => {
    signer.sign({ keys: [key], now: Date.now() }, (fault, [field]) => {
      if (fault !== undefined || field === undefined) return reject(fault);
      resolve(`${field.name}:${field.value.replaceAll('\n', '\r\n')}\r\n${message}`);
    });
  });
}

/** A line that ends with a record of 2,048 octets and is full at the same octet: 998 + 997 k. */
function rareLength(): number {
  let length = 998;
  while (length % 2_048 !== 0) length += 997;
  return length;
}

const x = (count: number): string => 'x'.repeat(count);
const head = (id: number): string =>
  'From: joe@example.org\r\nTo: a@world.test\r\nDate: Wed, 25 Nov 2026 12:00:00 ' +
  `+0000\r\nMessage-ID: <${id}@example.org>\r\nX-Test-Id: ${id}\r\n`;

/** More fields, and a body. */
const messages: readonly (readonly [string, string])[] = [
  ...[996, 997, 998, 999, 1_000, 1_994, 1_995, 1_996, 2_046, 2_047, 2_048, 2_049, 4_096, 9_000].map(
    (length) => ['', `${x(length)}\r\nnext\r\n`] as const,
  ),
  ['', `${x(rareLength())}\r\nnext\r\n`],
  ['', `${x(990)}${' '.repeat(20)}y\r\n${x(990)}${'\t'.repeat(3_000)}\r\nnext\r\n`],
  ['', `${'.'.repeat(3_000)}\r\n${'..'.repeat(998)}\r\n`],
  ['', `${'é'.repeat(3_000)}\r\n`],
  ['', `${x(5_000)}\r\n\r\n \r\n\r\n`],
  ['', x(3_000)],
  [`Subject: ${x(988)}\r\n`, 'body\r\n'],
  [`Subject: ${x(989)}\r\n`, 'body\r\n'],
  [`Subject: ${x(990)}\r\nReferences: ${'<a@b> '.repeat(600)}\r\n`, 'body\r\n'],
  [
    `Subject: short\r\n ${x(996)}\r\n ${x(997)}\r\n ${x(998)}\r\n\t${x(2_047)}\r\n ${x(5_000)}\r\n`,
    '',
  ],
];

for (const limit of [998, 100]) {
  test(`signed for smtp_line_length_limit = ${limit}`, async () => {
    await using sink = await startSink({ keepMessages: true });
    await using postfix = await startPostfix({
      sink: sink.port,
      settings: { smtp_line_length_limit: String(limit), disable_mime_output_conversion: 'yes' },
    });
    await using client = await connectSmtp(postfix.ports.smtp);
    for (const [id, [fields, body]] of messages.entries()) {
      const text = await signed(`${head(id)}${fields}\r\n${body}`, limit);
      const { code } = await client.sendOctets({
        from: 'joe@example.org',
        to: 'a@world.test',
        text,
      });
      assert.equal(code, 250, `message ${id}`);
    }
    await sink.until(() => sink.deliveries.length === messages.length, 'all messages');
    await using folder = await messageFolder();
    for (const { id, message } of sink.deliveries) {
      assert.ok(
        message.split('\r\n').every((line) => line.length <= limit),
        `lines of ${id}`,
      );
      await folder.put(`${id}.eml`, Buffer.from(message, 'latin1'));
    }
    for (const by of ['Mail::DKIM', 'dkimpy'] as const) {
      const found = await folder.verify(by, records);
      assert.equal(found.size, messages.length);
      for (const [name, [result]] of found) assert.equal(result?.result, 'pass', `${by}: ${name}`);
    }
  });
}
