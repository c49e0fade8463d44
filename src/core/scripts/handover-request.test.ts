import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { handoverField, handoverToken, parseHandoverField } from './handover-field.ts';
import {
  encodeHandoverRequest,
  type HandoverRequest,
  parseFacts,
  parseFirstLine,
  parseHandoverRequest,
} from './handover-request.ts';
import { writtenMail } from './written-mail.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((one) => !one.includes('\0'));
const plain = { noNullPrototype: true } as const;
const count = fc.nat({ max: 4_000_000 });
const facts = fc.record(
  {
    uid: count,
    pid: count,
    executable: text,
    cwd: text,
    script: text,
    how: fc.constantFrom('fastcgi', 'cgi', 'arguments', 'hint', 'none'),
    parents: fc.array(fc.record({ pid: count, uid: count, executable: text }, plain), {
      maxLength: 4,
    }),
  },
  plain,
);
const handIns: fc.Arbitrary<HandoverRequest> = fc.record(
  {
    id: fc.constant(`1700000000000-${'0123456789abcdef'.repeat(2)}`),
    sender: text,
    fullName: fc.option(text, { nil: undefined }),
    recipients: fc.array(
      text.filter((one) => one !== ''),
      { minLength: 1, maxLength: 4 },
    ),
    headerRecipients: fc.boolean(),
    crlf: fc.boolean(),
    phpScript: text,
    through: fc.subarray(['-G', '-Nnever', '-v']),
    claim: fc.option(facts as fc.Arbitrary<NonNullable<HandoverRequest['claim']>>, {
      nil: undefined,
    }),
  },
  plain,
);

test('what is printed is read again', () => {
  fc.assert(
    fc.property(handIns, fc.nat(), (request, length) => {
      const bytes = encodeHandoverRequest(request, length) ?? assert.fail('too long');
      const lineEnd = bytes.indexOf(0x0a);
      const first = parseFirstLine(bytes.toString('latin1', 0, lineEnd));
      const rest = bytes.subarray(lineEnd + 1);
      assert.deepEqual(first, { requestBytes: rest.length, messageBytes: length });
      assert.deepEqual(parseHandoverRequest(rest.toString('utf8')), { ok: true, value: request });
    }),
  );
});

test('anything else is refused, with the reason', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (json) => {
      const parsed = parseHandoverRequest(json);
      assert.ok(!parsed.ok && parsed.error !== '');
    }),
  );
  fc.assert(fc.property(fc.anything(), (value) => void parseFacts(value)));
  assert.equal(parseFirstLine('postern-sendmail 1 300001 5'), undefined);
  const many = Array.from({ length: 30_000 }, (_, nth) => `recipient${nth}@example.org`);
  const [one = assert.fail()] = fc.sample(handIns, 1);
  assert.equal(encodeHandoverRequest({ ...one, recipients: many }, 5), undefined);
});

test('no word brings another option along, or eats the end of the options', () => {
  const [one = assert.fail()] = fc.sample(handIns, 1);
  const parsed = (more: object) => parseHandoverRequest(JSON.stringify({ ...one, ...more }));
  for (const word of [
    '-vC/tmp/mine',
    '-X/tmp/log',
    '-XV+=x',
    '-GC/tmp/mine',
    '-R',
    '-N',
    '-B',
    '-C/tmp/mine',
    '-vbp',
  ]) {
    assert.deepEqual(parsed({ through: [word] }), { ok: false, error: 'through' }, word);
  }
  assert.ok(parsed({ through: ['-v', '-G', '-B8BITMIME', '-Nnever', '-Rhdrs', '-XV+='] }).ok);
  // What no command line takes would be tried without end.
  for (const recipients of [[''], ['x'.repeat(40_001)]]) {
    assert.deepEqual(parsed({ recipients }), { ok: false, error: 'recipients' });
  }
  assert.equal(encodeHandoverRequest({ ...one, sender: 'x'.repeat(40_001) }, 5), undefined);
});

test('the field by which a message is known again', () => {
  const token = handoverToken(33, `1700000000000-${'a'.repeat(32)}`);
  const value = handoverField(token, '0123456789abcdef').replace(/^[^:]*:/, '');
  assert.deepEqual(parseHandoverField(value), { token, attempt: '0123456789abcdef' });
  const continued = `${value}\n\rFrom: x`;
  assert.deepEqual(parseHandoverField(continued), { token, attempt: '0123456789abcdef' });
  for (const wrong of ['', ' x', `${value} x`, value.slice(0, -1), value.toUpperCase()]) {
    assert.equal(parseHandoverField(wrong), undefined, wrong);
  }
});

test('what a script wrote: fields as they are, then the body', () => {
  const mail = writtenMail(Buffer.from('A: b\r\n c\nX-Y :z\n\nbody: x\n'), { crlf: false });
  assert.deepEqual(mail.header, [
    { name: 'A', value: ' b\n c' },
    { name: 'X-Y', value: 'z' },
  ]);
  assert.equal(String(mail.bodyStart), 'body: x\n');
  assert.equal(
    String(writtenMail(Buffer.from('A: b\nno field\nC: d\n'), { crlf: false }).bodyStart),
    'no field\nC: d\n',
  );
  assert.equal(writtenMail(Buffer.alloc(9_000, 'x'), { crlf: false }).bodyStart.length, 4_096);
});
