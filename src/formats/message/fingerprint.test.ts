import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fingerprint } from './fingerprint.ts';
import { readableBody } from './readable-body.ts';

function digest(...chunks: readonly (string | Buffer)[]): string {
  const fingerprint = new Fingerprint();
  for (const chunk of chunks) fingerprint.update(Buffer.from(chunk));
  return fingerprint.digest();
}

const spam = [
  'Dear John,',
  '',
  'we are pleased to tell you that your payment of 450.00 EUR is waiting for you.',
  'Please confirm your account at https://pay.example.com/c?id=8812 within 24 hours,',
  'or write to help@pay.example.com. Thank you for your trust and your patience!',
].join('\r\n');

const variations = [
  ['another name', spam.replace('John', 'Maria Magdalena')],
  ['other numbers', spam.replace('450.00', '7').replace('24', '48')],
  [
    'other links',
    spam.replace('pay.example.com/c?id=8812', 'x9.evil.test/zzz').replace('https', 'http'),
  ],
  ['another address', spam.replace('help@pay.example.com', 'desk-77@other.test')],
  ['other white space', spam.replaceAll(/[ \r\n]+/g, '\n\t ')],
  ['other punctuation', spam.replaceAll(/[,!] ?/g, ' -- ')],
  ['soft line breaks', spam.replace('payment', 'pay=\r\nment')],
  ['capitals inside', spam.replace('pleased', 'pLEASED')],
  ['a tracking id', `${spam}\r\nx7Gh22kQ1`],
  ['a MIME boundary', `--=_Part_1_xyz\r\n${spam}\r\n--=_Part_1_xyz--\r\n`],
] as const;
for (const [name, text] of variations) {
  test(`the same text with ${name} has the same digest`, () =>
    assert.equal(digest(text), digest(spam)));
}

test('another text has another digest', () => {
  const other = [
    spam.replace('pleased', 'sorry'),
    spam.slice(0, -40),
    `${spam} And one more thing to say.`,
    '',
  ];
  assert.equal(new Set([digest(spam), ...other.map((text) => digest(text))]).size, 5);
  // Short texts are told apart by their capitals, too.
  assert.notEqual(digest('Hello Ann'), digest('Hello Bob'));
});

test('nothing has no digest, and pictures without a word all have the same', () => {
  assert.equal(digest(''), '');
  assert.equal(digest('12 34\r\n'), digest('http://a.example/1.png'));
});

test('the end of a long text does not matter', () => {
  const long = 'the quick brown fox jumps over the lazy dog '.repeat(1_000);
  assert.equal(digest(`Dear Elisabeth ${long}`), digest(`Dear Bo ${long}other words`));
});

/** As a mailer writes it: lines of 76. */
function inBase64(text: string): string {
  return Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n');
}

function part(text: string, type = 'text/plain'): string {
  return (
    `--x\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n` +
    `${inBase64(text)}\r\n`
  );
}

test('base64 does not hide that two texts are the same', () => {
  const named = spam.replace('John', 'Maria Magdalena');
  const bare = (text: string): string => digest(readableBody(Buffer.from(text), 'BASE64 '));
  assert.equal(bare(inBase64(spam)), digest(spam));
  assert.equal(bare(inBase64(named)), digest(spam));
  const parts = (text: string): string => digest(readableBody(Buffer.from(part(text)), '7bit'));
  assert.equal(parts(spam), parts(named));
  assert.notEqual(parts(spam), parts('another text'));
});

test('attachments and everything else stay as they are', () => {
  for (const text of [part(spam, 'application/pdf'), spam, 'base64', '--x\r\nbase64', '']) {
    assert.ok(readableBody(Buffer.from(text), '').equals(Buffer.from(text)));
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.boolean(), (text, all) => {
      const bytes = Buffer.from(`base64\r\n${text}`);
      assert.ok(readableBody(bytes, all ? 'base64' : '').length <= bytes.length);
    }),
  );
});

test('any bytes in any chunks: never throws, and the cuts do not show', () => {
  const body = fc.array(
    fc.oneof(
      fc.constantFrom(
        '=\r\n',
        '\r\n--x\r\n',
        'http://',
        'a="b"',
        ' the ',
        'Ann',
        'a@b.c',
        '7',
        '.',
        '=',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(body, fc.integer({ min: 1, max: 7 }), (parts, size) => {
      const bytes = Buffer.from(parts.join(''));
      const cut: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) cut.push(bytes.subarray(at, at + size));
      assert.equal(digest(...cut), digest(bytes));
    }),
    { numRuns: 1_000 },
  );
});
