/** Delivery status, complaints and automatic replies, with the faults that real ones have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bounce, type BouncedRecipient, readBounce } from './bounce.ts';
import { mailOctetsMax } from './mail-parts.ts';

const mail = (fields: string, body: string): string => `${fields}\n\n${body}`;
const from = 'From: Mail Delivery System <MAILER-DAEMON@sender.example>';
const report = `${from}
To: sue@sender.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="B"`;

const statusPart = (fields: string): string => `--B
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; sender.example
Arrival-Date: Mon, 2 Mar 2026 10:00:00 +0000

${fields}
--B
Content-Type: message/rfc822

From: sue@sender.example
To: wrong@elsewhere.example
Final-Recipient: rfc822; wrong@elsewhere.example

Hello
--B--
`;

const ann = `Final-Recipient: rfc822; ann@shop.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.shop.example
Diagnostic-Code: smtp; 550 5.1.1 <ann@shop.example>
    User unknown
`;

function only(bounce: Bounce): BouncedRecipient {
  assert.equal(bounce.recipients.length, 1, JSON.stringify(bounce));
  return bounce.recipients[0] as BouncedRecipient;
}

const short = ({ recipients, kind }: Bounce): string =>
  `${kind} ${recipients.map((one) => `${one.recipient} ${one.code} ${one.status}`).join(', ')}`;

test('a delivery status: recipient, codes, reply and host', () => {
  const one = only(readBounce(mail(report, statusPart(ann))));
  assert.deepEqual(
    [one.recipient, one.action, one.status, one.code, one.remoteHost],
    ['ann@shop.example', 'failed', '5.1.1', '550', 'mx.shop.example'],
  );
  assert.equal(one.diagnostic, '550 5.1.1 <ann@shop.example> User unknown');
});

const ben = 'Final-Recipient: RFC822;<ben@shop.example>\nAction: failed\nStatus: 5.2.2 (full)';
const faults: readonly (readonly [string, string, string])[] = [
  ['two recipients', `${ann}\n${ben}`, 'ann@shop.example 550 5.1.1, ben@shop.example  5.2.2'],
  [
    'no empty line between them',
    `${ann}${ben}`,
    'ann@shop.example 550 5.1.1, ben@shop.example  5.2.2',
  ],
  [
    'the recipient behind action',
    'Action: failed\nFinal-Recipient: rfc822; a@b.example\nStatus: 5.0.0',
    'a@b.example  5.0.0',
  ],
  [
    'an empty line inside',
    'Final-Recipient: rfc822; a@b.example\n\nAction: failed\nStatus: 5.4.4',
    'a@b.example  5.4.4',
  ],
  ['folded without a blank', ann.replace('\n    User', '\nUser'), 'ann@shop.example 550 5.1.1'],
  [
    'no status, codes in the reply',
    'Final-Recipient: rfc822; a@b.example\nAction: failed\nDiagnostic-Code: SMTP; 552 5.2.2 full',
    'a@b.example 552 5.2.2',
  ],
  [
    'a status that says nothing',
    'Final-Recipient: rfc822; a@b.example\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-5.7.26 no',
    'a@b.example 550 5.7.26',
  ],
  [
    'a name inside a network',
    'Original-Recipient: rfc822; a@b.example\nFinal-Recipient: rfc822; a@store7\nStatus: 5.2.2',
    'a@b.example  5.2.2',
  ],
  [
    'delivered ones are left out',
    `Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0\n\n${ann}`,
    'ann@shop.example 550 5.1.1',
  ],
];
for (const [name, fields, expected] of faults) {
  test(`a delivery status with faults: ${name}`, () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = mail(report, statusPart(fields)).replaceAll('\n', end);
      assert.equal(short(readBounce(text)), `status ${expected}`);
    }
  });
}

const whole = mail(report, statusPart(ann));
const cuts: readonly (readonly [string, string])[] = [
  ['cut off behind the status', whole.slice(0, whole.indexOf('User unknown') + 12)],
  ['without the last boundary', whole.replace('--B--\n', '')],
  [
    'without a Content-Type',
    whole.replace(/^Content-Type: multipart.*\n/m, '').replace(/^Content-Type: multipart.*$/m, ''),
  ],
  ['with a boundary that never comes', whole.replace('boundary="B"', 'boundary="C"')],
  ['with a misspelt type', whole.replace('multipart/report', 'multipart/rep0rt')],
  ['in a mailbox file', `From MAILER-DAEMON Mon Mar  2 10:00:00 2026\n${whole}`],
  ['with empty lines first', `\n\n${whole}`],
  [
    'in multiparts in multiparts',
    mail(
      `${from}\nTo: s@s.example\nSubject: failure\nContent-Type: multipart/mixed; boundary=A`,
      `--A\n${whole.slice(whole.indexOf('Content-Type'))}\n--A--`,
    ),
  ],
];
for (const [name, text] of cuts) {
  test(`a delivery status ${name}`, () => {
    assert.equal(short(readBounce(text)), 'status ann@shop.example 550 5.1.1');
  });
}

test('a status as quoted-printable text in a mixed message', () => {
  const body = `An error occurred for a=
@b.example

Reporting-MTA: d=
ns; x

Final-Reci=
pient: rfc822; a@b.example
Diagnostic-Code: smtp; 55=
0 5.1.1 Unbekannt =FC
Status: 5.1.1
`;
  const type = 'Content-Type: text/plain; charset=iso-8859-15';
  const part = `--B\n${type}\nContent-Transfer-Encoding: quoted-printable\n\n${body}\n--B--`;
  const one = only(readBounce(mail(report.replace('report;', 'mixed;'), part)));
  assert.deepEqual([one.recipient, one.diagnostic], ['a@b.example', '550 5.1.1 Unbekannt ü']);
});

test('base64, ISO-2022-JP and HTML are read as people see them', () => {
  const text = 'Delivery to a@b.example failed: 550 5.1.1 unknown';
  const coded = Buffer.from(text).toString('base64');
  const plain = `${from}\nSubject: failure notice\nContent-Transfer-Encoding: base64`;
  assert.equal(short(readBounce(mail(plain, coded))), 'text a@b.example 550 5.1.1');
  const jis = '\u001b$B%a!<%k\u001b(B a@b.example\n<a@b.example>:\n550 5.1.1 unknown';
  const type = 'Content-Type: text/plain; charset=iso-2022-jp';
  const japanese = `${from}\nSubject: failure notice\n${type}`;
  assert.equal(short(readBounce(mail(japanese, jis))), 'text a@b.example 550 5.1.1');
  const html =
    '<html><head><style>p{}</style></head><p>Sorry<p>&lt;a@b.example&gt;:<br>550 5.1.1 no</p>';
  const page = `${from}\nSubject: failure notice\nContent-Type: text/html`;
  assert.equal(short(readBounce(mail(page, html))), 'text a@b.example 550 5.1.1');
});

test('a bounce that another server forwards is read', () => {
  const type = 'Content-Type: multipart/mixed; boundary=O';
  const outer = `${from}\nTo: sue@sender.example\nSubject: Returned mail\n${type}`;
  const first = '--O\n\nThe original message was received\n';
  const body = `${first}\n--O\nContent-Type: message/rfc822\n\n${whole}\n--O--`;
  assert.equal(short(readBounce(mail(outer, body))), 'status ann@shop.example 550 5.1.1');
});

const arf = (fields: string): string => `From: fbl@provider.example
To: abuse@sender.example
Subject: FW: Hello
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an abuse report.

--B
Content-Type: message/feedback-report

${fields}
--B
Content-Type: message/rfc822

From: sue@sender.example
To: ann@provider.example
Subject: Hello

Hello
--B--`;
const ofMicrosoft = `From: staff@hotmail.com
Subject: complaint about message from 192.0.2.25
Content-Type: multipart/mixed; boundary=B

--B
Content-Type: message/rfc822

X-HmXmrOriginalRecipient: ann@hotmail.com
To: x@y.example

Hello
--B--`;
const ofAmazon = `From: no-reply@sns.amazonaws.com
Subject: AWS Notification Message

{"notificationType":"Complaint","complaint":{"complainedRecipients":
 [{"emailAddress":"ann@b.example"}],"user
 Agent":"x`;
const complaints: readonly (readonly [string, string, string, string])[] = [
  [
    'with a recipient',
    arf('Feedback-Type: abuse\nOriginal-Rcpt-To: <ann@provider.example>'),
    'abuse',
    'ann@provider.example',
  ],
  [
    'with two',
    arf('Feedback-Type: fraud\nOriginal-Rcpt-To: a@b.example\nOriginal-Rcpt-To: c@b.example'),
    'fraud',
    'a@b.example c@b.example',
  ],
  [
    'without one: the original tells',
    arf('Feedback-Type: abuse\nVersion: 0.1'),
    'abuse',
    'ann@provider.example',
  ],
  ['without a type', arf('Version: 1'), 'abuse', 'ann@provider.example'],
  ['of Microsoft: a message with a subject', ofMicrosoft, 'abuse', 'ann@hotmail.com'],
  ['of Amazon in JSON, folded in the middle of a word', ofAmazon, 'abuse', 'ann@b.example'],
];
for (const [name, text, type, recipients] of complaints) {
  test(`a complaint ${name}`, () => {
    const bounce = readBounce(text);
    assert.equal(bounce.kind, 'complaint');
    assert.equal(bounce.feedback || 'abuse', type);
    assert.equal(bounce.recipients.map(({ recipient }) => recipient).join(' '), recipients);
  });
}

const answers = [
  ['Auto-Submitted: auto-replied\nSubject: I am away', 'auto-reply'],
  ['Subject: Automatic reply: Hello\nX-Auto-Response-Suppress: All', 'auto-reply'],
  ['Subject: Out of office', 'auto-reply'],
  ['Subject: Abwesenheitsnotiz: Hallo', 'auto-reply'],
  ['Precedence: auto_reply\nSubject: Hello', 'auto-reply'],
  ['Subject: Re: Hello', 'none'],
  ['Subject: Your order has failed at checkout', 'none'],
  ['Auto-Submitted: auto-generated\nSubject: Cron <root@x> /bin/backup', 'none'],
  ['Subject: [project] New issue\nX-Auto-Response-Suppress: All', 'none'],
] as const;
for (const [fields, kind] of answers) {
  test(`${fields.replace('\n', ' · ')}: ${kind}`, () => {
    const bounce = readBounce(
      mail(`From: Ann <ann@shop.example>\n${fields}`, 'Talk to ben@b.example.'),
    );
    assert.equal(bounce.kind, kind);
    const expected = kind === 'none' ? [] : ['ann@shop.example'];
    assert.deepEqual(
      bounce.recipients.map(({ recipient }) => recipient),
      expected,
    );
  });
}

test('an empty message, one without header, and octets of all kinds are no bounce', () => {
  const octets = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
  for (const text of ['', '\n', 'Hello', '\u0000'.repeat(99), octets, 'a@b.example\n'.repeat(9)]) {
    assert.deepEqual(readBounce(text).recipients, [], JSON.stringify(text.slice(0, 40)));
  }
});

test('a report that tells of delivered mail only is no bounce', () => {
  const fields = 'Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0';
  assert.equal(readBounce(mail(report, statusPart(fields))).kind, 'none');
});

test('of a report for many recipients a thousand are read', () => {
  const group = (nth: number): string =>
    `Final-Recipient: rfc822; a${nth}@b.example\nAction: failed\nStatus: 5.1.1\n\n`;
  const fields = Array.from({ length: 1_500 }, (_, nth) => group(nth)).join('');
  assert.equal(readBounce(mail(report, statusPart(fields))).recipients.length, 1_000);
  const lines = Array.from({ length: 1_500 }, (_, nth) => `<a${nth}@b.example>: 550 no`).join('\n');
  const text = mail(`${from}\nSubject: failure notice`, lines);
  assert.equal(readBounce(text).recipients.length, 1_000);
});

test('only the beginning of a large message is read', () => {
  const large = whole + 'x'.repeat(mailOctetsMax);
  assert.equal(short(readBounce(large)), 'status ann@shop.example 550 5.1.1');
  assert.equal(readBounce('\n'.repeat(mailOctetsMax + 1) + whole).kind, 'none');
});
