/** Bounces of mail servers, each in the form of its own texts. */
import { type BounceCase, original, testBounces } from '../../../test/doubles/bounces.ts';

const cases: readonly BounceCase[] = [
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
];

testBounces(cases);
