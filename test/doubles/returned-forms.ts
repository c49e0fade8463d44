/** Returned mail in the forms of many servers: of our mail, and forged. */
import type { SigningKey } from '../../src/formats/dkim/signing-key.ts';
import { newKey, type ReturnsMemory, signedHeader } from './returns.ts';

export const ours: SigningKey = newKey('ours.example', 's1');
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

export type ReturnedForm = { readonly name: string; readonly mail: string };
export type OwnReturn = ReturnedForm & {
  /** What proves it, and what has to be remembered for that. */
  readonly proof: 'signature' | 'message-id' | 'envelope';
  readonly memory: ReturnsMemory;
};

/** Each form with each proof alone, and with both ends of lines. */
export async function ownReturns(): Promise<readonly OwnReturn[]> {
  const to = 'bob@there.example';
  const signed = await signedHeader(ours, fields('m1@ours.example', to), 'Hello.\r\n');
  const proofs = [
    [signed, {}, 'signature'],
    [bare('m1@ours.example', to), { messageIds: ['m1@ours.example'] }, 'message-id'],
    [`From: ann@ours.example\nTo: ${to}`, { sentTo: [to] }, 'envelope'],
  ] as const;
  return Object.entries(forms).flatMap(([name, form]) =>
    proofs.flatMap(([original, memory, proof]) =>
      ['\n', '\r\n'].map((end) => {
        return { name, memory, proof, mail: form(original, to).replaceAll('\n', end) };
      }),
    ),
  );
}

/** Of this mail of ours something is remembered while forged returned mail comes in. */
export const otherMail: ReturnsMemory = {
  messageIds: ['mail-real@ours.example'],
  sentTo: ['bob@x.example'],
};

/** Each form with each forged header, so many times. */
export async function forgedReturns(rounds: number): Promise<readonly ReturnedForm[]> {
  const all: ReturnedForm[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [nthMaker, make] of forged.entries()) {
      for (const [server, form] of Object.entries(forms)) {
        const to = `p${round}-${nthMaker}@victims.example`;
        const name = `${server} ${nthMaker}`;
        all.push({ name, mail: form(await make(all.length, to), to) });
      }
    }
  }
  return all;
}
