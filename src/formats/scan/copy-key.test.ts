import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import { copyKeyOf } from './copy-key.ts';

type GivenMessage = { readonly header?: readonly string[]; readonly cut?: boolean };

function print(
  body: string | Buffer,
  { header = [], cut = false }: GivenMessage = {},
): string | undefined {
  return copyKeyOf({ header, body: Buffer.from(body), cut })?.text;
}

function servers(body: string, type = 'text/plain'): string | undefined {
  const header = ['Content-Type', type];
  return copyKeyOf({ header, body: Buffer.from(body), cut: false })?.servers;
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
  ['a name that begins outside ASCII', spam.replace('John', 'Öz Ćelik')],
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
  const named = (text: string): GivenMessage => ({ header: ['Subject', ` ${text}`] });
  const octets = (text: string): string => Buffer.from(text).toString('latin1');
  const one = print(spam, named('Anna, your invoice'));
  assert.equal(print(spam, named(octets('Émile Özlem, your invoice'))), one);
  assert.equal(print(spam, named('=?utf-8?Q?=C3=89mile?=, your invoice')), one);
  assert.notEqual(print(spam, named('Anna, your receipt')), one);
});

test('known again in HTML, quoted-printable and base64', () => {
  const html = `<html><style>p { color: red }</style><p>${spam.replaceAll('\r\n', '<br>\r\n')}</p>`;
  const typed = (type: string, encoding = '8bit'): GivenMessage => ({
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
const mixed: GivenMessage = { header: ['Content-type', ' multipart/mixed;\n boundary="b"'] };

test('attachments must be the same, text beside them only mean the same', () => {
  const one = print(multipart(spam, 'file one'), mixed);
  assert.notEqual(one, undefined);
  assert.equal(print(multipart(spam.replace('John', 'Bob'), 'file one'), mixed), one);
  assert.notEqual(print(multipart(spam, 'file two'), mixed), one);
});

test('told apart: other words, more words, another subject, text that was hidden in base64', () => {
  const subject = (text: string): GivenMessage => ({ header: ['Subject', ` ${text}`] });
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
    '--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n' +
    `${encoded(text)}\r\n--b--\r\n`;
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

const bait = 'cheap pills without prescription, send your money now';
const typed = (type: string, encoding = '8bit'): GivenMessage => ({
  header: ['Content-Type', ` ${type}`, 'Content-Transfer-Encoding', ` ${encoding}`],
});
/** As somebody writes it who does not want it read by machines. */
const entities = [...bait].map((char) => `&#${char.charCodeAt(0)};`).join('');
const leet = 'ch3ap p1lls w1thout prescr1ption s3nd y0ur m0ney n0w '.repeat(20);
const circled = [...'cheappills']
  .map((char) => String.fromCodePoint(0x24d0 + char.charCodeAt(0) - 97))
  .join('');
const htmlType = typed('text/html; charset=utf-8');
const windows1251 = (text: string): Buffer =>
  Buffer.concat([
    Buffer.from(spam),
    Buffer.from([...text].map((char) => (char.codePointAt(0) ?? 0) - 0x430 + 0xe0)),
  ]);
const twice = 'multipart/mixed; x="; boundary=a"; boundary=b';
const partHead = (head: string): string => `--b\r\n${head}\r\n\r\n${spam}\r\n--b--\r\n`;
const twoFold = (text: string): string =>
  `--b\r\n\r\n--a\r\nContent-ID: ${text}\r\n\r\n${spam}\r\n--a--\r\n--b--`;
const file = (head: string, text: string): string =>
  `--b\r\n\r\n${spam}\r\n--b\r\n${head}\r\n\r\n${text}\r\n--b--`;
const attached = 'Content-Type: text/html\r\nContent-Disposition: attachment; filename="a.html"';

/** A legitimate message, and the same with something more that a person reads or a program runs. */
const smuggled: readonly (readonly [string, string | Buffer, string | Buffer, GivenMessage])[] = [
  ['characters as numbers of HTML', spam, `${spam} ${entities}`, htmlType],
  ['words with digits in them', `${spam} 1`, `${spam} ${leet}`, {}],
  ['words with dots', `${spam} 1`, `${spam} ${bait.replaceAll(' ', '.').repeat(20)}`, {}],
  ['one long link', `${spam} a://b`, `${spam} ${`a://b ${'x.'.repeat(40)} `.repeat(20)}`, {}],
  ['capitals', `${spam} A`, `${spam} ${'BUY CHEAP PILLS NOW '.repeat(9)}`, {}],
  ['letters in circles', spam, `${spam} ${circled}`, {}],
  ['a < that begins no tag', spam, `${spam} < ${bait} >`, htmlType],
  ['a comment that is over at once', spam, `${spam} <!--> ${bait} -->`, htmlType],
  ['a comment that ends otherwise', spam, `${spam} <!-- --!> ${bait} -->`, htmlType],
  ['an element that is called nearly so', spam, `${spam} <styles> ${bait}`, htmlType],
  ['tags that are shown', `${spam}<xmp>`, `${spam}<xmp><b ${bait}>`, htmlType],
  [
    'characters that grow in lower case',
    `${'İ'.repeat(60)} ${spam} <p></p>`,
    `${'İ'.repeat(60)} ${spam} <p></p> ${bait}`,
    htmlType,
  ],
  [
    'an older charset',
    windows1251('привет'),
    windows1251('купи'),
    typed('text/plain; charset=windows-1251'),
  ],
  ['fields that are none', partHead('X-A: b'), partHead(`X-A: ${bait}`), mixed],
  ['a head that is text', partHead('x'), partHead(bait), mixed],
  ['two boundaries', twoFold('b'), twoFold(bait), typed(twice)],
  [
    'base64 that goes on behind its end',
    `${btoa(spam)}=\r\n`,
    `${btoa(spam)}=\r\n${btoa(bait)}`,
    typed('text/plain', 'base64'),
  ],
  [
    'a page that is attached',
    file(attached, '<script>one()</script>'),
    file(attached, '<script>two()</script>'),
    mixed,
  ],
  [
    'the same octets as another kind of file',
    file('Content-Type: image/png', 'x'),
    file('Content-Type: application/x-msdownload', 'x'),
    mixed,
  ],
];
for (const [name, honest, other, given] of smuggled) {
  test(`nothing hides in ${name}`, () => {
    const found = print(other, given);
    assert.ok(found === undefined || found !== print(honest, given), `${found} is both`);
  });
}

test('the servers that links lead to are told apart, what stands behind them is not', () => {
  const html = (link: string): string => `<p>${spam}</p><a href="${link}">here</a>`;
  const honest = servers(html('https://bank.example/a?u=1'), 'text/html');
  assert.equal(servers(html('HTTPS://Bank.example/b'), 'text/html'), honest);
  for (const link of [
    'https://thief.example/a',
    '//thief.example',
    'https&colon;&sol;/thief.example',
    'https:&#47;&#x2f;thief.example',
    'https:/\n/bank.example\n.thief.example/',
    'https://bank.example@thief.example/',
    'https:\\\\thief.example',
  ]) {
    assert.notEqual(servers(html(link), 'text/html'), honest, link);
  }
  assert.equal(servers(`${spam} www.one.example`), servers(`${spam} www.one.example/x?y`));
  assert.notEqual(servers(`${spam} www.one.example`), servers(`${spam} www.two.example`));
  assert.equal(servers(spam.replace('450.00', '7,5').replace('John', 'Bob')), servers(spam));
});

test('a message with a repeated field or a subject too long to read gets no key', () => {
  const types = ['Content-Type', 'text/html', 'content-type', 'text/plain'];
  assert.equal(print(spam, { header: types }), undefined);
  assert.equal(
    print(partHead('Content-Type: text/html\r\nContent-Type: text/plain'), mixed),
    undefined,
  );
  assert.equal(print(spam, { header: ['Subject', `${'so '.repeat(90)}${bait}`] }), undefined);
});

test('of 8 MB only so much is read that other mail hardly waits', () => {
  const given = { 'text/plain': 'a ', 'text/html': 'A ', 'text/x': 'x1 ', 'text/y': '=41' };
  for (const [type, piece] of Object.entries(given)) {
    const body = Buffer.alloc(8 * 1024 * 1024, piece);
    const encoding = piece === '=41' ? 'quoted-printable' : '8bit';
    const began = process.cpuUsage();
    const found = print(body, typed(type, encoding));
    const { user, system } = process.cpuUsage(began);
    assert.equal(found, undefined);
    assert.ok(user + system < 300_000, `${type}: ${user + system} µs`);
  }
});

test('never fails, and takes a time that grows with the size only', () => {
  const nasty = ['<', '<style', '<!--', 'a@', 'x.', '&#', '--b\n', 'www.', '=3D', 'é'];
  const header = fc.array(fc.string(), { maxLength: 6 });
  fc.assert(
    fc.property(header, fc.array(fc.constantFrom(...nasty)), (fields, parts) => {
      copyKeyOf({ header: fields, body: Buffer.from(parts.join('')), cut: false });
    }),
  );
  for (const piece of nasty) {
    const body = Buffer.from(piece.repeat(500_000 / piece.length));
    for (const type of ['text/html', 'text/plain', 'multipart/mixed; boundary=b']) {
      const { ms: took } = timed(() => {
        copyKeyOf({ header: ['Content-Type', type], body, cut: false });
      });
      assert.ok(took < 2_000, `${piece} as ${type}: ${took} ms`);
    }
  }
});
