import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis, minuteMs } from '../../../lib/time.ts';
import { countedByFilter } from '../filter-rules.ts';
import type { InboundFacts } from './facts.ts';
import { judgeDue, judgeMessage, rememberMessage } from './judge.ts';
import type { JudgePolicy } from './judgement.ts';
import { ownMessageName } from './knowledge.ts';
import { openKnowledgeTable } from './knowledge-table.ts';

const start = 1_700_000_000_000 as Millis;
const after = (ms: number): Millis => (start + ms) as Millis;
const policy: JudgePolicy = {
  stance: 'wait',
  waitMs: 10 * minuteMs,
  learningUntil: (start - 1) as Millis,
  isOurs: (domain) => domain === 'here.example',
  organisationOf: (domain) => domain.split('.').slice(-2).join('.'),
};

/** A mail server that is set up well, whose mail the content filter finds ordinary. */
const good: InboundFacts = {
  at: start,
  client: '192.0.2.7',
  clientName: 'mail.bakery.example',
  reverseName: 'mail.bakery.example',
  helo: 'mail.bakery.example',
  sender: 'orders@bakery.example',
  recipients: ['anna@here.example'],
  spf: 'pass',
  spfDomain: 'bakery.example',
  dnswl: undefined,
  dnsbl: false,
  badRecipients: 0,
  signers: [],
  answers: [],
  isProvenReturn: false,
  saysCode: false,
  likeness: 0.1,
};
/** A machine on a line, without a name, whose mail proves nothing. */
const bot: InboundFacts = {
  ...good,
  client: '198.51.100.23',
  clientName: '',
  reverseName: 'dyn-198-51-100-23.line.example',
  helo: 'localhost',
  sender: 'x@somewhere.example',
  spf: 'softfail',
  spfDomain: 'somewhere.example',
};

const nothing = (): ReturnType<typeof openKnowledgeTable> => openKnowledgeTable(1_000, 1);
const action = (facts: InboundFacts, known = nothing(), how = policy): string =>
  judgeMessage(facts, known, how).action;

test('mail that is only unknown is delivered at once', () => {
  assert.equal(action(good), 'pass');
});

test('suspicious mail with middling content waits, with a sentence for each reason', () => {
  const judged = judgeMessage({ ...bot, likeness: 0.5 }, nothing(), policy);
  assert.equal(judged.action, 'wait');
  assert.equal(judged.waitMs, 10 * minuteMs);
  assert.deepEqual(
    judged.suspicions.map(({ name }) => name),
    ['no-name', 'made-name', 'helo', 'spf', 'first-seen'],
  );
});

test('mail that the content filter calls spam goes to Junk and does not wait', () => {
  assert.equal(action({ ...good, likeness: 1 }), 'junk');
});

test('evidence against the sender lowers the limit of the content, at most by half', () => {
  const listed = { ...bot, dnsbl: true };
  assert.equal(action({ ...listed, likeness: 0.5 }), 'junk');
  assert.equal(action({ ...listed, badRecipients: 9, likeness: 0.49 }), 'wait');
});

test('what the content filter counts of the sender itself is not counted again', () => {
  const rules = [
    { name: 'RCVD_IN_XBL', points: 1.5 },
    { name: 'SPF_SOFTFAIL', points: 1 },
    { name: 'RDNS_NONE', points: 0.5 },
    { name: 'BAYES_50', points: 0.8 },
    { name: 'RCVD_IN_DNSWL_LOW', points: -2 },
  ];
  const counted = countedByFilter(rules, 5);
  assert.deepEqual(counted, { dnsbl: 3, spf: 2, 'no-name': 1 });
  const listed = { ...bot, dnsbl: true, likeness: 0.6 };
  assert.equal(action(listed), 'junk');
  const once = judgeMessage({ ...listed, counted }, nothing(), policy);
  assert.deepEqual([once.action, once.points], ['wait', 6 + 1 + 1 + 2 + 1 + 2]);
  assert.deepEqual(countedByFilter(rules, 0), {});
});

test('looks alone lower it little: devices of honest people look like bots', () => {
  assert.equal(action({ ...bot, likeness: 0.79 }), 'wait');
  assert.equal(action({ ...bot, likeness: 0.8 }), 'junk');
});

const doubtful: InboundFacts = { ...bot, likeness: 0.5 };
test('stance defer puts the same mail off, whatever time mail waits here', () => {
  for (const waitMs of [0, 10 * minuteMs]) {
    const judged = judgeMessage(doubtful, nothing(), { ...policy, stance: 'defer', waitMs });
    assert.deepEqual([judged.action, judged.waitMs], ['defer', 0]);
  }
});

test('without a time to wait, doubtful mail is delivered and spam goes to Junk, at once', () => {
  const noWait = { ...policy, waitMs: 0 };
  assert.equal(action(doubtful, nothing(), noWait), 'pass');
  assert.equal(action({ ...bot, likeness: 0.8 }, nothing(), noWait), 'junk');
  const observed = judgeMessage({ ...bot, likeness: 0.8 }, nothing(), {
    ...noWait,
    stance: 'observe',
  });
  assert.deepEqual([observed.action, observed.would], ['pass', 'junk']);
});

const never: readonly (readonly [string, Partial<InboundFacts>])[] = [
  ['the client is on a list of good senders', { dnswl: true }],
  ['it is a bounce of our own mail', { isProvenReturn: true }],
  [
    'postmaster is one of two recipients',
    { recipients: ['a@here.example', 'Postmaster@here.example'] },
  ],
  ['abuse', { recipients: ['abuse@here.example'] }],
  ['a sign-in code with a proved domain', { signers: ['shop.example'], saysCode: true }],
];
for (const [name, more] of never) {
  test(`never waits: ${name}`, () => {
    assert.equal(action({ ...doubtful, ...more }), 'pass');
  });
}

test('a sign-in code that proves no domain waits like other mail', () => {
  assert.equal(action({ ...doubtful, saysCode: true }), 'wait');
});

test('never waits: addresses that we wrote to, and answers to our messages', () => {
  const known = nothing();
  known.see('written-to', 'x@somewhere.example', start);
  known.see('message-id', ownMessageName('<1@here.example>', 'anna@here.example'), start);
  assert.equal(action({ ...doubtful, spf: 'none' }, known), 'pass');
  const other = { ...doubtful, sender: 'y@else.example' };
  assert.equal(action(other, known), 'wait');
  assert.equal(action({ ...other, answers: ['<1@here.example>'] }, known), 'pass');
});

test('a Message-ID of ours helps only mail to its author: archives show it to everyone', () => {
  const known = nothing();
  known.see('message-id', ownMessageName('<1@here.example>', 'anna@here.example'), start);
  const answer = { ...doubtful, answers: ['<1@here.example>'] };
  assert.equal(action(answer, known), 'pass');
  assert.equal(action({ ...answer, recipients: ['bert@here.example'] }, known), 'wait');
});

test('a signature of a domain of their own does not prove the address that strangers write', () => {
  const known = nothing();
  known.see('written-to', 'x@somewhere.example', start);
  const forged = { ...doubtful, spf: 'fail', signers: ['stranger.example'] } as const;
  assert.equal(action(forged, known), 'wait');
  assert.equal(action({ ...forged, likeness: 1.2 }, known), 'junk');
  const ours = judgeMessage({ ...forged, sender: 'boss@here.example' }, nothing(), policy);
  assert.ok(ours.suspicions.some(({ name }) => name === 'our-domain'));
});

test('what the operator lists excuses content only of senders that are not forged', () => {
  const known = nothing();
  known.see('allowed', '@somewhere.example', start);
  known.see('allowed', 'sales@here.example', start);
  const spam = { ...bot, likeness: 1.2 };
  assert.equal(action({ ...spam, spf: 'none' }, known), 'pass');
  assert.equal(action({ ...spam, spf: 'fail' }, known), 'junk');
  const other = { ...spam, sender: 'y@else.example', recipients: ['sales@here.example'] };
  assert.equal(action(other, known), 'pass');
  const both = { ...other, recipients: ['sales@here.example', 'anna@here.example'] };
  assert.equal(action(both, known), 'junk');
  assert.equal(action({ ...both, likeness: 0.5 }, known), 'pass', 'it does not wait');
});

test('that we wrote to an address counts for nothing where SPF says that it is forged', () => {
  const known = nothing();
  known.see('written-to', 'x@somewhere.example', start);
  assert.equal(action({ ...doubtful, spf: 'fail' }, known), 'wait');
  assert.equal(action({ ...doubtful, spf: 'softfail' }, known), 'wait');
  const forwarded = { ...doubtful, spf: 'fail', signers: ['somewhere.example'] } as const;
  assert.equal(action(forwarded, known), 'pass');
});

test('that we wrote to a domain counts only if the mail proves the domain', () => {
  const known = nothing();
  known.see('written-to', '@somewhere.example', start);
  assert.equal(action(doubtful, known), 'wait');
  assert.equal(action({ ...doubtful, signers: ['somewhere.example'] }, known), 'pass');
});

test('never waits: what the operator lists, as address, domain or network', () => {
  for (const what of ['x@somewhere.example', '@somewhere.example', '198.51.100.23']) {
    const known = nothing();
    known.see('allowed', what, start);
    assert.equal(action(doubtful, known), 'pass', what);
  }
});

test('a domain is known a day after liked mail; a forged one is not', () => {
  const known = nothing();
  rememberMessage(good, known, policy);
  const odd = { ...good, client: '203.0.113.9', clientName: '', helo: 'x', likeness: 0.5 };
  assert.equal(action({ ...odd, at: after(minuteMs) }, known), 'wait');
  assert.equal(action({ ...odd, at: after(dayMs) }, known), 'pass');
  assert.equal(action({ ...odd, spf: 'fail', at: after(dayMs) }, known), 'wait');
});

test('a welcome sender is put into Junk only for content far above the limit', () => {
  const known = nothing();
  for (let n = 0; n < 3; n++) rememberMessage(good, known, policy);
  const later = { ...good, at: after(dayMs) };
  assert.equal(action({ ...later, likeness: 1.7 }, known), 'pass');
  assert.equal(action({ ...later, likeness: 1.8 }, known), 'junk');
});

test('mail that was called spam makes no sender known', () => {
  const known = nothing();
  rememberMessage({ ...good, likeness: 1 }, known, policy);
  const later = { ...good, at: after(dayMs), likeness: 1 };
  assert.equal(action(later, known), 'junk');
});

test('a device that proves nothing is known by its network and its HELO name', () => {
  const known = nothing();
  rememberMessage({ ...bot, likeness: 0.6 }, known, policy);
  const later = { ...bot, client: '198.51.100.99', at: after(dayMs), likeness: 1.2 };
  assert.equal(action(later, known), 'pass');
  assert.equal(action({ ...later, helo: 'other.example' }, known), 'junk');
});

test('in the first week, that nothing is known of a sender says nothing', () => {
  const young = { ...policy, learningUntil: after(1) };
  const names = judgeMessage(bot, nothing(), young).suspicions.map(({ name }) => name);
  assert.ok(!names.includes('first-seen'));
});

test('when its time is over a message leaves, unless more is known against it', () => {
  const due = { at: after(10 * minuteMs), dnsbl: false, likeness: 0.5 };
  assert.equal(judgeDue(doubtful, due, nothing(), policy).action, 'release');
  const listed = judgeDue(doubtful, { ...due, dnsbl: true }, nothing(), policy);
  assert.equal(listed.action, 'quarantine');
  assert.match(listed.why, /list of spam senders/);
  const known = nothing();
  for (let n = 0; n < 2; n++) rememberMessage({ ...bot, likeness: 2 }, known, policy);
  assert.equal(judgeDue(doubtful, due, known, policy).action, 'quarantine');
  const unread = { ...bot, likeness: undefined };
  const silent = { at: due.at, dnsbl: true, likeness: undefined };
  assert.equal(judgeDue(unread, silent, nothing(), policy).action, 'quarantine');
  const young = { ...policy, learningUntil: after(dayMs) };
  const { action, why } = judgeDue(good, { ...due, likeness: 2 }, nothing(), young);
  assert.deepEqual([action, why], ['quarantine', 'after it had waited, it counts as spam']);
});

test('observe does nothing and tells what would be done', () => {
  const judged = judgeMessage(doubtful, nothing(), { ...policy, stance: 'observe' });
  assert.deepEqual([judged.action, judged.would], ['pass', 'wait']);
});

test('a network that an operator forgets is strange again, with all of its machines', () => {
  const known = nothing();
  const none = { ...good, spf: 'none' } as const;
  for (let day = 0; day < 5; day++) {
    rememberMessage({ ...none, at: after(day * dayMs) }, known, policy);
  }
  const next = (at: number) => judgeMessage({ ...none, at: after(at) }, known, policy);
  assert.deepEqual(next(5 * dayMs).passes, ['its sender has delivered wanted mail here']);
  known.forget('network', 'v4:192.0.2');
  assert.deepEqual(next(5 * dayMs).passes, []);
  rememberMessage({ ...none, at: after(6 * dayMs) }, known, policy);
  assert.deepEqual(next(6 * dayMs).passes, [], 'what its machine did before does not count');
  rememberMessage({ ...none, at: after(7 * dayMs) }, known, policy);
  assert.deepEqual(next(8 * dayMs).passes, ['its sender has delivered wanted mail here']);
});
