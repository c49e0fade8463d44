import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { messagePrint } from './print.ts';

type Given = { readonly header?: readonly string[]; readonly cut?: boolean };

function print(
  body: string | Buffer,
  { header = [], cut = false }: Given = {},
): string | undefined {
  return messagePrint({ header, body: Buffer.from(body), cut });
}

const spam = [
  'Dear John,',
  '',
  'we are pleased to tell you that your payment of 450.00 EUR is waiting for you.',
  'Please confirm your account at https://pay.example.com/c?id=8812 within 24 hours,',
  'or write to help@pay.example.com. Thank you for your trust and your patience!',
].join('\r\n');

const varied = [
  ['another name', spam.replace('John', 'Maria Magdalena')],
  ['a name that begins with a letter outside ASCII', spam.replace('John', 'Öz Ćelik')],
  ['such a name in an older charset', Buffer.from(spam.replace('John', 'Özlem'), 'latin1')],
  ['other numbers', spam.replace('450.00', '7').replace('24', '48')],
  ['other links', spam.replace('https://pay.example.com/c?id=8812', 'evil.test/zzz')],
  ['another address', spam.replace('help@pay.example.com', 'desk-77@other.test')],
  ['other white space', spam.replaceAll(/[ \r\n]+/g, '\n\t ')],
] as const;
for (const [name, body] of varied) {
  test(`known again with ${name}`, () => assert.equal(print(body), print(spam)));
}

test('known again with another name in the subject, encoded or not', () => {
  const named = (text: string): Given => ({ header: ['Subject', ` ${text}`] });
  const octets = (text: string): string => Buffer.from(text).toString('latin1');
  const one = print(spam, named('Anna, your invoice'));
  assert.equal(print(spam, named(octets('Émile Özlem, your invoice'))), one);
  assert.equal(print(spam, named('=?utf-8?Q?=C3=89mile?=, your invoice')), one);
  assert.notEqual(print(spam, named('Anna, your receipt')), one);
});

test('known again in HTML, quoted-printable and base64', () => {
  const html = `<html><style>p { color: red }</style><p>${spam.replaceAll('\r\n', '<br>\r\n')}</p>`;
  const typed = (type: string, encoding = '8bit'): Given => ({
    header: ['Content-Type', ` ${type}`, 'Content-Transfer-Encoding', ` ${encoding}`],
  });
  assert.equal(print(html, typed('text/html; charset=utf-8')), print(spam));
  const base64 = Buffer.from(spam).toString('base64').replace(/.{76}/g, '$&\r\n');
  assert.equal(print(base64, typed('text/plain', 'base64')), print(spam));
  const quoted = spam.replace('pleased', 'plea=\r\nsed').replace('payment', '=70ayment');
  assert.equal(print(quoted, typed('text/plain', 'quoted-printable')), print(spam));
});

const multipart = (text: string, file: string): string =>
  ['--b', 'Content-Type: text/plain', '', text, '--b', 'Content-Type: application/pdf']
    .concat('Content-Transfer-Encoding: base64', '', Buffer.from(file).toString('base64'), '--b--')
    .join('\r\n');
const mixed: Given = { header: ['Content-type', ' multipart/mixed;\n boundary="b"'] };

test('attachments must be the same, text beside them only mean the same', () => {
  const one = print(multipart(spam, 'file one'), mixed);
  assert.notEqual(one, undefined);
  assert.equal(print(multipart(spam.replace('John', 'Bob'), 'file one'), mixed), one);
  assert.notEqual(print(multipart(spam, 'file two'), mixed), one);
});

test('told apart: other words, more words, another subject, text that was hidden in base64', () => {
  const subject = (text: string): Given => ({ header: ['Subject', ` ${text}`] });
  const prints = [
    print(spam),
    print(spam.replace('pleased', 'sorry')),
    print(`${spam} And one more thing to say.`),
    print(`${spam}\n${'same words over and over '.repeat(2_000)}and then the bait`),
    print(`${spam}\n${'same words over and over '.repeat(2_000)}and then the honest end`),
    print(spam, subject('your invoice is here')),
    print(spam, subject('news of our club')),
  ];
  assert.equal(new Set(prints).size, prints.length);
  const encoded = (text: string): string => Buffer.from(text).toString('base64');
  const part = (text: string): string =>
    `--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n${encoded(text)}\r\n--b--\r\n`;
  assert.notEqual(print(part(spam), mixed), print(part(`${spam} or else`), mixed));
});

test('too little text, too many names, or only its beginning: known by its octets alone', () => {
  assert.equal(print('see you at noon'), undefined);
  assert.equal(
    print(`<img src="https://x.test/${'picture '.repeat(50)}">`, {
      header: ['Content-Type', 'text/html'],
    }),
    undefined,
  );
  assert.equal(print(`${'Buy Cheap Watches Now '.repeat(40)} ${'please '.repeat(20)}`), undefined);
  assert.equal(print(spam, { cut: true }), undefined);
  assert.equal(print(spam, { header: ['Content-Type', 'multipart/mixed'] }), undefined);
});

test('never fails, and takes a time that grows with the size only', () => {
  const nasty = ['<', '<style', '<!--', 'a@', 'x.', '&#', '--b\n', 'www.', '=3D', 'é'];
  const header = fc.array(fc.string(), { maxLength: 6 });
  fc.assert(
    fc.property(header, fc.array(fc.constantFrom(...nasty)), (fields, parts) => {
      messagePrint({ header: fields, body: Buffer.from(parts.join('')), cut: false });
    }),
  );
  for (const piece of nasty) {
    const body = Buffer.from(piece.repeat(500_000 / piece.length));
    for (const type of ['text/html', 'text/plain', 'multipart/mixed; boundary=b']) {
      const began = performance.now();
      messagePrint({ header: ['Content-Type', type], body, cut: false });
      assert.ok(performance.now() - began < 2_000, `${piece} as ${type}`);
    }
  }
});
