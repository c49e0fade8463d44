/** Fields and body as a script wrote them, and as Postfix will read them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import { writtenMail } from './written-mail.ts';

const read = (text: string) => {
  const { header, bodyStart } = writtenMail(Buffer.from(text, 'latin1'));
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
  ['lines of a mailbox file in front', 'From joe Mon\n>From joe\nTo: a\n\nx', ['To| a'], 'x'],
  ['no header', '\nTo: a\n', [], 'To: a\n'],
  ['white space first', ' To: a\n\n', [], ' To: a\n\n'],
] as const;
for (const [name, text, fields, body] of cases) {
  test(name, () => assert.deepEqual(read(text), [fields, body]));
}

test('whatever it is: bounded, and never more than what was there', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6_000 }), (bytes) => {
      const { header, bodyStart } = writtenMail(Buffer.from(bytes));
      assert.ok(bodyStart.length <= 4_096);
      const total = header.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
      assert.ok(total + bodyStart.length <= bytes.length + header.length);
    }),
  );
});

test('a line of carriage returns costs no more than another', () => {
  const bytes = Buffer.from(`A: ${'\r'.repeat(65_000)}x\nTo: a@x.example\n\n`);
  // By a pattern: 1.6 seconds.
  const { ms: took } = timed(() => writtenMail(bytes));
  assert.ok(took < 300, `${took} ms`);
});
