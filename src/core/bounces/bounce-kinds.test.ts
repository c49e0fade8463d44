/** Bounces that are only text, each written as one mail server writes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBounce } from '../../formats/bounces/bounce.ts';
import { openReplyClassifier } from '../replies/classifier.ts';
import { ourReplyRules } from '../replies/rules/all.ts';
import { judgeBounce } from './judge-bounce.ts';

const classifier = openReplyClassifier(ourReplyRules);

/** From, subject, body, and the expected lines: recipient, cause, codes. */
type Case = readonly [name: string, from: string, subject: string, body: string, lines: string];

const original = `Received: from desk.sender.example by mx.sender.example; Mon, 2 Mar 2026 10:00:00 +0000
From: Sue <sue@sender.example>
To: ann@shop.example
Subject: Hello

Hello`;

const cases: readonly Case[] = [
  [
    'qmail',
    'MAILER-DAEMON@sender.example',
    'failure notice',
    `Hi. This is the qmail-send program at sender.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@shop.example>:
192.0.2.9 does not like recipient.
Remote host said: 550 5.1.1 <ann@shop.example>: no mailbox here by that name
Giving up on 192.0.2.9.

<ben@shop.example>:
Sorry, I couldn't find any host named shop.example. (#5.1.2)

--- Below this line is a copy of the message.

${original}`,
    'ann@shop.example recipient-unknown 550 5.1.1\nben@shop.example host-unknown 5.1.2',
  ],
  [
    'qmail that gives up',
    'MAILER-DAEMON@sender.example',
    'failure notice',
    `Hi. This is the qmail-send program at sender.example.

<ann@shop.example>:
CNAME lookup failed temporarily. (#4.4.3)
I'm not going to try again; this message has been in the queue too long.

--- Below this line is a copy of the message.`,
    'ann@shop.example expired 4.4.3',
  ],
  [
    'Exim',
    'Mail Delivery System <Mailer-Daemon@sender.example>',
    'Mail delivery failed: returning message to sender',
    `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@shop.example
    host mx.shop.example [192.0.2.9]
    SMTP error from remote mail server after RCPT TO:<ann@shop.example>:
    552 5.2.2 Mailbox of the user is over quota
  ben@club.example
    retry timeout exceeded
  cid@nowhere.example
    Unrouteable address
  dan@firm.example
    host mx.firm.example [192.0.2.10]
    SMTP error from remote mail server after MAIL FROM:<sue@sender.example> SIZE=90000:
    552 5.3.4 Message size exceeds fixed limit

------ This is a copy of the message, including all the headers. ------

${original}`,
    [
      'ann@shop.example mailbox-full 552 5.2.2',
      'ben@club.example expired',
      'cid@nowhere.example host-unknown',
      'dan@firm.example too-big 552 5.3.4',
    ].join('\n'),
  ],
  [
    'Exim that waits',
    'Mail Delivery System <Mailer-Daemon@sender.example>',
    'Warning: message 1abc delayed 24 hours',
    `This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.sender.example.

The address to which the message has not yet been delivered is:

  ann@shop.example
    host mx.shop.example [192.0.2.9]
    Delay reason: Connection timed out`,
    'ann@shop.example expired',
  ],
  [
    'Sendmail without a status part',
    'Mail Delivery Subsystem <MAILER-DAEMON@sender.example>',
    'Returned mail: User unknown',
    `The original message was received at Mon, 2 Mar 2026 10:00:00 GMT

   ----- The following addresses had permanent fatal errors -----
<ann@shop.example>
<ben@shop.example>

   ----- Transcript of session follows -----
... while talking to mx.shop.example.:
>>> RCPT To:<ann@shop.example>
<<< 550 5.1.1 unknown recipient
550 5.1.1 <ann@shop.example>... User unknown
>>> RCPT To:<ben@shop.example>
<<< 452 4.2.2 Mailbox full
   ----- Original message follows -----

${original}`,
    'ann@shop.example recipient-unknown 550 5.1.1\nben@shop.example mailbox-full 452 4.2.2',
  ],
  [
    'old Sendmail',
    'Mail Delivery Subsystem <MAILER-DAEMON@sender.example>',
    'Returned mail: Host unknown',
    `   ----- Transcript of session follows -----
While talking to mx.club.example:
>>> MAIL From:<sue@sender.example>
<<< 550 Relaying denied
554 <ben@club.example>... Service unavailable
550 ann@shop.example... Host unknown

   ----- Unsent message follows -----
${original}`,
    'ben@club.example relay-denied 550\nann@shop.example host-unknown 550',
  ],
  [
    'Exchange 2003',
    'System Administrator <postmaster@shop.example>',
    'Undeliverable: Hello',
    `Your message

  To:      ann@shop.example
  Subject: Hello
  Sent:    Mon, 2 Mar 2026 10:00:00 +0000

did not reach the following recipient(s):

ann@shop.example on Mon, 2 Mar 2026 10:00:05 +0000
    The recipient name is not recognized
        The MTS-ID of the original message is: c=us;a= ;p=shop;l=MX-0000
    MSEXCH:IMS:SHOP:MX:MX 0 (000C05A6) Unknown Recipient`,
    'ann@shop.example recipient-unknown',
  ],
  [
    'Notes: the reason before the recipient',
    'postmaster@shop.example',
    'Undeliverable message',
    `------- Failure Reasons  --------

User not listed in public Name & Address Book
ann@shop.example

------- Returned Message --------

${original}`,
    'ann@shop.example recipient-unknown',
  ],
  [
    'Domino',
    'Mailer <postmaster@shop.example>',
    'DELIVERY FAILURE: User ann not listed in Domino Directory',
    `Your message

  Subject: Hello

was not delivered to:

  ann@shop.example

because:

  User ann (ann@shop.example) not listed in Domino Directory`,
    'ann@shop.example recipient-unknown',
  ],
  [
    'IMail',
    '"Postmaster" <postmaster@sender.example>',
    'Undeliverable Mail',
    'User mailbox exceeds allowed size: ann@shop.example\n\nOriginal message follows.\n\nHello',
    'ann@shop.example mailbox-full',
  ],
  [
    'Courier',
    'postmaster@sender.example',
    'NOTICE: mail delivery status.',
    `                           UNDELIVERABLE MAIL

Your message to the following recipients cannot be delivered:

<ann@shop.example>:
    mx.shop.example [192.0.2.9]:
>>> RCPT TO:<ann@shop.example>
<<< 554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using bl.example

If your message was also sent to additional recipients, their delivery
status is not included in this report.`,
    'ann@shop.example blocked 554 5.7.1',
  ],
  [
    'OpenSMTPD',
    'Mailer Daemon <MAILER-DAEMON@sender.example>',
    'Delivery status notification: error',
    `    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

ann@shop.example: 421 4.7.0 Too many connections from your host
ben@shop.example: Envelope expired

    Below is a copy of the original message:

${original}`,
    'ann@shop.example rate 421 4.7.0\nben@shop.example expired',
  ],
  [
    'DragonFly',
    'MAILER-DAEMON <>',
    'Mail delivery failed',
    `This is the DragonFly Mail Agent v0.13 at sender.example.

There was an error delivering your mail to <ann@shop.example>.

DNS lookup failure: host shop.example not found

Message headers follow.

${original}`,
    'ann@shop.example host-unknown',
  ],
  [
    'InterScan',
    'postmaster@shop.example ("InterScan Notification")',
    'Mail could not be delivered',
    `I could not deliver this message:
Sent <<< RCPT TO:<ann@shop.example>
Received >>> 550 5.1.1 <ann@shop.example>... user unknown

Unable to deliver message to <ann@shop.example>.`,
    'ann@shop.example recipient-unknown 550 5.1.1',
  ],
  [
    'MailMarshal',
    'postmaster@shop.example',
    'Undeliverable Mail: "Hello"',
    `Your message:
   From:    sue@sender.example
   Subject: Hello

Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
    ann@shop.example

--- Original Message Header ---
${original}`,
    'ann@shop.example recipient-unknown 550 5.1.1',
  ],
  [
    'SurfControl',
    'Mail Administrator <postmaster@shop.example>',
    'Message could not be sent',
    `Your message could not be sent.
A transcript of the attempts to send the message follows.

Addressed To: ann@shop.example

Mon 2 Mar 2026 10:00:00 +0000
Failed to send to identified host,
ann@shop.example: [192.0.2.9], 550 ann@shop.example... No such user
--- Message non-deliverable.`,
    'ann@shop.example recipient-unknown 550',
  ],
  [
    'MailFoundry',
    'MAILER-DAEMON@shop.example',
    'Message delivery has failed',
    `Unable to deliver message to: <ann@shop.example>
Delivery failed for the following reason:
Server mx.shop.example[192.0.2.9] failed with: 552 <ann@shop.example> exceeds mailbox limit

This has been a permanent failure.  No further delivery attempts will be made.`,
    'ann@shop.example mailbox-full 552',
  ],
  [
    'McAfee',
    'MAILER-DAEMON@shop.example',
    'Delivery Status',
    `--- The following addresses had delivery problems ---

<ann@shop.example>   (User unknown ann@shop.example)

--------------Original message----------`,
    'ann@shop.example recipient-unknown',
  ],
  [
    'ActiveHunter',
    'MAILER-DAEMON@shop.example',
    'FAILURE NOTICE :',
    `  ----- The following addresses had permanent fatal errors -----

>>> ann@shop.example

  ----- Transcript of session follows -----
550 5.1.1 <ann@shop.example>... User Unknown`,
    'ann@shop.example recipient-unknown 550 5.1.1',
  ],
  [
    'm-FILTER',
    'postmaster@shop.example',
    'failure notice',
    `ann@shop.example
-------server message
550 5.1.1 unknown user <ann@shop.example>

-------original message
${original}`,
    'ann@shop.example recipient-unknown 550 5.1.1',
  ],
  [
    'a Japanese telephone',
    'no-reply@phone.example',
    'Mail',
    `Your mail sent on: Mon, 2 Mar 2026 10:00:00 +0900
     Could not be delivered to: <ann@phone.example>
     As their mailbox is full.`,
    'ann@phone.example mailbox-full',
  ],
  [
    'mimecast',
    '"postmaster" <postmaster@shop.example>',
    '[Postmaster] Email Delivery Failure',
    `This is an automated alert notification. Please do not reply.

An email that you attempted to send to the following address could not be delivered:
-- ann@shop.example

The problem appears to be :
-- Recipient email address is possibly incorrect

Additional information follows :
-- 5.4.1 Recipient address rejected: Access denied.`,
    'ann@shop.example recipient-unknown 5.4.1',
  ],
  [
    'Zoho, two recipients',
    'mailer-daemon@mail.zoho.example',
    'Undelivered Mail Returned to Sender',
    `A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

ann@shop.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <ann@shop.example>... User Unknown
ben@shop.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.2.2 <ben@shop.example>... Mailbox Full`,
    'ann@shop.example recipient-unknown 550 5.1.1\nben@shop.example mailbox-full 550 5.2.2',
  ],
  [
    'Gmail of old',
    'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
    'Delivery Status Notification (Failure)',
    `Delivery to the following recipient failed permanently:

     ann@shop.example

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the server for the recipient domain shop.example by mx.shop.example. [192.0.2.9].

The error that the other server returned was:
554 5.7.1 The message looks like spam

----- Original message -----`,
    'ann@shop.example spam-content 554 5.7.1',
  ],
  [
    'GMX, recipient and sender are the same',
    'MAILER-DAEMON@mail.gmx.example',
    'Mail delivery failed: returning message to sender',
    `The following address failed:

"sue@sender.example":
SMTP error from remote server after RCPT command:
host: mx.sender.example
5.2.2 <sue@sender.example>... Mailbox Full

--- The header of the original message is following. ---`,
    'sue@sender.example mailbox-full 5.2.2',
  ],
];

for (const [name, from, subject, body, lines] of cases) {
  test(`${name}: ${lines.replaceAll('\n', ' · ')}`, () => {
    const mail = `From: ${from}\nTo: <sue@sender.example>\nSubject: ${subject}\n\n${body}\n`;
    for (const end of ['\n', '\r\n', '\r']) {
      const judged = judgeBounce(readBounce(mail.replaceAll('\n', end)), classifier);
      const told = judged.map(({ cause, code, recipient, status }) =>
        [recipient, cause, code, status].filter((part) => part !== '').join(' '),
      );
      assert.equal(told.join('\n'), lines);
    }
  });
}
