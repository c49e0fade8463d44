/**
 * Messages on the wire: whatever bytes come, an answer is read or refused, quickly and without an
 * exception.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'dns-packet';
import fc from 'fast-check';
import { anyName } from '../../../test/doubles/records.ts';
import { timed } from '../../../test/processor-time.ts';
import { dnsTypes } from '../../formats/dns/record.ts';
import { messageBytes, questionBytes, readReply } from './message.ts';

const question = questionBytes({ name: 'mail.example.test', type: 'TXT' });
const id = 0x1234;
const good = encode({
  type: 'response',
  id,
  questions: [{ name: 'MAIL.example.test', type: 'TXT' }],
  answers: [
    { name: 'mail.example.test', type: 'CNAME', ttl: 0xffff_ffff, data: 'a.example.test' },
    {
      name: 'a.example.test',
      type: 'TXT',
      ttl: 5,
      data: [Buffer.from([255, 0]), Buffer.from('x')],
    },
    { name: 'a.example.test', type: 'MX', data: { preference: 5, exchange: '.' } },
    { name: 'a.example.test', type: 'AAAA', data: '::ffff:192.0.2.1' },
    { name: 'a.example.test', type: 'SRV', data: { port: 1, target: 'b' } },
    { name: 'a.example.test', type: 'TXT', class: 'CH', data: 'no' },
  ],
});

test('an answer is records; other types and classes are left out', () => {
  const reply = readReply(good, question, id);
  assert.deepEqual(reply?.sections?.answers, [
    { name: 'mail.example.test', ttlSeconds: 0, type: 'CNAME', target: 'a.example.test' },
    { name: 'a.example.test', ttlSeconds: 5, type: 'TXT', strings: ['\xff\0', 'x'] },
    { name: 'a.example.test', ttlSeconds: 0, type: 'MX', preference: 5, exchange: '' },
    { name: 'a.example.test', ttlSeconds: 0, type: 'AAAA', address: '::ffff:c000:201' },
  ]);
});

test('an answer to another question, with another id, or a question does not count', () => {
  assert.equal(readReply(good, question, id + 1), undefined);
  const other = questionBytes({ name: 'mail.example.test', type: 'MX' });
  assert.equal(readReply(good, other, id), undefined);
  const header = { id, recursion: true, edns: true };
  assert.equal(readReply(messageBytes(question, header), question, id), undefined);
});

test('a bad packet is refused and not thrown: any bytes, and good ones with changes', () => {
  const bytes = fc.uint8Array({ maxLength: 2_000 }).map((any) => {
    const head = Buffer.from([id >> 8, id & 255, 0x81, 0x80, 0, 1]);
    return Buffer.concat([head, Buffer.from(any.subarray(0, 6)), question, any]);
  });
  const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
  const spoiled = fc.array(change, { maxLength: 8 }).map((changes) => {
    const copy = Buffer.from(good);
    for (const [at, value] of changes) copy[at] = value;
    return copy;
  });
  const { ms } = timed(() =>
    fc.assert(
      fc.property(fc.oneof(bytes, spoiled), fc.boolean(), (any, cut) => {
        const reply = readReply(cut ? any.subarray(0, any.length >> 1) : any, question, id);
        for (const record of reply?.sections?.answers ?? []) {
          assert.ok(dnsTypes.includes(record.type));
        }
      }),
      { numRuns: 2_000 },
    ),
  );
  assert.ok(ms < 20_000, `${ms} ms`);
});

test('the worst chain of compression pointers costs no pause worth the name', () => {
  // The first record's data are pointers, each to the one before; 298 more records have the last of
  // them as owner.
  const base = 12 + question.length + 11;
  const pointers = Buffer.alloc(0x4000 - base - (base % 2));
  for (let at = 2; at < pointers.length; at += 2)
    pointers.writeUInt16BE(0xc000 | (base + at - 2), at);
  const owner = 0xc000 | (base + pointers.length - 2);
  const record = Buffer.from([owner >> 8, owner & 255, 0, 99, 0, 1, 0, 0, 0, 0, 0, 0]);
  const head = Buffer.from([id >> 8, id & 255, 0x81, 0x80, 0, 1, 1, 43, 0, 0, 0, 0]);
  const [high, low] = [pointers.length >> 8, pointers.length & 255];
  const first = Buffer.from([0, 0, 99, 0, 1, 0, 0, 0, 0, high, low]);
  const many = Array.from({ length: 298 }, () => record);
  const bytes = Buffer.concat([head, question, first, pointers, ...many]);
  const { value: reply, ms: tookMs } = timed(() => readReply(bytes, question, id));
  // read to its end; none of the records is of a known type
  assert.deepEqual(reply?.sections?.answers, []);
  assert.ok(tookMs < 500, `${tookMs} ms`);
});

test('any name can be asked for', () => {
  fc.assert(
    fc.property(anyName, fc.constantFrom(...dnsTypes), (name, type) => {
      const asked = questionBytes({ name, type });
      const message = messageBytes(asked, { id, recursion: false, edns: true });
      message.writeUInt16BE(0x8003, 2);
      assert.equal(readReply(message, asked, id)?.rcode, 3);
    }),
  );
});
