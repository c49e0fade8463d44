/** Bounces of filters, providers and old products, each in the form of its own texts. */
import { type BounceCase, original, testBounces } from '../../../test/doubles/bounces.ts';

const cases: readonly BounceCase[] = [
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
    `A message that you sent could not be delivered to one or more of its recipients.

ann@shop.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 User Unknown
ben@shop.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.2.2 Mailbox Full`,
    'ann@shop.example recipient-unknown 550 5.1.1\nben@shop.example mailbox-full 550 5.2.2',
  ],
  [
    'Gmail of old',
    'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
    'Delivery Status Notification (Failure)',
    `Delivery to the following recipient failed permanently:

     ann@shop.example

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by mx.shop.example. [192.0.2.9].

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

testBounces(cases);
