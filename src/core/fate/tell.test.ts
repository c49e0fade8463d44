/** What became of a message, told in words. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Millis } from '../../lib/time.ts';
import { type FateFacts, fateLine, type RecipientTold, tellFate } from './tell.ts';

const day = Date.UTC(2026, 2, 3);
const at = (hours: number, minutes: number): Millis =>
  (day + (hours * 60 + minutes) * 60_000) as Millis;
const clock = (when: Millis): string => new Date(when).toISOString().slice(11, 16);

type Tried = RecipientTold['attempts'][number];

const filter: Partial<Tried> = { mxHost: '127.0.0.1', mxAddress: '127.0.0.1' };
const gmail = 'gmail-smtp-in.l.google.com';

function tried(when: Millis, outcome: Tried['outcome'], more: Partial<Tried> = {}): Tried {
  return {
    at: when,
    recipient: 'anna@gmail.test',
    original: 'anna@gmail.test',
    outcome,
    isLocal: false,
    mxHost: gmail,
    mxAddress: '192.0.2.26',
    from: '',
    status: '',
    reply: '',
    delaySeconds: 1,
    ...more,
  };
}

function facts(more: Partial<FateFacts>): FateFacts {
  return {
    at: at(10, 2),
    verdict: 'pass',
    isObserved: false,
    held: undefined,
    recipientCount: 1,
    recipients: [],
    moreRecipients: 0,
    log: 'read',
    ...more,
  };
}

const one = (...attempts: readonly Tried[]): RecipientTold => ({
  recipient: 'anna@gmail.test',
  mark: 'a',
  attempts,
});

function line(more: Partial<FateFacts>): string {
  return fateLine(tellFate(facts(more)).steps, clock);
}

describe('one recipient', () => {
  const greylisted = one(
    tried(at(10, 2), 'deferred'),
    tried(at(10, 12), 'deferred'),
    tried(at(10, 27), 'deferred'),
    tried(at(10, 41), 'sent'),
  );
  const cases: readonly (readonly [string, Partial<FateFacts>, string])[] = [
    [
      'deferred, then delivered',
      { recipients: [greylisted] },
      'accepted 10:02, Gmail deferred 3 times, delivered 10:41',
    ],
    [
      'attempts that the log has in another order',
      { recipients: [one(...[...greylisted.attempts].reverse())] },
      'accepted 10:02, Gmail deferred 3 times, delivered 10:41',
    ],
    [
      'delivered at once',
      { recipients: [one(tried(at(10, 3), 'sent'))] },
      'accepted 10:02, delivered to Gmail 10:03',
    ],
    [
      'a mailbox here',
      { recipients: [one(tried(at(10, 3), 'sent', { isLocal: true, mxHost: '' }))] },
      'accepted 10:02, delivered on this server 10:03',
    ],
    [
      'no server answered',
      { recipients: [one(tried(at(10, 5), 'deferred', { mxHost: '', mxAddress: '' }))] },
      'accepted 10:02, no server answered once, waiting since 10:05',
    ],
    [
      'through a filter, which hands back before it answers',
      {
        recipients: [
          one(
            tried(at(10, 2), 'deferred', filter),
            tried(at(10, 13), 'sent'),
            tried(at(10, 13), 'handed-on', filter),
          ),
        ],
      },
      'accepted 10:02, 127.0.0.1 deferred once, delivered 10:13',
    ],
    [
      'refused behind a filter that answers later',
      { recipients: [one(tried(at(10, 2), 'bounced'), tried(at(10, 3), 'handed-on', filter))] },
      'accepted 10:02, refused by Gmail for good 10:02',
    ],
    [
      'waiting behind a filter that answers later',
      { recipients: [one(tried(at(10, 2), 'deferred'), tried(at(10, 3), 'handed-on', filter))] },
      'accepted 10:02, Gmail deferred once, waiting since 10:02',
    ],
    [
      'put off by a filter, which then takes it',
      {
        recipients: [
          one(tried(at(10, 2), 'deferred', filter), tried(at(10, 9), 'handed-on', filter)),
        ],
      },
      'accepted 10:02, 127.0.0.1 deferred once, handed on to a filter 10:09',
    ],
    [
      'refused for good',
      { recipients: [one(tried(at(10, 3), 'bounced'))] },
      'accepted 10:02, refused by Gmail for good 10:03',
    ],
    [
      'given up',
      { recipients: [one(tried(at(10, 3), 'deferred'), tried(at(18, 0), 'expired'))] },
      'accepted 10:02, Gmail deferred once, given up 18:00',
    ],
    ['refused by Postern', { verdict: 'refuse' }, 'refused by Postern 10:02'],
    [
      'an automatic answer that was discarded',
      { verdict: 'discard' },
      'accepted 10:02, discarded by Postern 10:02',
    ],
    [
      'put off by Postern',
      { verdict: 'delay' },
      'put off by Postern, so its sender keeps it 10:02',
    ],
    ['held', { verdict: 'hold' }, 'accepted 10:02, held, and nobody has decided yet'],
    [
      'held, released, delivered',
      {
        verdict: 'hold',
        held: { state: 'released', changedAt: at(11, 0) },
        recipients: [one(tried(at(11, 1), 'sent'))],
      },
      'accepted 10:02, held, then released 11:00, delivered to Gmail 11:01',
    ],
    [
      'dropped',
      { verdict: 'hold', held: { state: 'dropped', changedAt: at(11, 0) } },
      'accepted 10:02, held, then deleted 11:00',
    ],
    [
      'pulled back from the queue between two tries',
      {
        held: { state: 'held', changedAt: at(10, 10) },
        recipients: [one(tried(at(10, 3), 'deferred'))],
      },
      'accepted 10:02, Gmail deferred once, then pulled back from the queue and held',
    ],
    [
      'refused in observe mode: it passed',
      { verdict: 'refuse', isObserved: true, recipients: [one(tried(at(10, 3), 'sent'))] },
      'accepted 10:02, delivered to Gmail 10:03',
    ],
    ['nothing is known', {}, 'accepted 10:02, no attempt to deliver it is known'],
  ];
  for (const [name, more, want] of cases) {
    test(name, () => assert.equal(line(more), want));
  }
});

test('many recipients are told by server and outcome, the worst first', () => {
  const many = Array.from({ length: 30 }, (_, nth) => ({
    ...one(tried(at(10, 3), 'sent')),
    recipient: `r${nth}@gmail.test`,
  }));
  const bounced = one(
    tried(at(10, 4), 'bounced', { mxHost: 'mx.small.test', reply: '550 5.1.1 no such user' }),
  );
  const secret = { ...one(tried(at(10, 5), 'deferred')), recipient: '' };
  const told = tellFate(facts({ recipients: [...many, bounced, secret], recipientCount: 33 }));
  assert.equal(told.state, 'bounced');
  assert.equal(told.brief, '1 bounced, 1 waiting, 1 not known, 30 delivered');
  assert.deepEqual(
    told.groups.map(({ state, where, count, unnamed }) => [state, where, count, unnamed]),
    [
      ['bounced', 'mx.small.test', 1, 0],
      ['waiting', 'Gmail', 1, 1],
      ['unknown', '', 1, 1],
      ['delivered', 'Gmail', 30, 0],
    ],
  );
  assert.equal(told.groups[0]?.reply, '550 5.1.1 no such user');
  assert.equal(told.groups[3]?.recipients.length, 20);
  assert.match(told.remarks.join(' '), /does not say when it tries next/);
  assert.match(told.remarks.join(' '), /Addresses of 2 of 33 recipients are not kept/);
});

test('what cannot be known is said, with its cause', () => {
  const said = (log: FateFacts['log']): string => tellFate(facts({ log })).remarks.join(' ');
  assert.match(said('off'), /No mail log is configured/);
  assert.match(said('unread'), /cannot be read now/);
  assert.match(said('read'), /has said nothing about it/);
  const waiting = tellFate(
    facts({ log: 'unread', recipients: [one(tried(at(10, 3), 'deferred'))] }),
  );
  assert.match(waiting.remarks.join(' '), /latest attempts may be missing/);
  assert.deepEqual(tellFate(facts({ verdict: 'refuse', log: 'off' })).remarks.slice(1), []);
});

test('given up in the second of its last attempt, it does not wait', () => {
  const expired = one(tried(at(10, 3), 'expired'), tried(at(10, 3), 'deferred'));
  assert.match(tellFate(facts({ recipients: [expired] })).brief, /given up/);
});

test('an alias is told by the addresses behind it, also behind a filter', () => {
  const to = (recipient: string, outcome: Tried['outcome'], minute: number): Tried =>
    tried(at(10, minute), outcome, { recipient });
  const alias = one(
    to('anna@gmail.test', 'handed-on', 3),
    to('a@x.test', 'bounced', 4),
    to('b@x.test', 'sent', 5),
  );
  const told = tellFate(facts({ recipients: [alias] }));
  assert.equal(told.brief, '1 bounced, 1 delivered');
  assert.deepEqual(
    told.groups.map(({ recipients }) => recipients),
    [['a@x.test'], ['b@x.test']],
  );
  const waits = one(to('anna@gmail.test', 'handed-on', 3));
  assert.equal(tellFate(facts({ recipients: [waits] })).brief, 'at a filter');
});

test('a number of recipients that a forged line names is only counted', () => {
  const told = tellFate(
    facts({ recipients: [one(tried(at(10, 3), 'sent'))], recipientCount: 9e8 }),
  );
  assert.equal(told.brief, '899999999 not known, 1 delivered');
  assert.deepEqual(
    told.groups.map(({ count, unnamed }) => [count, unnamed]),
    [
      [899_999_999, 899_999_999],
      [1, 0],
    ],
  );
});
