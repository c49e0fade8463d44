/** Which of the mail that got out the owner sent, and which the thief. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Millis } from '../../lib/time.ts';
import { type AccountMail, type LeakEvidence, type LeakMark, markLeaked } from './leaked.ts';

const since = 1_000_000 as Millis;
const own = '192.0.2.7';
const thief = '203.0.113.9';

function mail(id: string, more: Partial<AccountMail> = {}): AccountMail {
  return {
    id,
    at: (since + 1_000) as Millis,
    client: own,
    headerFrom: 'joe@here.test',
    subject: 'Lunch',
    fingerprint: '',
    recipients: ['friend@elsewhere.test'],
    ...more,
  };
}

const evidence: LeakEvidence = {
  since,
  networks: ['203.0.113.0/24'],
  froms: [],
  earlier: [mail('before', { at: (since - 5_000) as Millis })],
  wasWrittenTo: (address) => address === 'friend@elsewhere.test',
};
const stranger = ['s@else.test'];
const burst = (nth: number): AccountMail =>
  mail(`burst${nth}`, { client: thief, subject: `Offer #${nth}`, recipients: [`s${nth}@x.test`] });

function marksOf(
  sent: readonly AccountMail[],
  more: Partial<LeakEvidence> = {},
): Readonly<Record<string, LeakMark>> {
  const marked = markLeaked(sent, { ...evidence, ...more });
  return Object.fromEntries(marked.map(({ mail: { id }, mark }) => [id, mark]));
}

test('a burst from the network of the attack, and honest mail in between', () => {
  const sent = [
    mail('early', { at: (since - 1) as Millis, client: thief }),
    burst(1),
    burst(2),
    burst(3),
    mail('honest'),
    mail('to-a-new-friend', { recipients: stranger, subject: 'Hello' }),
    mail('address-book', { client: thief, subject: 'Offer #9' }),
  ];
  assert.deepEqual(marksOf(sent), {
    early: 'owner',
    burst1: 'thief',
    burst2: 'thief',
    burst3: 'thief',
    honest: 'owner',
    'to-a-new-friend': 'owner',
    'address-book': 'thief',
  });
});

test("a thief on the owner's own machine: copies to strangers are not clear, and say why", () => {
  const sent = [1, 2, 3].map((nth) => ({ ...burst(nth), client: own }));
  const [first] = markLeaked(sent, { ...evidence, networks: [] });
  assert.equal(first?.mark, 'unclear');
  assert.deepEqual(first.why, [
    'sent from 192.0.2.0/24, which the account used before',
    'one of 3 messages with the same subject',
    'written only to strangers',
  ]);
  const forged = sent.map((one) => ({ ...one, headerFrom: 'bank@evil.test' }));
  assert.deepEqual([...new Set(Object.values(marksOf(forged, { networks: [] })))], ['thief']);
});

test('one text under many subjects is a burst, except if the owner sent it before', () => {
  const sent = ['Hi', 'Your order', 'Question'].map((subject, nth) =>
    mail(`text${nth}`, { subject, client: '', fingerprint: '77', recipients: stranger }),
  );
  const [first] = markLeaked(sent, { ...evidence, networks: [] });
  assert.deepEqual([first?.mark, first?.why[0]], ['thief', 'one of 3 messages with the same text']);
  const earlier = [mail('before', { fingerprint: '77' })];
  assert.deepEqual([...new Set(Object.values(marksOf(sent, { earlier })))], ['unclear']);
});

test('another From, a new network, a newsletter that goes out every week', () => {
  const weekly = mail('old', { at: (since - 9_000) as Millis, subject: 'News 41' });
  const sent = [
    mail('from', { client: '', headerFrom: 'ceo@here.test', recipients: stranger }),
    mail('new-network', { client: '198.51.100.1', recipients: stranger, subject: 'x' }),
    ...['a', 'b', 'c'].map((id) => mail(id, { subject: 'News 42', recipients: stranger })),
  ];
  assert.deepEqual(marksOf(sent, { networks: [], earlier: [weekly] }), {
    from: 'thief',
    'new-network': 'thief',
    a: 'unclear',
    b: 'unclear',
    c: 'unclear',
  });
});

test('nothing is kept in clear text, and nothing was sent before: not clear', () => {
  const bare = mail('bare', { headerFrom: '', subject: '', recipients: [''], client: '' });
  const [only] = markLeaked([bare], { ...evidence, earlier: [], wasWrittenTo: () => undefined });
  assert.deepEqual([only?.mark, only?.why], ['unclear', ['nothing tells them apart']]);
});
