import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printableLine } from '../../lib/peer-text.ts';
import { smtpReply } from '../smtp/reply.ts';
import { firstMailbox, readableSubject, subjectLengthMax } from './header.ts';

const mailboxes = [
  ['an address', 'Joe@D.example', 'joe@d.example'],
  ['a name', 'Joe <joe@d.example>', 'joe@d.example'],
  ['a comma in quotes', '"Doe, Joe" <joe@d.example>, ann@d.example', 'joe@d.example'],
  ['a false address in the name', '"ceo@bank.example" <joe@d.example>', 'joe@d.example'],
  ['a comment', 'joe@d.example (Joe, from (the) bank)', 'joe@d.example'],
  ['several, without names', 'joe@d.example, ann@d.example', 'joe@d.example'],
  ['a group', 'Friends: joe@d.example, ann@d.example;', 'joe@d.example'],
  ['an empty group', 'undisclosed-recipients:;', ''],
  ['a route', 'Joe <@relay.example:joe@d.example>', 'joe@d.example'],
  ['an IPv6 literal', 'joe@[IPv6:2001:db8::1]', 'joe@[ipv6:2001:db8::1]'],
  ['folded', 'Joe\n\t<joe@d.example>', 'joe@d.example'],
  ['spaces around the @', 'joe @ d.example', 'joe@d.example'],
  ['no address', 'Joe', ''],
  ['nothing', '', ''],
] as const;
for (const [name, value, key] of mailboxes) {
  test(`first mailbox: ${name}`, () => assert.equal(firstMailbox(value), key));
}

const subjects = [
  ['plain', 'Lunch', 'Lunch'],
  ['folded', 'Lunch\n\ttoday', 'Lunch today'],
  ['base64', '=?UTF-8?B?w6QgYg==?=', 'ä b'],
  ['quoted', '=?iso-8859-1?Q?=E4_b?=', 'ä b'],
  ['two words, one text', '=?utf-8?q?a?=\n =?utf-8?q?b?=', 'ab'],
  ['a character cut in two', '=?utf-8?q?=C3?= =?utf-8?q?=A4?=', 'ä'],
  ['words and text', 'Re: =?utf-8?q?=C3=A4?= and more', 'Re: ä and more'],
  ['another charset', '=?windows-1251?Q?=EF=F0?=', 'пр'],
  ['an unknown charset', '=?x-nonsense?Q?=E4?=', 'ä'],
  ['a language', '=?utf-8*en?Q?a?=', 'a'],
  ['controls and hidden marks', 'a\u0007b\u202ec', 'a bc'],
  ['not quite encoded', '=?utf-8?x?abc?=', '=?utf-8?x?abc?='],
] as const;
for (const [name, value, want] of subjects) {
  test(`subject: ${name}`, () => assert.equal(readableSubject(value), want));
}

test('any field is read without a throw, on one line, within bounds', () => {
  const unit = fc.constantFrom(...'=?utf-8bBqQ<>"@,;:()[]\\ \n_AZ09\u0000\u00ff');
  const text = fc.oneof(
    fc.string({ unit, maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 6_000 }),
  );
  fc.assert(
    fc.property(text, (value) => {
      const subject = readableSubject(value);
      assert.ok(subject.length <= subjectLengthMax && subject.isWellFormed());
      assert.ok(!/\p{Cc}/u.test(subject));
      assert.ok(firstMailbox(value).length <= 800);
    }),
    { numRuns: 1_000 },
  );
});

test('an SMTP reply is well formed whatever it was made of', () => {
  const reply = { code: 550, enhanced: '5.7.1', text: 'Account suspended' };
  assert.equal(smtpReply(reply, 400), '550 5.7.1 Account suspended');
  assert.equal(smtpReply({ ...reply, enhanced: '4.7.1' }, 400), '550 5.7.1 Account suspended');
  assert.equal(
    smtpReply({ ...reply, code: 250, enhanced: '' }, 400),
    '451 4.7.1 Account suspended',
  );
  assert.equal(smtpReply({ ...reply, text: 'a\r\nb ü\u0000' }, 400), '550 5.7.1 a b ??');
  assert.equal(smtpReply({ ...reply, text: ' ' }, 400), '550 5.7.1 Refused by policy');
  const any = fc.record({
    code: fc.integer(),
    enhanced: fc.string(),
    text: fc.string({ unit: 'binary', maxLength: 900 }),
  });
  fc.assert(
    fc.property(any, (made) => {
      const line = smtpReply(made, 440);
      assert.match(line, /^([45])\d\d \1\.\d{1,3}\.\d{1,3} [ -~]+$/);
      assert.ok(line.length < 510);
    }),
  );
  assert.equal(printableLine('x'.repeat(600), 100).length, 100);
});
