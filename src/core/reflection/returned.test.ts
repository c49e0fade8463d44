/** What returned mail of each kind of mail server says of the original. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timed } from '../../../test/processor-time.ts';
import { returnedMail } from './returned.ts';

const original = [
  'Received: from desk.ours.example (desk.ours.example [192.0.2.7])',
  '\tby mail.ours.example with ESMTPSA id 4XyZ12',
  'Message-ID: <mail-7@ours.example>',
  'From: Ann <ann@ours.example>',
  'To: bob@there.example',
  'Subject: the figures',
].join('\n');
const head = (from: string, more = ''): string =>
  `From: ${from}\nTo: ann@ours.example\nSubject: Undelivered mail\n${more}`;

const report =
  'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n' +
  '\tboundary="B1"\n';
const failed = 'X-Failed-Recipients: bob@there.example\nAuto-Submitted: auto-replied\n';

const forms: Readonly<Record<string, string>> = {
  Postfix: `${head('MAILER-DAEMON@relay.example (Mail Delivery System)', report)}
--B1
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host relay.example.

<bob@there.example>: host mx.there.example[198.51.100.9] said:
    550 5.1.1 no mailbox here (in reply to RCPT TO)

--B1
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; bob@there.example
Action: failed
Status: 5.1.1

--B1
Content-Type: message/rfc822

${original}

Hello.
--B1--
`,
  Exim: `${head('Mail Delivery System <Mailer-Daemon@relay.example>', failed)}
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  bob@there.example
    no such user

------ This is a copy of the message, including all the headers. ------

Return-path: <ann@ours.example>
${original}

Hello.
`,
  OpenSMTPD: `${head('Mailer Daemon <MAILER-DAEMON@relay.example>')}
    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

bob@there.example: 550 Invalid recipient

    Below is a copy of the original message:

${original}

Hello.
`,
  Sendmail: `${head('Mail Delivery Subsystem <MAILER-DAEMON@relay.example>')}
The original message was received at Mon, 2 Nov 2026 10:11:12 GMT
from desk.ours.example [192.0.2.7]

   ----- The following addresses had permanent fatal errors -----
<bob@there.example>
    (reason: 550 5.1.1 User unknown)

   ----- Transcript of session follows -----
550 5.1.1 <bob@there.example>... User unknown

   ----- Original message follows -----

${original}

Hello.
`,
  qmail: `${head('MAILER-DAEMON@relay.example')}
Hi. This is the qmail-send program at relay.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<bob@there.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <ann@ours.example>
${original}

Hello.
`,
};

for (const [server, text] of Object.entries(forms)) {
  test(`${server}: the Message-ID and the recipient of the original are found`, () => {
    const found = returnedMail(text);
    assert.equal(found.kind, 'report');
    assert.ok(found.messageIds.includes('mail-7@ours.example'), found.messageIds.join());
    assert.deepEqual(found.recipients, ['bob@there.example']);
  });
}

test('a notice without the original still names its recipient', () => {
  const found = returnedMail(
    `${head('postmaster@relay.example')}\nYour message could not be delivered.\n\n` +
      '<bob@there.example>: user unknown\n',
  );
  assert.deepEqual(found.messageIds, []);
  assert.deepEqual(found.recipients, ['bob@there.example']);
});

test('a read receipt names the original in a field of its own (RFC 8098)', () => {
  const found = returnedMail(
    `${head('bob@there.example')}\nOriginal-Message-ID: <mail-7@ours.example>\n`,
  );
  assert.deepEqual(found.messageIds, ['mail-7@ours.example']);
});

test('time stays linear: a megabyte of odd lines', () => {
  const ids = 'References: <a@b> '.repeat(20_000);
  const odd = `Message-ID: ${'<'.repeat(200_000)}\n\n${ids}\n${' <'.repeat(200_000)}`;
  assert.ok(timed(() => returnedMail(odd)).ms < 5_000);
});
