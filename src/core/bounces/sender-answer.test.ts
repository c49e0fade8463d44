/** Which replies say something about the account that sent the mail, and who said it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openReplyClassifier } from '../replies/classifier.ts';
import { ourReplyRules } from '../replies/rules/all.ts';
import { senderAnswer } from './sender-answer.ts';

const classifier = openReplyClassifier(ourReplyRules);
const google = 'gmail-smtp-in.l.google.com';
const spam = '550 5.7.1 message rejected as spam';

function told(recipient: string, reply: string, mxHost: string): string {
  const found = senderAnswer(classifier, { outcome: 'bounced', recipient, reply, mxHost });
  if (found === undefined) return 'nothing';
  return `${found.about} ${found.site}${found.isProvider ? ' provider' : ''}`;
}

const cases = [
  ['a large provider', 'a@gmail.com', spam, google, 'content google provider'],
  ['the same in a recording without hosts', 'a@gmail.com', spam, '', 'content google provider'],
  ['a relay on the way', 'a@gmail.com', spam, 'relay.example', 'content gmail.com'],
  ['a customer of the provider', 'a@evil.example', spam, google, 'content evil.example'],
  ['a name below', 'a@b.c.evil.co.uk', spam, 'mx.evil.co.uk', 'content evil.co.uk'],
  ['an unknown user', 'a@gmail.com', '550 5.1.1 User unknown', google, 'nothing'],
  ['a full mailbox', 'a@gmail.com', '452 4.2.2 Mailbox full', google, 'nothing'],
  ['greylisting', 'a@b.example', '450 4.2.0 Greylisted, try again', 'mx.b.example', 'nothing'],
  ['our address', 'a@b.example', '554 blocked using zen.spamhaus.org', 'mx.b.example', 'nothing'],
  ['no reply', 'a@b.example', '', 'mx.b.example', 'nothing'],
] as const;
for (const [what, recipient, reply, mxHost, expected] of cases) {
  test(`${what}: ${expected}`, () => assert.equal(told(recipient, reply, mxHost), expected));
}

test('mail that was delivered is not asked about', () => {
  const seen = { outcome: 'sent', recipient: 'a@b.example', reply: spam, mxHost: '' } as const;
  assert.equal(senderAnswer(classifier, seen), undefined);
});
