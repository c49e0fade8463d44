/** Words of mail servers, and the cause that they mean. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BounceCause } from './cause.ts';
import { bareWords, certainCause, probableCause } from './words.ts';

const told: readonly (readonly [BounceCause, string])[] = [
  ['rate', '454 Throttling failure: Daily message quota exceeded'],
  ['rate', '550 5.4.5 Daily sending quota exceeded'],
  ['rate', 'Domain example.com has exceeded the max emails per hour (150/150 (100%)) allowed.'],
  ['rate', '421 4.7.0 too many concurrent SMTP connections from your host'],
  ['rate', '452 4.5.3 Too many recipients'],
  ['rate', 'all available IPs are at maximum connection limit'],
  ['mailbox-full', '550 user has exceeded his/her disk space limit'],
  [
    'mailbox-full',
    "552 5.2.2 Message larger than the current system limit, or recipient's mailbox is full.",
  ],
  ['mailbox-full', "The recipient's mailbox has exceeded its quota"],
  ['mailbox-full', 'Requested mail action aborted: exceeded storage allocation'],
  ['mailbox-full', 'Account is over quota'],
  ['mailbox-full', 'maildir over quota'],
  ['mailbox-full', 'mailbox is full; message rejected'],
  ['mailbox-full', 'vdeliver: Sorry, mailbox for user is full'],
  ['mailbox-full', '552 5.2.2 Ban user over disk quota'],
  ['recipient-unknown', '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'],
  ['recipient-unknown', '550 No such person at this address'],
  ['recipient-unknown', 'sorry, no mailbox here by that name. (#5.1.1)'],
  ['recipient-unknown', '550 Unknown user kij@x.example'],
  ['recipient-unknown', '550 <a@b.example>: Recipient address rejected: undeliverable address'],
  ['recipient-unknown', '550 5.1.1 unknown or illegal alias: a@b.example'],
  ['recipient-unknown', '550 Mailbox not found'],
  ['recipient-disabled', 'This address no longer accepts mail.'],
  ['recipient-unknown', '550 a@b.example... Addressee unknown, relay=[192.0.2.1]'],
  ['recipient-unknown', 'Recipient not found'],
  ['recipient-unknown', '550 5.2.0 No mailbox here for a@b'],
  ['recipient-unknown', '550 User a@b.example does not exist'],
  ['recipient-unknown', "The email address you entered couldn't be found"],
  ['recipient-unknown', '550 Invalid recipient a@b.example (#5.1.1)'],
  ['recipient-unknown', '550 sorry, no recipient in this server'],
  ['recipient-unknown', "user doesn't have a yahoo.com account"],
  ['recipient-unknown', "Sorry, I wasn't able to establish a user by that name, no such user"],
  [
    'host-unknown',
    'Host or domain name not found. Name service error for name=x.example type=A: Host not found',
  ],
  ['host-unknown', '550 5.1.2 x.example... Host unknown'],
  ['host-unknown', 'Recipient address rejected: Domain not found'],
  ['host-unknown', 'the mail domain mentioned in email address is unknown'],
  ['host-unknown', "Sorry, I couldn't find any host named x.example. (#5.1.2)"],
  ['host-unknown', 'The domain does not exist'],
  ['host-unknown', 'unable to resolve x.example'],
  ['relay-denied', '550 relay not permitted'],
  ['relay-denied', '554 <a@b.example>: Relay access denied'],
  ['relay-denied', '550 5.7.1 Unable to relay for a@b.example'],
  ['relay-denied', "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"],
  ['relay-denied', "We don't handle mail for b.example"],
  ['relay-denied', '550 5.7.1 Relaying denied. Proper authentication required.'],
  ['relay-denied', 'This system is not configured to relay mail from you'],
  ['blocked', '550 Dynamic/zombied/spam IPs blocked. Write a@b.example'],
  ['blocked', '554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied'],
  [
    'blocked',
    '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org',
  ],
  ['blocked', '550 5.7.1 Your IP has been temporarily blocked'],
  ['blocked', '553 sorry, your mail server is blacklisted'],
  ['blocked', '550 Access from ip address 192.0.2.1 blocked. Visit http://x.example'],
  ['blocked', 'Too many spams from your IP (192.0.2.1)'],
  ['blocked', '450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]'],
  ['blocked', '554 Blocked - see https://x.example/?ip=192.0.2.1'],
  ['blocked', '550 5.7.1 You are not allowed to connect.'],
  ['blocked', 'The IP address 192.0.2.1 was found on Reputation list'],
  ['blocked', '554-5.7.1 Your host has a poor reputation'],
  ['blocked', '550 5.7.1 Email rejected per DNSBL'],
  ['spam-content', '554 5.7.1 Message rejected as spam by Content Filtering'],
  ['spam-content', '550 High probability of spam'],
  ['spam-content', '552 spam score (9.9) too high'],
  ['spam-content', '550 This message contains a virus (Eicar)'],
  ['spam-content', '571 Message Refused: unsolicited bulk e-mail'],
  [
    'spam-content',
    '554 5.7.1 The message was rejected because it contains prohibited virus or spam content',
  ],
  ['spam-content', '550 5.7.1 Message content is not acceptable here'],
  ['spam-content', 'Denied due to spam list'],
  ['spam-content', '554 rejected due to spam content'],
  ['too-big', '552 5.3.4 Message size exceeds fixed maximum message size (10485760)'],
  ['too-big', '552 message size exceeds maximum'],
  ['too-big', '550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient'],
  ['too-big', 'Message too large'],
  ['too-big', 'sorry, that message size exceeds my databytes limit (#5.3.4)'],
  ['too-big', 'Mail too big'],
  [
    'expired',
    'delivery temporarily suspended: connect to mx.x.example[192.0.2.1]:25: Connection timed out',
  ],
  ['expired', 'conversation with mx.x.example[192.0.2.1] timed out while receiving the greeting'],
  ['expired', 'Your message could not be delivered for more than 4 days'],
  ['expired', 'retry time not reached for any host after a long failure period'],
  ['expired', '#< #4.4.7 smtp;550 4.4.7 QUEUE.Expired; message expired> #SMTP#'],
  ['expired', 'Delivery time expired'],
  ['expired', 'connect to mx.x.example[192.0.2.1]:25: Connection refused'],
  ['greylisted', '450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see http://x'],
];

for (const [cause, text] of told) {
  test(`${cause}: ${text}`, () => {
    const words = bareWords(text);
    assert.equal(certainCause(words) ?? probableCause(words), cause);
  });
}

test('addresses, links and names of hosts say nothing', () => {
  const text =
    'host blocked.spam.example[192.0.2.1] said: 550 5.1.1 <mailbox-full@virus.example>: ' +
    'User unknown, see https://www.example/reason/#relaying';
  assert.equal(certainCause(bareWords(text)), 'recipient-unknown');
  assert.equal(bareWords('<a@b.example>... and c@d.example: no'), '¤ and ¤: no');
});

test('time is linear in the text, whatever it contains', () => {
  const pieces = ['a', ' ', 'to ', 'user ', 'message ', 'x.', '1.', '192.0.2.1 ', 'spam '];
  for (const piece of pieces) {
    const words = bareWords(piece.repeat(20_000));
    assert.ok(words.length <= 1_500);
    certainCause(words);
    probableCause(words);
  }
});
