import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import { fieldOf, headerRecipients, sendmailMessage } from './message.ts';

const recipients = (text: string): readonly string[] => headerRecipients(Buffer.from(text));
function read(text: string, dotEnds = true): string {
  const bytes = Buffer.from(text);
  const { start, end, crlf } = sendmailMessage(bytes, { dotEnds });
  return `${crlf ? 'crlf ' : ''}${bytes.toString('utf8', start, end)}`;
}

const addresses: readonly (readonly [list: string, found: readonly string[]])[] = [
  ['a@x, b@y', ['a@x', 'b@y']],
  ['"A, B" <a@x>, (c@x) d@x (Comment)', ['a@x', 'd@x']],
  ['group: f@x, g@x;', ['f@x', 'g@x']],
  ['undisclosed-recipients:;', []],
  ['<>', []],
  ['"joe doe"@x', ['"joe doe"@x']],
  ['jane doe, a.b@[192.0.2.1]', ['jane', 'doe', 'a.b@[192.0.2.1]']],
  ['a @ x', ['a@x']],
  ['a@x;b@y', ['a@x', 'b@y']],
  ['', []],
];
for (const [list, found] of addresses) {
  test(`To: ${list}`, () => assert.deepEqual(recipients(`To: ${list}\n\nTo: body@x\n`), found));
}

test('fields are folded; those of a resent message count alone; text ends them', () => {
  assert.deepEqual(recipients('To: a@x,\n b@x\nCc:c@x\nBCC : d@x\n'), ['a@x', 'b@x', 'c@x', 'd@x']);
  assert.deepEqual(recipients('To: a@x\nResent-Cc: b@x\n\n'), ['b@x']);
  assert.deepEqual(recipients('Hello\nTo: a@x\n'), []);
  assert.equal(fieldOf(Buffer.from('A: 1\nX-B: 2 \n\nX-C: 3'), 'x-b'), '2');
  assert.equal(fieldOf(Buffer.from('A: 1\n\nX-B: 2'), 'x-b'), '');
});

test('separators in front, a lone dot, line ends', () => {
  assert.equal(read('From joe Mon\n>From x\nA: b\n\nx\n.\ny\n'), 'A: b\n\nx\n');
  assert.equal(read('A: b\n\nx\n.\ny\n', false), 'A: b\n\nx\n.\ny\n');
  assert.equal(read('A: b\r\n\r\nx\r\n.\r\ny\r\n'), 'crlf A: b\r\n\r\nx\r\n');
  assert.equal(read('A: b\n.\r\ny\n'), 'A: b\n.\r\ny\n');
  assert.equal(read('From joe'), '');
  assert.equal(read('.'), '');
  assert.equal(read(''), '');
});

test('any text: addresses are parts of the text, and no address is empty', () => {
  const piece = fc.constantFrom(
    'To: ',
    'a@x',
    '\n',
    '\r\n',
    '.',
    '"',
    '<',
    '>',
    '(',
    ')',
    '\\',
    ',',
    ';',
    ':',
    '[',
    ' ',
    'From ',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.boolean(), (pieces, dotEnds) => {
      const bytes = Buffer.from(pieces.join(''));
      const { start, end } = sendmailMessage(bytes, { dotEnds });
      assert.ok(start >= 0 && start <= end && end <= bytes.length);
      const found = headerRecipients(bytes.subarray(start, end));
      assert.ok(found.every((one) => one !== ''));
    }),
  );
});

test('what is made to take long does not', () => {
  const { ms: took } = timed(() => {
    for (const unit of ['(', '"', '<"', '\\', '<', '[', '( ) ', 'a@', '"\\', 'x\n ']) {
      recipients(`To: ${unit.repeat(100_000)}\n\n`);
    }
  });
  assert.ok(took < 5_000, `${took} ms`);
});

test('a line of carriage returns costs no more than another', () => {
  const bytes = Buffer.from(`A: ${'\r'.repeat(65_000)}x\nTo: a@x.example\n\n`);
  // By a pattern: 1.6 seconds.
  const { ms: took } = timed(() => headerRecipients(bytes));
  assert.ok(took < 300, `${took} ms`);
});
