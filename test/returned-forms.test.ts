/**
 * Returned mail in the forms of many servers: ours is known by each of its proofs, forged ones are
 * not. Prints the figures.
 *
 * Copies of other people's returned mail are looked at too, where they are given:
 *
 *     POSTERN_BOUNCES=/where/bounces node --test test/returned-forms.test.ts
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { newKey, returnsTo, returnsWith, signedHeader } from './doubles/returns.ts';

const ours = newKey('ours.example', 's1');
const thief = newKey('ours.example', 's1');
const elsewhere = newKey('elsewhere.example', 's1');

/** A notice that gives back this header, about this recipient. */
type Form = (original: string, to: string) => string;

const plain = (from: string, subject: string, body: string): string =>
  `From: ${from}\nTo: <ann@ours.example>\nSubject: ${subject}\n\n${body}\n`;

/** A delivery status (RFC 3464); the original as a part of this type. */
const status =
  (server: string, type: 'message/rfc822' | 'text/rfc822-headers'): Form =>
  (original, to) =>
    `From: Mail Delivery System <MAILER-DAEMON@${server}>
To: ann@ours.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B1"

--B1
Content-Type: text/plain

Your message could not be delivered.

--B1
Content-Type: message/delivery-status

Reporting-MTA: dns; ${server}

Final-Recipient: rfc822; ${to}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no mailbox of that name

--B1
Content-Type: ${type}

${original}

${type === 'message/rfc822' ? 'Hello.' : ''}
--B1--
`;

const forms: Readonly<Record<string, Form>> = {
  Postfix: status('mx.there.example', 'message/rfc822'),
  'Postfix, header only': status('mx.there.example', 'text/rfc822-headers'),
  Sendmail: (original, to) =>
    plain(
      'Mail Delivery Subsystem <MAILER-DAEMON@there.example>',
      'Returned mail: User unknown',
      `   ----- The following addresses had permanent fatal errors -----
<${to}>

   ----- Transcript of session follows -----
550 5.1.1 <${to}>... User unknown

   ----- Original message follows -----

${original}

Hello.`,
    ),
  Exim: (original, to) =>
    plain(
      'Mail Delivery System <Mailer-Daemon@there.example>',
      'Mail delivery failed: returning message to sender',
      `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ${to}
    Unrouteable address

------ This is a copy of the message, including all the headers. ------

${original}

Hello.`,
    ),
  qmail: (original, to) =>
    plain(
      'MAILER-DAEMON@there.example',
      'failure notice',
      `Hi. This is the qmail-send program at there.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<${to}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <ann@ours.example>
${original}

Hello.`,
    ),
  OpenSMTPD: (original, to) =>
    plain(
      'Mailer Daemon <MAILER-DAEMON@there.example>',
      'Delivery status notification: error',
      `    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

${to}: 550 5.1.1 no such user

    Below is a copy of the original message:

${original}

Hello.`,
    ),
  Courier: (original, to) =>
    plain(
      'postmaster@there.example',
      'NOTICE: mail delivery status.',
      `Your message to the following recipients cannot be delivered:

<${to}>:
    550 User unknown.

---------- Original message follows ----------

${original}`,
    ),
  Gmail: (original, to) =>
    plain(
      'Mail Delivery Subsystem <mailer-daemon@there.example>',
      'Delivery Status Notification (Failure)',
      `Delivery to the following recipient failed permanently:

     ${to}

----- Original message -----

${original}

Hello.`,
    ),
  Exchange: (original, to) =>
    plain(
      'System Administrator <postmaster@there.example>',
      'Undeliverable: the figures',
      `Your message did not reach the following recipient(s):

${to} on Mon, 2 Mar 2026 10:00:05 +0000
    The recipient name is not recognized

-----Original message headers-----
${original}`,
    ),
  mimecast: (original, to) =>
    plain(
      '"postmaster" <postmaster@there.example>',
      '[Postmaster] Email Delivery Failure',
      `An email that you attempted to send to the following address could not be delivered:
-- ${to}

--- Original Message Header ---
${original}`,
    ),
};

const fields = (id: string, to: string): readonly (readonly [string, string])[] => [
  ['From', 'Ann <ann@ours.example>'],
  ['To', to],
  ['Subject', 'the figures of\n\tthis month'],
  ['Message-ID', `<${id}>`],
  ['Date', 'Mon, 02 Mar 2026 10:00:00 +0000'],
];
const bare = (id: string, to: string): string =>
  fields(id, to)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
/** Headers that spam shows: foreign ones, and ones that look like ours. */
const forged: readonly ((nth: number, to: string) => string | Promise<string>)[] = [
  (nth, to) => bare(`spam${nth}@bulk.example`, to),
  (nth, to) => bare(`mail-${nth}@ours.example`, to),
  (_nth, to) => `From: ann@ours.example\nTo: ${to}\nSubject: win`,
  (nth, to) => signedHeader(thief, fields(`t${nth}@ours.example`, to), 'Hello.\r\n'),
  (nth, to) => signedHeader(elsewhere, fields(`e${nth}@elsewhere.example`, to), 'Hello.\r\n'),
  // A signature of ours over another header.
  async (nth, to) => {
    const real = await signedHeader(ours, fields('mail-real@ours.example', 'bob@x.example'), 'Hi');
    return `${real.slice(0, real.indexOf('\nFrom:'))}\n${bare(`s${nth}@bulk.example`, to)}`;
  },
];
const rounds = 10;

test('returned mail of ours is known in every form, by each proof alone', async () => {
  let count = 0;
  for (const [name, form] of Object.entries(forms)) {
    const to = 'bob@there.example';
    const signed = await signedHeader(ours, fields('m1@ours.example', to), 'Hello.\r\n');
    const proofs = [
      [signed, {}, 'signature'],
      [bare('m1@ours.example', to), { messageIds: ['m1@ours.example'] }, 'message-id'],
      [`From: ann@ours.example\nTo: ${to}`, { sentTo: [to] }, 'envelope'],
    ] as const;
    for (const [original, memory, wanted] of proofs) {
      for (const end of ['\n', '\r\n']) {
        const mail = form(original, to).replaceAll('\n', end);
        const { kind, proof } = await returnsWith(ours, memory).proofOf(mail, [returnsTo]);
        assert.deepEqual([kind, proof], ['report', wanted], `${name}, ${wanted}`);
        count++;
      }
    }
  }
  console.log(`# returned mail of ours: ${count} of ${count} known`);
});

test('forged returned mail proves nothing in any form', async () => {
  const returns = returnsWith(ours, {
    messageIds: ['mail-real@ours.example'],
    sentTo: ['bob@x.example'],
  });
  let count = 0;
  const taken: string[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [nthMaker, make] of forged.entries()) {
      for (const [name, form] of Object.entries(forms)) {
        const to = `p${round}-${nthMaker}@victims.example`;
        const { proof } = await returns.proofOf(form(await make(count, to), to), [returnsTo]);
        if (proof !== 'unproven') taken.push(`${name} ${nthMaker} ${proof}`);
        count++;
      }
    }
  }
  console.log(`# forged returned mail: ${count - taken.length} of ${count} marked`);
  assert.deepEqual(taken, []);
});

const home = resolve(import.meta.dirname, '..');
const folder = process.env['POSTERN_BOUNCES'] ?? resolve(home, '../shared/bounces');
const given = join(folder, 'mail');
const missing = existsSync(given) ? false : `${given} is not there; POSTERN_BOUNCES names it`;
const octetsOf = (name: string): string => readFileSync(join(given, name), 'latin1');

test("copies of other people's returned mail prove nothing", { skip: missing }, async () => {
  const returns = returnsWith(ours, { messageIds: ['m1@ours.example'] });
  const names = readdirSync(given);
  const taken: string[] = [];
  for (const name of names) {
    const { proof } = await returns.proofOf(octetsOf(name), [returnsTo]);
    if (proof !== 'unproven') taken.push(`${name}: ${proof}`);
  }
  console.log(`# other people's: ${names.length - taken.length} of ${names.length} marked`);
  assert.deepEqual(taken, []);
});

test('returned mail is known if someone here wrote to its recipient', {
  skip: missing,
}, async () => {
  const rows = readFileSync(join(folder, 'labels.tsv'), 'utf8').trim().split('\n').slice(1);
  // Some reports hide their recipient, or the labels name none.
  const named = rows
    .map((row) => row.split('\t'))
    .filter(([, recipient = '']) => recipient.includes('@') && !recipient.endsWith('.invalid'));
  const lost: string[] = [];
  for (const [name = '', recipient = ''] of named) {
    const returns = returnsWith(ours, { sentTo: [recipient.toLowerCase()] });
    const { proof } = await returns.proofOf(octetsOf(name), [returnsTo]);
    if (proof === 'unproven') lost.push(`${name} ${recipient}`);
  }
  console.log(`# given returned mail: ${named.length - lost.length} of ${named.length} known`);
  assert.deepEqual(lost, []);
});
