/** Mailboxes of any size, and messages made to take time or memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryInUse } from '../../../test/memory-in-use.ts';
import { timed } from '../../../test/processor-time.ts';
import { readBounce } from './bounce.ts';
import { mailOctetsMax } from './mail-parts.ts';
import { openMessageCutter } from './mailbox-file.ts';

function cut(octets: string, chunk: number): readonly string[] {
  const messages: string[] = [];
  const cutter = openMessageCutter((message) => void messages.push(message));
  const bytes = Buffer.from(octets, 'latin1');
  for (let at = 0; at < bytes.length; at += chunk) cutter.write(bytes.subarray(at, at + chunk));
  cutter.end();
  return messages;
}

const line = 'From x@y.example Mon Mar  2 10:00:00 2026';
const second = `${line}\r\nSubject: 2\r\n\r\n\u00e9\r\n`;
const mailbox = `${line}\nSubject: 1\n\nOne\nFrom here on.\n\n${second}`;

test('a mailbox is cut at its separators, wherever its chunks end', () => {
  const expected = [`${line}\nSubject: 1\n\nOne\nFrom here on.\n\n`];
  expected.push(mailbox.slice(expected[0]?.length));
  for (let chunk = 1; chunk < 60; chunk++) assert.deepEqual(cut(mailbox, chunk), expected);
});

test('a message that quotes a separator is one message', () => {
  const message = `Subject: 1\n\n${line}\n\n${line}\nmore`;
  for (const chunk of [1, 7, 4_096]) assert.deepEqual(cut(message, chunk), [message]);
  assert.deepEqual(cut('', 1), []);
});

test('of a mailbox of 50 MB no more than one message is in memory', () => {
  let messages = 0;
  let longest = 0;
  const cutter = openMessageCutter((message) => {
    messages++;
    longest = Math.max(longest, message.length);
  });
  const start = Buffer.from(`\n\n${line}\nSubject: 1\n\n`);
  const body = Buffer.alloc(64 * 1024, 'text without any line end ');
  const before = memoryInUse();
  for (let nth = 0; nth < 800; nth++) {
    if (nth % 200 === 0) cutter.write(start.subarray(nth === 0 ? 2 : 0));
    cutter.write(body);
  }
  assert.ok(memoryInUse() - before < 4 * mailOctetsMax, 'limited while it is read');
  cutter.end();
  assert.equal(messages, 4);
  assert.equal(longest, mailOctetsMax);
});

const head = 'From: mailer-daemon@x.example\nTo: sue@sender.example\nSubject: failure notice\n';
const deep = (count: number): string =>
  Array.from({ length: count }, (_, nth) => {
    const type = `Content-Type: multipart/mixed; boundary=b${nth}`;
    return `${type}\n\n--b${nth}\n`;
  }).join('');
const kinds: readonly (readonly [string, (size: number) => string])[] = [
  ['nested multiparts', (size) => head + deep(size / 60)],
  [
    'boundaries',
    (size) => `${head}Content-Type: multipart/x; boundary=b\n\n${'--b\n'.repeat(size / 4)}`,
  ],
  ['opened tags', (size) => `${head}Content-Type: text/html\n\n${'<style><'.repeat(size / 8)}`],
  ['entities', (size) => `${head}Content-Type: text/html\n\n${'&#1;&amp'.repeat(size / 8)}`],
  ['addresses', (size) => `${head}\n${'a@b.example '.repeat(size / 12)}`],
  ['addresses on lines', (size) => `${head}\n${'<a@b.example>:\n'.repeat(size / 15)}`],
  [
    'words before addresses',
    (size) => `${head}\n${`${'deliver to '.repeat(80)}\n`.repeat(size / 881)}`,
  ],
  ['dots', (size) => `${head}\n${`${'a.'.repeat(400)}\n`.repeat(size / 801)}`],
  ['at signs', (size) => `${head}\n${`${'@'.repeat(800)}\n`.repeat(size / 801)}`],
  [
    'fields of a status',
    (size) => `${head}\n${'Final-Recipient: x;a@b\nStatus: 5\n'.repeat(size / 33)}`,
  ],
  ['header fields', (size) => `${head}${'X-A: b\n'.repeat(size / 7)}`],
  ['one field', (size) => `${head}X-A: b\n${' c\n'.repeat(size / 3)}`],
  ['octets of Japanese', (size) => `${head}\n${'\u001b$B'.repeat(size / 3)}`],
  ['bounces in bounces', (size) => `${head}\nReceived: from x\n`.repeat(size / 90)],
];
for (const [name, made] of kinds) {
  test(`${name}: time is limited by the size`, () => {
    const size = 256 * 1024;
    readBounce(made(size));
    const small = timed(() => readBounce(made(size)));
    const large = timed(() => readBounce(made(4 * size)));
    // Linear is 4; the rest is for what a small measurement gets wrong.
    assert.ok(large.ms < 12 * Math.max(small.ms, 15), `${small.ms} ms, then ${large.ms} ms`);
    assert.ok(large.value.recipients.length <= 1_000);
  });
}
