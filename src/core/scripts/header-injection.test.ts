/** What injected mail looks like, and that honest mail does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { header } from '../../../test/doubles/mail.ts';
import { timed } from '../../../test/processor-time.ts';
import { addressesIn, headerInjection } from './header-injection.ts';

function found(fields: string, body = 'Hello.\n', manyAllowed = false): readonly string[] {
  const mail = { header: header(fields), recipients: [], bodyStart: Buffer.from(body, 'latin1') };
  return headerInjection(mail, { manyAllowed });
}

const form = 'To: owner@shop.example\nSubject: Contact\nFrom: web@shop.example';
const crowd = Array.from({ length: 37 }, (_, n) => `v${n}@x.example`).join(', ');

const injected = [
  [
    'a second To',
    `${form}\nTo: a@x.example, b@x.example`,
    '',
    'a second To field names 2 addresses more',
  ],
  [
    'a second Bcc',
    `${form}\nBcc: me@shop.example\nbcc: a@x.example`,
    '',
    'a second Bcc field names one address more',
  ],
  ['a crowd in Bcc', `${form}\nBcc: ${crowd}`, '', '37 addresses in its Cc and Bcc fields'],
  ['a second Subject', `${form}\nSubject: Cheap pills`, '', '2 Subject fields that differ'],
  ['a second From', `${form}\nFrom: x@bank.example`, '', '2 From fields that differ'],
  [
    'other parts',
    `${form}\nContent-Type: text/plain\nContent-Type: multipart/mixed; boundary=x`,
    '',
    'a second Content-Type field cuts the message into other parts',
  ],
  [
    'a bare return',
    `${form}\nReply-To: a@b.example\rBcc: x@y.example`,
    '',
    'a carriage return within the Reply-To field',
  ],
  [
    '%0A',
    `${form}\nReply-To: a@b.example%0ABcc:x@y.example`,
    '',
    'a line break and a field in the Reply-To field',
  ],
  ['a NUL', `${form}\nX-Name: a\0b`, '', 'a NUL within the X-Name field'],
  [
    'an encoded line break',
    `${form}\nX-Name: =?utf-8?B?${Buffer.from('Vi\r\nBcc: x@y.example').toString('base64')}?=`,
    '',
    'an encoded line break in the X-Name field',
  ],
  [
    'an encoded line break, quoted-printable',
    `${form}\nX-Name: =?utf-8?q?Vi=0ABcc:_x@y.example?=`,
    '',
    'an encoded line break in the X-Name field',
  ],
  [
    'a body that starts with the rest of the header',
    form,
    'Reply-To: vi@sit.example\nX-Mailer: PHP/8.4\nMIME-Version: 1.0\n\nHello\n',
    'the body starts with header fields (Reply-To, X-Mailer, MIME-Version)',
  ],
  [
    'a body that starts with a Bcc',
    form,
    '\r\nBcc: a@x.example,\r\n b@x.example\r\n\r\nBuy',
    'the body starts with header fields (Bcc)',
  ],
] as const;
for (const [name, fields, body, what] of injected) {
  test(`named: ${name}`, () => assert.deepEqual(found(fields, body), [what]));
}

const honest = [
  ['To twice, the same', `${form}\nTo: Owner <OWNER@shop.example>`, ''],
  ['its copy in Bcc and Cc', `${form}\nCc: admin@shop.example\nBcc: archive@shop.example`, ''],
  [
    'MIME twice, the same',
    `${form}\nMIME-Version: 1.0\nContent-Type: text/html\nContent-Type: text/html`,
    '',
  ],
  [
    'two types of text',
    `${form}\nContent-Type: text/plain\nContent-Type: text/html; charset=utf-8`,
    '',
  ],
  ['folded', 'To: owner@shop.example\nSubject: a long\n  subject\nFrom: web@shop.example', ''],
  ['a percent sign', `${form}\nX-Offer: 100%0 off: to: you`, ''],
  [
    'lines of a form',
    form,
    'From: Vi\nEmail: vi@sit.example\nSubject: Question\n\nHow much is it?',
  ],
  ['a German form', form, 'Name: Vi\nTelefon: 123\nNachricht:\nGuten Tag'],
  [
    'a forwarded message',
    form,
    '---- Forwarded message ----\nFrom: a@b.example\nTo: c@d.example\nSubject: Fw\n\n',
  ],
  [
    'a message that begins with its header',
    form,
    'From: a@b.example\nSent: Monday\nTo: c@d.example\nCc: e@f.example\nSubject: Offer\n\nDear',
  ],
  [
    'the source of a message that came',
    form,
    'Return-Path: <a@b.example>\nReceived: from x by y\nMIME-Version: 1.0\n' +
      'Content-Type: text/plain\n\nHi',
  ],
  [
    'parts without a boundary first',
    `${form}\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x`,
    'Content-Type: text/plain\n\nHi\n--x--',
  ],
  [
    'the header of another message, where this one has those fields',
    `${form}\nMIME-Version: 1.0\nContent-Type: text/plain`,
    'MIME-Version: 1.0\nContent-Type: text/plain\n\nHi',
  ],
  [
    'an encoded subject',
    `To: o@shop.example\nSubject: =?utf-8?B?${Buffer.from('Grüße: to: alle').toString('base64')}?=`,
    '',
  ],
] as const;
for (const [name, fields, body] of honest) {
  test(`honest: ${name}`, () => assert.deepEqual(found(fields, body), []));
}

test('a list that may have many has many', () => {
  assert.deepEqual(found(`${form}\nBcc: ${crowd}`, '', true), []);
});

const lists = [
  ['a@b.example', ['a@b.example']],
  ['"Doe, Jane" <Jane@b.example>, c@d.example (x, y)', ['jane@b.example', 'c@d.example']],
  ['Friends: a@b.example, c@d.example;', ['a@b.example', 'c@d.example']],
  ['undisclosed-recipients:;', []],
  ['a@b.example;c@d.example', ['a@b.example', 'c@d.example']],
  ['(it"s) a@b.example, x@[IPv6:::1]', ['a@b.example', 'x@[ipv6:::1]']],
  [' <a@b.example>\r\n ,\n\tc@d.example', ['a@b.example', 'c@d.example']],
] as const;
for (const [text, keys] of lists) {
  test(`addresses of ${JSON.stringify(text)}`, () => assert.deepEqual(addressesIn(text), keys));
}

/** Honest mail as forms write it: PHP's mail() with what people add, typed by people. */
const word = fc.stringMatching(/^[A-Za-zäöüéß]{1,12}$/);
const words = fc.array(word, { minLength: 1, maxLength: 8 }).map((list) => list.join(' '));
const mailbox = fc
  .tuple(fc.stringMatching(/^[a-z][a-z0-9.]{0,8}[a-z0-9]$/), fc.stringMatching(/^[a-z]{2,8}$/))
  .map(([local, domain]) => `${local.replace(/\.+/g, '.')}@${domain}.example`);
const typedLine = fc.oneof(
  words,
  fc.constant(''),
  words.map((text) => `> ${text}`),
  fc
    .tuple(
      fc.constantFrom(
        'Name',
        'Email',
        'From',
        'To',
        'Subject',
        'Betreff',
        'Message',
        'Date',
        'Cc',
        'Phone',
      ),
      words,
    )
    .map(([name, text]) => `${name}: ${text}`),
  mailbox.map((address) => `From: <${address}>`),
  mailbox.map((address) => `Bcc was ${address}, I think: ok?`),
  fc.constantFrom(
    '---- Original Message ----',
    '-----Begin forwarded message-----',
    'Sent: Monday, 3 May 10:00',
  ),
);
const extra = fc.subarray([
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=UTF-8',
  'X-Mailer: PHP/8.4.1',
  'Content-Transfer-Encoding: 8bit',
  'X-Priority: 3',
  'X-PHP-Originating-Script: 1001:contact.php',
]);
const honestForm = fc.record({
  owner: mailbox,
  visitor: mailbox,
  subject: words,
  encoded: fc.boolean(),
  copy: fc.constantFrom('none', 'Cc', 'Bcc', 'To again'),
  extra,
  body: fc.array(typedLine, { maxLength: 12 }),
  end: fc.constantFrom('\n', '\r\n'),
});

test('no false alarm on 2,000 honest forms', () => {
  fc.assert(
    fc.property(honestForm, (mail) => {
      const { subject } = mail;
      const shown = mail.encoded
        ? `=?UTF-8?B?${Buffer.from(subject).toString('base64')}?=`
        : subject;
      const fields = [
        `To: ${mail.owner}`,
        `Subject: ${shown}`,
        ...mail.extra,
        `From: Form <web@${mail.owner.split('@')[1]}>`,
        `Reply-To: ${mail.visitor}`,
        ...(mail.copy === 'none'
          ? []
          : mail.copy === 'To again'
            ? [`To: <${mail.owner}>`]
            : [`${mail.copy}: ${mail.visitor}`]),
      ];
      assert.deepEqual(found(fields.join('\n'), mail.body.join(mail.end)), []);
    }),
    { numRuns: 2_000 },
  );
});

test('whatever stands in a message: soon an answer, in plain characters', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  const field = fc.record({
    name: fc.oneof(fc.constantFrom('To', 'bcc', 'Subject', 'content-type'), text),
    value: text,
  });
  fc.assert(
    fc.property(fc.array(field, { maxLength: 10 }), text, (fields, body) => {
      const mail = { header: fields, recipients: [], bodyStart: Buffer.from(body) };
      for (const line of headerInjection(mail, { manyAllowed: false })) {
        assert.match(line, /^[\x20-\x7e]{1,300}$/);
      }
    }),
  );
  const two = `To: ${'(,"<'.repeat(20_000)}\nTo: ${'a:,'.repeat(20_000)}`;
  const long = `${two}\nX: ${'=?a?b?'.repeat(10_000)}`;
  const { ms: took } = timed(() => found(long));
  assert.ok(took < 1_000, `${took} ms`);
});
