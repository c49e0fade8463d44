/**
 * Verdicts in words: a sentence for every reason, safe to send, short enough, and without what a
 * stranger must not know.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../test/processor-time.ts';
import { hourMs, minuteMs } from '../lib/time.ts';
import {
  firstReasonText,
  holdReason,
  noticeReasons,
  reasonText,
  replyText,
  shownReason,
  suspendedReply,
  withShownReasons,
} from './explain.ts';
import { type CountName, countNames, type Reason, type ShownReason } from './reason.ts';

const numbers = { saw: 41, usual: 10, weight: 2 } as const;
const strangers: Reason = count('strangers');
const ceiling: Reason = { signal: 'ceiling', saw: 120, usual: 100, weight: 1, limit: 'message' };
const unscanned: Reason = {
  signal: 'unscanned',
  saw: 0,
  usual: 0,
  weight: 1,
  missing: ['rspamd', 'clamav'],
};
const older: ShownReason = { signal: 'fan-out', text: '41 at once', ...numbers };

function count(signal: CountName): Reason {
  return { signal, ...numbers, windowMs: 30 * minuteMs, normalFor: 'server' };
}

const score = { scanner: 'rspamd', required: 6, rules: ['PHISH', 'URIBL'] } as const;
const sentences: readonly (readonly [Reason, string])[] = [
  [
    strangers,
    '41 new recipients in 30 minutes (nobody on this server has written to them before); ' +
      'normal here: fewer than 10',
  ],
  [
    {
      signal: 'same-body',
      saw: 3.26,
      usual: 40.4,
      weight: 1,
      windowMs: 72 * hourMs,
      normalFor: 'account',
    },
    '3 messages in 3 days with a text that was sent before; ' +
      'unusual for this account: 40 or more',
  ],
  [
    { ...strangers, saw: 9.4, usual: 9.4 } as Reason,
    '9 new recipients in 30 minutes (nobody on this server has written to them before); ' +
      'normal here: fewer than 9',
  ],
  [
    { ...count('spam-like'), saw: 0.7, usual: 1.2 } as Reason,
    '1 message in 30 minutes that looks like spam; unusual here: 2 or more',
  ],
  [
    { ...count('recipients'), saw: 9.96, usual: 10 } as Reason,
    '9 recipients in 30 minutes; unusual here: 10 or more',
  ],
  [
    { signal: 'unusual-hour', ...numbers, hour: 3, shareMax: 0.02 },
    "sent around 03:00 UTC; normally less than 2 % of this account's messages leave at that time",
  ],
  [
    { signal: 'new-network', ...numbers, network: '192.0.2.0/24' },
    'sent from 192.0.2.0/24, a network this account has not used before',
  ],
  [
    { signal: 'new-identity', ...numbers, from: 'a@b.example' },
    'From: a@b.example, an address this account has not used before',
  ],
  [
    { signal: 'guessed-login', ...numbers, failuresMin: 5 },
    '41 failed logins, then a successful one from a new network; ' +
      '5 or more mean that the password was guessed',
  ],
  [
    { signal: 'networks', ...numbers },
    '41 client networks in an hour; normal for this account: up to 10',
  ],
  [
    { signal: 'content', ...numbers, ...score },
    'rspamd gave this message 41 points (PHISH, URIBL); spam is 6 or more',
  ],
  [
    { signal: 'spam-score', ...numbers, ...score, scanner: undefined, rules: [] },
    'a scanner gave this message 41 points; spam is 6 or more, ' +
      'and mail is held from 10 on (scan.hold_score)',
  ],
  [
    { signal: 'weak-password', saw: 1.5, usual: 1, weight: 0.5, finding: 'the audit found it' },
    'the audit found it; until it is changed, 67 % of what is normal is allowed',
  ],
  [
    { signal: 'suspended', ...numbers, leakedRecipients: 7 },
    'the account was suspended 41 min ago; 7 recipients had been reached',
  ],
  [ceiling, '120 recipients in one message; the limit for one account is 100'],
  [
    { ...ceiling, limit: 'hour' },
    '120 recipients in this hour; the limit for one account is 100 an hour',
  ],
  [{ ...ceiling, limit: 'day' }, '120 recipients today; the limit for one account is 100 a day'],
  [
    { ...ceiling, limit: 'server-hour' },
    '120 recipients in this hour from all accounts; the limit is 100 an hour',
  ],
  [{ signal: 'virus', ...numbers, virus: 'Eicar' }, 'ClamAV found Eicar in this message'],
  [
    unscanned,
    'rspamd and ClamAV did not scan this message in time, and mail waits until it is scanned ' +
      '(scan.when_down)',
  ],
  [{ signal: 'operator', ...numbers, by: 'op', note: '' }, 'suspended by op'],
  [{ signal: 'operator', ...numbers, by: 'op', note: 'called' }, 'suspended by op: called'],
  [
    { signal: 'script-many', ...numbers, user: 'joe', most: 50, script: '/x.php' },
    'more than 50 new scripts of joe in a day are counted together; the last is /x.php',
  ],
];
for (const [reason, text] of sentences) {
  test('in mode observe nobody was suspended; less than a minute is said in words', () => {
    const reason = {
      signal: 'suspended',
      saw: 0,
      usual: 0,
      weight: 1,
      leakedRecipients: 1,
    } as const;
    const rest = 'suspended less than a minute ago; 1 recipient had been reached';
    assert.equal(firstReasonText([reason]), `the account was ${rest}`);
    assert.equal(firstReasonText([reason], true), `the account would have been ${rest}`);
    const [shown] = withShownReasons({ observed: true, reasons: [reason] }).reasons;
    assert.equal(shown?.text, `the account would have been ${rest}`);
  });

  test(`the sentence for ${reason.signal}: ${text.slice(0, 40)}`, () => {
    assert.equal(reasonText(reason), text);
  });
}

test('each count has a sentence with what was seen, in which time, and what is normal', () => {
  for (const signal of countNames) {
    assert.match(reasonText(count(signal)), /^41 .*30 minutes.*; normal here: fewer than 10$/);
  }
  assert.equal(
    new Set(countNames.map((signal) => reasonText(count(signal)))).size,
    countNames.length,
  );
});

test('a reason that Postern 0.1 stored keeps its text', () => {
  assert.equal(reasonText(older), '41 at once');
  assert.deepEqual(shownReason(older), older);
});

test('shown, a reason has its sentence and its numbers, and nothing else', () => {
  assert.equal(
    JSON.stringify(shownReason(ceiling)),
    '{"signal":"ceiling",' +
      '"text":"120 recipients in one message; the limit for one account is 100",' +
      '"saw":120,"usual":100,"weight":1}',
  );
  assert.deepEqual(noticeReasons([older]), [{ signal: 'fan-out', text: '41 at once' }]);
});

test('the first reason is the one that is logged', () => {
  assert.equal(firstReasonText([ceiling, strangers]), reasonText(ceiling));
  assert.equal(firstReasonText([]), '');
});

test('a hold reason names Postern and what was seen', () => {
  assert.equal(holdReason([ceiling, strangers]), `postern: ${reasonText(ceiling)}`);
  assert.equal(
    holdReason([strangers]),
    'postern: 41 new recipients in 30 minutes; normal here: fewer than 10',
  );
  assert.equal(holdReason([]), 'postern: held');
});

const damaged = [
  ['a signal of another version', { signal: 'moon-phase', ...numbers, phase: 3 }],
  ['a name that every object has', { signal: 'toString', ...numbers }],
  ['a score without its rules', { signal: 'spam-score', ...numbers, required: 5 }],
  ['a ceiling of another version', { signal: 'ceiling', ...numbers, limit: 'week' }],
  ['a script without its addresses', { signal: 'script-sender', ...numbers, rule: 'r1' }],
] as const;
for (const [what, row] of damaged) {
  test(`a row that cannot be read still has a sentence: ${what}`, () => {
    const reason = row as unknown as Reason;
    const { text } = shownReason(reason);
    assert.equal(
      text,
      `${row.signal}: this version of Postern cannot read what was stored about it`,
    );
    assert.match(holdReason([reason]), /^postern: [\x20-\x7e]{1,91}$/);
    assert.doesNotThrow(() => [
      noticeReasons([reason]),
      replyText('delay', [reason], 'help@here'),
      replyText('refuse', [reason], 'help@here'),
    ]);
  });
}

test('a hold reason is printable ASCII of at most a hundred characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      assert.match(holdReason([{ ...older, text }]), /^postern: [\x20-\x7e]{0,91}$/);
    }),
  );
});

test('a hold reason takes no longer because of what a stranger wrote', () => {
  const { ms, value } = timed(() => holdReason([{ ...older, text: ' ('.repeat(50_000) }]));
  assert.equal(value.length, 100);
  assert.ok(ms < 500, `${ms} ms`);
});

const full: Reason = {
  signal: 'held-full',
  saw: 100,
  usual: 100,
  weight: 1,
  bytes: 3_200_000,
  bytesMax: 50_000_000,
};
const replies = [
  ['a ceiling that will pass', 'delay', ceiling, 451, /120 recipients .* please try again later/],
  ['a delay for any other reason', 'delay', strangers, 451, /^too much mail at once; please try/],
  ['a scanner that is away', 'delay', unscanned, 451, /^Mail could not be scanned; please try/],
  ['a message too large', 'refuse', ceiling, 550, /limit for one account is 100; ask help@here/],
  ['a hijacked account', 'refuse', strangers, 550, /stopped .* contact help@here/],
  [
    'held mail that is full',
    'delay',
    full,
    452,
    /^Your mail is being checked\. .* contact help@here/,
  ],
] as const;
for (const [what, verdict, why, code, text] of replies) {
  test(`the client is told of ${what}`, () => {
    const reply = replyText(verdict, [why], 'help@here');
    assert.equal(reply.code, code);
    assert.match(reply.text, text);
    assert.equal(reply.enhanced[0], String(code)[0]);
  });
}

test('how the guard counts is nobody’s business', () => {
  for (const verdict of ['delay', 'refuse'] as const) {
    assert.doesNotMatch(replyText(verdict, [strangers], 'help@here').text, /41|wrote|recipients/);
  }
  assert.deepEqual(replyText('refuse', [], 'x'), suspendedReply('x'));
});
