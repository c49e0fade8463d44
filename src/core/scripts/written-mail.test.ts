/** Fields and body as a script wrote them, and as Postfix will read them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import { writtenMail } from './written-mail.ts';

const read = (text: string) => {
  const crlf = /^[^\n]*\r\n/.test(text);
  const { header, bodyStart } = writtenMail(Buffer.from(text, 'latin1'), { crlf });
  return [header.map(({ name, value }) => `${name}|${value}`), bodyStart.toString('latin1')];
};

const cases = [
  ['fields and body', 'To: a\nSubject:b\n\nHi\n', ['To| a', 'Subject|b'], 'Hi\n'],
  ['CRLF, folds', 'To: a,\r\n b\r\n\r\nHi', ['To| a,\n b'], 'Hi'],
  ['a space before the colon', 'To : a\nBCC\t: b\n\n', ['To| a', 'BCC| b'], ''],
  [
    'text instead of a field begins the body',
    'To: a\nHi: there\nyou\n',
    ['To| a', 'Hi| there'],
    'you\n',
  ],
  [
    'white space of any kind before the colon',
    'From \r\v\f: a\nTo: b\n\n',
    ['From| a', 'To| b'],
    '',
  ],
  [
    'a From field with a blank is a field',
    'From : evil\nFrom: good\n\n',
    ['From| evil', 'From| good'],
    '',
  ],
  ['a carriage return continues a field', 'To: a\n\rFrom: b\n\n', ['To| a\n\rFrom: b'], ''],
  [
    'a line of a carriage return ends the header only where lines end in it',
    'A: b\n\r\nC: d\n\nx',
    ['A| b\n', 'C| d'],
    'x',
  ],
  ['octets above ASCII in a name', 'A\xff: b\n\n', ['A\xff| b'], ''],
  ['no header', '\nTo: a\n', [], 'To: a\n'],
  ['white space first', ' To: a\n\n', [], ' To: a\n\n'],
] as const;
for (const [name, text, fields, body] of cases) {
  test(name, () => assert.deepEqual(read(text), [fields, body]));
}

test('whatever it is: bounded, and never more than what was there', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6_000 }), (bytes) => {
      const { header, bodyStart } = writtenMail(Buffer.from(bytes), { crlf: false });
      assert.ok(bodyStart.length <= 4_096);
      const total = header.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
      assert.ok(total + bodyStart.length <= bytes.length + header.length);
    }),
  );
});

test('a line of carriage returns costs no more than another', () => {
  const bytes = Buffer.from(`A: ${'\r'.repeat(65_000)}x\nTo: a@x.example\n\n`);
  // By a pattern: 1.6 seconds.
  const { ms: took } = timed(() => writtenMail(bytes, { crlf: false }));
  assert.ok(took < 300, `${took} ms`);
});
