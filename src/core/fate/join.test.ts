/** Facts of a log become messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  byLogin,
  delivered,
  entered,
  joined,
  named,
  queued,
  removed,
  second,
  toFilter,
  whole,
} from '../../../test/doubles/log-facts.ts';
import type { Account } from '../account-name.ts';
import type { LogEvent } from '../event.ts';
import { openJoin } from './join.ts';

const joe = 'joe@example.test';
const ann = 'ann@example.test';
const to = 'friend@world.test';
const local = { client: '127.0.0.1' };
const begun = (id: string, at: number, name = 'one@example.test'): LogEvent[] => [
  byLogin(id, at),
  named(id, at, name),
  queued(id, at),
];
const back = (id: string, at: number, name = 'one@example.test', more = {}): LogEvent[] => [
  entered(id, at, { ...local, ...more }),
  named(id, at, name),
  queued(id, at),
];
const left = (id: string, at: number, recipient = to): LogEvent[] => [
  delivered(id, at, recipient),
  removed(id, at),
];

const cases: Record<
  string,
  { readonly facts: readonly LogEvent[]; readonly is: Record<string, readonly string[]> }
> = {
  'a message, deferred twice, delivered an hour later': {
    facts: [
      ...begun('A', 0),
      delivered('A', 1, to, { outcome: 'deferred' }),
      delivered('A', 600, to, { outcome: 'deferred' }),
      ...left('A', 3_600),
    ],
    is: { [`A ${joe}`]: [`${to} deferred`, `${to} deferred`, `${to} sent`] },
  },
  'a short id that is used again': {
    facts: [...whole('A', 0, to), ...whole('A', 100, to, ann)],
    is: { [`A ${joe}`]: [`${to} sent`], [`A ${ann}`]: [`${to} sent`] },
  },
  expired: {
    facts: [
      ...begun('A', 0),
      delivered('A', 1, to, { outcome: 'deferred' }),
      delivered('A', 2, 'b@world.test'),
      removed('A', 432_000, 'expired'),
      { kind: 'bounce-made', host: 'mail', at: second(432_000), queueId: 'A', bounceId: 'B' },
      named('B', 432_000, 'bounce@mail'),
      queued('B', 432_000, { sender: '' }),
      removed('A', 432_000),
      ...left('B', 432_001, joe),
    ],
    is: {
      [`A B ${joe}`]: [`${to} deferred`, 'b@world.test sent', `${to} expired`, `${joe} sent`],
    },
  },
  'a bounce that is named before the line that says what it is about': {
    facts: [
      ...begun('A', 0),
      delivered('A', 1, to, { outcome: 'bounced' }),
      named('B', 1, 'bounce@mail'),
      { kind: 'bounce-made', host: 'mail', at: second(1), queueId: 'A', bounceId: 'B' },
      removed('A', 1),
      queued('B', 1, { sender: '' }),
      ...left('B', 2, joe),
    ],
    is: { [`A B ${joe}`]: [`${to} bounced`, `${joe} sent`] },
  },
  'requeued by an operator': {
    facts: [
      ...begun('A', 0),
      delivered('A', 1, to, { outcome: 'deferred' }),
      entered('B', 50, { uid: 105, sender: joe, previousId: 'A' }),
      named('B', 50, 'one@example.test'),
      queued('B', 50),
      ...left('B', 51),
    ],
    is: { [`A B ${joe}`]: [`${to} deferred`, `${to} sent`] },
  },
  'a content filter that says the new id': {
    facts: [
      ...begun('A', 0),
      ...back('B', 1),
      toFilter('A', 1, to, { requeuedAs: 'B', nextId: 'B' }),
      removed('A', 1),
      ...left('B', 2),
    ],
    is: { [`A B ${joe}`]: [`${to} handed-on`, `${to} sent`] },
  },
  'a content filter on another machine that says the new id, by lmtp': {
    facts: [
      ...begun('A', 0),
      ...back('B', 1, 'one@example.test', { client: '172.18.0.5' }),
      delivered('A', 1, to, {
        service: 'postfix/lmtp',
        nextId: 'B',
        mxHost: 'amavis',
        mxAddress: '172.18.0.5',
      }),
      removed('A', 1),
      ...left('B', 2),
    ],
    is: { [`A B ${joe}`]: [`${to} handed-on`, `${to} sent`] },
  },
  'a filter by smtp that does not say the id': {
    facts: [
      ...begun('A', 0),
      ...back('B', 1),
      toFilter('A', 1, to),
      removed('A', 1),
      ...left('B', 2),
    ],
    is: { [`A B ${joe}`]: [`${to} handed-on`, `${to} sent`] },
  },
  'a filter that has a queue and hands back half an hour later': {
    facts: [
      ...begun('A', 0),
      toFilter('A', 1, to),
      removed('A', 1),
      ...back('B', 1_800),
      ...left('B', 1_801),
    ],
    is: { [`A B ${joe}`]: [`${to} handed-on`, `${to} sent`] },
  },
  'a filter by pipe and sendmail': {
    facts: [
      ...begun('A', 0),
      ...back('B', 1, 'one@example.test', { uid: 117, sender: joe }),
      delivered('A', 1, to, { service: 'postfix/pipe', mxHost: '', mxAddress: '' }),
      removed('A', 1),
      ...left('B', 2),
    ],
    is: { [`A B ${joe}`]: [`${to} handed-on`, `${to} sent`] },
  },
  'a filter by pipe and sendmail, delivered before pipe ends': {
    facts: [
      ...begun('A', 0),
      ...back('B', 1, 'one@example.test', { uid: 117, sender: joe }),
      ...left('B', 2),
      delivered('A', 3, to, { service: 'postfix/pipe', mxHost: '', mxAddress: '' }),
      removed('A', 3),
    ],
    is: { [`A B ${joe}`]: [`${to} sent`, `${to} handed-on`] },
  },
  'a filter by pipe and sendmail, without Message-IDs': {
    facts: [
      byLogin('A', 0),
      queued('A', 0),
      entered('B', 1, { uid: 117, sender: joe }),
      delivered('A', 1, to, { service: 'postfix/pipe', mxHost: '', mxAddress: '' }),
      removed('A', 1),
      queued('B', 1),
      ...left('B', 2),
    ],
    is: { [`A B ${joe}`]: [`${to} handed-on`, `${to} sent`] },
  },
  'two filters, one behind the other': {
    facts: [
      ...begun('A', 0),
      ...back('B', 1),
      toFilter('A', 1, to),
      removed('A', 1),
      ...back('C', 2, 'one@example.test', { uid: 117, sender: joe }),
      delivered('B', 2, to, { service: 'postfix/pipe', mxHost: '', mxAddress: '' }),
      removed('B', 2),
      ...left('C', 3),
    ],
    is: { [`A B C ${joe}`]: [`${to} handed-on`, `${to} handed-on`, `${to} sent`] },
  },
  'two honest messages of one Message-ID: a program that hands in each copy': {
    facts: [
      entered('A', 0, { uid: 33, sender: joe }),
      named('A', 0, 'same@shop.test'),
      queued('A', 0),
      entered('B', 1, { uid: 33, sender: joe }),
      named('B', 1, 'same@shop.test'),
      queued('B', 1),
      ...left('A', 2, 'a@world.test'),
      ...left('B', 2, 'b@world.test'),
    ],
    is: { [`A local:${joe}`]: ['a@world.test sent'], [`B local:${joe}`]: ['b@world.test sent'] },
  },
  'two honest messages of one Message-ID and recipient, each through the filter': {
    facts: [
      ...begun('A', 0, 'same@shop.test'),
      byLogin('C', 1, ann),
      named('C', 1, 'same@shop.test'),
      queued('C', 1, { sender: ann }),
      ...back('B', 2, 'same@shop.test'),
      toFilter('A', 2, to),
      ...back('D', 3, 'same@shop.test'),
      toFilter('C', 3, to),
      ...left('B', 4),
      ...left('D', 4),
    ],
    is: {
      [`A B ${joe}`]: [`${to} handed-on`, `${to} sent`],
      [`C D ${ann}`]: [`${to} handed-on`, `${to} sent`],
    },
  },
  'a stranger who uses the Message-ID of a message that a mailbox program took': {
    facts: [
      ...begun('A', 0),
      delivered('A', 1, ann, { service: 'postfix/lmtp', mxHost: '', mxAddress: '' }),
      removed('A', 1),
      entered('B', 5, { client: '198.51.100.9' }),
      named('B', 5, 'one@example.test'),
      queued('B', 5, { sender: 'x@evil.test' }),
      delivered('B', 6, ann, { service: 'postfix/lmtp', mxHost: '', mxAddress: '' }),
    ],
    is: { [`A ${joe}`]: [`${ann} sent`], 'B ': [`${ann} sent`] },
  },
  'handed on to another host whose log is in the same stream': {
    facts: [
      ...begun('A', 0),
      delivered('A', 1, to, { nextId: 'B' }),
      removed('A', 1),
      ...[
        entered('B', 1, { client: '192.0.2.1' }),
        named('B', 1, 'one@example.test'),
        queued('B', 1),
        ...left('B', 2),
      ].map((fact) => ({ ...fact, host: 'out' })),
    ],
    is: { [`A B ${joe}`]: [`${to} sent`, `${to} sent`] },
  },
  'two hosts that use one id': {
    facts: [
      ...whole('A', 0, to).slice(0, 3),
      ...whole('A', 0, to, ann).map((fact) => ({ ...fact, host: 'two' })),
      ...left('A', 9),
    ],
    is: { [`A ${joe}`]: [`${to} sent`], [`A ${ann}`]: [`${to} sent`] },
  },
  'a filter before the queue that names the client': {
    facts: [
      proxied('192.0.2.7', ann, 0),
      proxied('192.0.2.7', joe, 0),
      entered('A', 1, { ...local, firstClient: '192.0.2.7' }),
      named('A', 1, 'one@example.test'),
      queued('A', 1),
      ...left('A', 2),
    ],
    is: { [`A ${joe}`]: [`${to} sent`] },
  },
  'a filter before the queue that names nobody': {
    facts: [
      proxied('192.0.2.7', joe, 0),
      ...back('A', 1),
      ...left('A', 2),
      ...back('B', 3, 'two@example.test'),
      ...left('B', 4),
    ],
    is: { [`A ${joe}`]: [`${to} sent`], 'B ': [`${to} sent`] },
  },
  'a filter that names the id before': {
    facts: [
      ...begun('A', 0),
      ...back('B', 1, 'one@example.test', { client: '10.0.0.9', previousId: 'A' }),
      ...left('B', 2),
      delivered('A', 3, to, { mxAddress: '10.0.0.9' }),
      removed('A', 3),
    ],
    is: { [`A B ${joe}`]: [`${to} sent`, `${to} handed-on`] },
  },
  'a server elsewhere that names the id of a message without a Message-ID': {
    facts: [
      ...begun('A', 0),
      entered('B', 1, { uid: 33, sender: joe }),
      queued('B', 1),
      delivered('A', 1, to, { nextId: 'B' }),
      removed('A', 1),
      ...left('B', 2, 'b@world.test'),
    ],
    is: { [`A ${joe}`]: [`${to} sent`], [`B local:${joe}`]: ['b@world.test sent'] },
  },
  'an alias that forwards': {
    facts: [
      ...begun('A', 0),
      named('BBBBB', 1, 'one@example.test'),
      delivered('A', 1, ann, { service: 'postfix/local', reply: 'forwarded as BBBBB' }),
      removed('A', 1),
      queued('BBBBB', 1),
      ...left('BBBBB', 2),
    ],
    is: { [`A BBBBB ${joe}`]: [`${ann} sent`, `${to} sent`] },
  },
  'refused by a milter': {
    facts: [
      ...begun('A', 0).slice(0, 2),
      {
        kind: 'rejected',
        host: 'mail',
        at: second(1),
        queueId: 'A',
        stage: 'END-OF-MESSAGE',
        byMilter: true,
        client: '192.0.2.7',
        sender: joe,
        recipient: to,
        login: joe as Account,
        reply: '5.7.1 spam',
      },
    ],
    is: { [`A ${joe}`]: [] },
  },
};

function proxied(client: string, login: string, at: number): LogEvent {
  return { kind: 'proxied', host: 'mail', at: second(at), client, login: login as Account };
}

for (const [name, { facts, is }] of Object.entries(cases)) {
  test(name, () => assert.deepEqual([joined(facts), joined(facts, true)], [is, is]));
}

test('what was read twice counts once, and memory has a limit', () => {
  let told = 0;
  const sink = {
    message: (_: unknown, isNew: boolean) => void (isNew && told++),
    attempt: () => undefined,
    merged: () => undefined,
  };
  const join = openJoin(sink, { openMax: 100, seenMax: 1_000 });
  for (let round = 0; round < 2; round++) {
    for (let nth = 0; nth < 50; nth++) {
      for (const fact of whole(`A${nth}`, nth, to)) join.seen(fact);
    }
  }
  assert.deepEqual([told, join.counts.twice], [50, 50]);
  for (let nth = 0; nth < 1_000; nth++) {
    for (const fact of begun(`B${nth}`, nth)) join.seen(fact);
  }
  assert.ok(join.inFlight() <= 100 && join.counts.evicted >= 900);
});

test('facts in any order, about few ids: nothing is made up, and memory has a limit', () => {
  const ids = ['AAAAA', 'BBBBB', 'CCCCC', 'DDDDD'];
  const id = fc.constantFrom(...ids);
  const at = fc.nat(7_200);
  const fact = fc.oneof(
    fc.tuple(id, at).map(([one, when]) => byLogin(one, when)),
    fc
      .tuple(id, at, id)
      .map(([one, when, previousId]) => entered(one, when, { ...local, previousId })),
    fc
      .tuple(id, at, id)
      .map(([one, when, previousId]) => entered(one, when, { uid: 33, sender: joe, previousId })),
    fc.tuple(id, at).map(([one, when]) => named(one, when, 'same@x.test')),
    fc.tuple(id, at).map(([one, when]) => queued(one, when)),
    fc.tuple(id, at, id).map(([one, when, next]) => toFilter(one, when, to, { nextId: next })),
    fc
      .tuple(id, at)
      .map(([one, when]) => delivered(one, when, to, { service: 'postfix/pipe', mxAddress: '' })),
    fc
      .tuple(id, at, id)
      .map(([one, when, next]) =>
        delivered(one, when, to, { service: 'postfix/local', reply: `forwarded as ${next}` }),
      ),
    fc.tuple(id, at).map(([one, when]) => delivered(one, when, joe, { outcome: 'bounced' })),
    fc.tuple(id, at, id).map(
      ([queueId, when, bounceId]): LogEvent => ({
        kind: 'bounce-made',
        host: 'mail',
        at: second(when),
        queueId,
        bounceId,
      }),
    ),
    fc.tuple(id, at).map(([one, when]) => removed(one, when)),
    fc.tuple(id, at).map(([one, when]) => removed(one, when, 'expired')),
  );
  fc.assert(
    fc.property(fc.array(fact, { maxLength: 100 }), (facts) => {
      const join = openJoin(
        { message: () => undefined, attempt: () => undefined, merged: () => undefined },
        { openMax: 3, seenMax: 50 },
      );
      for (const one of facts) join.seen(one);
      join.end();
      assert.ok(join.inFlight() >= 0 && join.inFlight() <= ids.length);
    }),
  );
});
