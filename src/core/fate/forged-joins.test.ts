/** Messages that somebody wants to be joined stay apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  byLogin,
  delivered,
  entered,
  joined,
  named,
  queued,
  removed,
  second,
} from '../../../test/doubles/log-facts.ts';
import type { Account } from '../account-name.ts';
import type { LogEvent } from '../event.ts';

const joe = 'joe@example.test' as Account;
const shop = 'www-data@here.test';
const thief = 'thief@evil.test';
const one = 'one@evil.test';
const spam = 'm1@evil.test';
const strangers = ['a@world.test', 'b@world.test', 'c@world.test'];
/** Mail of a script. */
const byScript = (id: string, at: number, to: readonly string[], sender = shop): LogEvent[] => [
  entered(id, at, { uid: 33, sender }),
  named(id, at, spam),
  queued(id, at, { sender, recipientCount: to.length }),
];
const fromElsewhere = (id: string, at: number, count = 1): LogEvent[] => [
  entered(id, at, { client: '198.51.100.66' }),
  named(id, at, spam),
  queued(id, at, { sender: thief, recipientCount: count }),
];
const allSent = (id: string, at: number, to: readonly string[]): LogEvent[] => [
  ...to.map((recipient) => delivered(id, at, recipient)),
  removed(id, at),
];
const toMailbox = (id: string, at: number, recipient: string): LogEvent =>
  delivered(id, at, recipient, { service: 'postfix/lmtp', mxHost: 'here', mxAddress: '' });
const sent = (to: readonly string[]): string[] => to.map((recipient) => `${recipient} sent`);

const takenAs = { nextId: 'Y', reply: '250 2.0.0 Ok: queued as Y' };

const cases: Record<
  string,
  { readonly facts: readonly LogEvent[]; readonly is: Record<string, readonly string[]> }
> = {
  'a server names the queue id of a script’s mail for mail that is forwarded to it': {
    facts: [
      ...byScript('Y', 0, strangers),
      ...allSent('Y', 1, strangers),
      ...fromElsewhere('F', 60),
      delivered('F', 61, one, { original: 'forward@here.test', ...takenAs }),
      removed('F', 61),
    ],
    is: { [`Y local:${shop}`]: sent(strangers), 'F ': sent([one]) },
  },
  'a server names the queue id before the message is there': {
    facts: [
      ...fromElsewhere('F', 0),
      delivered('F', 1, one, takenAs),
      removed('F', 1),
      ...byScript('Y', 60, strangers),
      ...allSent('Y', 61, strangers),
    ],
    is: { [`Y local:${shop}`]: sent(strangers), 'F ': sent([one]) },
  },
  'a server names the queue id of another client’s mail for mail of a stolen login': {
    facts: [
      entered('Y', 0, { client: '192.0.2.50' }),
      named('Y', 0, spam),
      queued('Y', 0, { sender: 'ann@example.test' }),
      ...allSent('Y', 1, ['friend@world.test']),
      byLogin('J', 60),
      named('J', 60, spam),
      queued('J', 60),
      delivered('J', 61, one, takenAs),
      removed('J', 61),
    ],
    is: { 'Y ': sent(['friend@world.test']), 'J joe@example.test': sent([one]) },
  },
  'a server of another machine’s mail does the same': {
    facts: [
      ...byScript('Y', 0, strangers).map((fact) => ({ ...fact, host: 'other' })),
      ...allSent('Y', 1, strangers).map((fact) => ({ ...fact, host: 'other' })),
      ...fromElsewhere('F', 60),
      delivered('F', 61, one, takenAs),
      removed('F', 61),
    ],
    is: { [`Y local:${shop}`]: sent(strangers), 'F ': sent([one]) },
  },
  'a stranger names the sender whose login waits for a filter': {
    facts: [
      { kind: 'proxied', host: 'mail', at: second(0), client: '192.0.2.7', login: joe },
      entered('I', 1, { client: '198.51.100.66' }),
      named('I', 1, spam),
      queued('I', 1, { sender: 'joe@example.test' }),
      toMailbox('I', 1, 'ann@example.test'),
      removed('I', 1),
      entered('A', 2, { client: '127.0.0.1' }),
      named('A', 2, 'real@example.test'),
      queued('A', 2),
      ...allSent('A', 3, ['friend@world.test']),
    ],
    is: { 'I ': sent(['ann@example.test']), 'A joe@example.test': sent(['friend@world.test']) },
  },
  'a script copies the Message-ID and one recipient of mail that came in': {
    facts: [
      ...fromElsewhere('I', 0, 2),
      toMailbox('I', 1, 'joe@here.test'),
      toMailbox('I', 1, 'ann@here.test'),
      removed('I', 1),
      ...byScript('Y', 60, ['joe@here.test', ...strangers.slice(1)], thief),
      toMailbox('Y', 61, 'joe@here.test'),
      ...allSent('Y', 61, strangers.slice(1)),
    ],
    is: {
      'I ': sent(['joe@here.test', 'ann@here.test']),
      [`Y local:${thief}`]: sent(['joe@here.test', ...strangers.slice(1)]),
    },
  },
};

for (const [name, { facts, is }] of Object.entries(cases)) {
  test(`apart: ${name}`, () => assert.deepEqual(joined(facts), is));
}

test('a filter may hand back a message with many recipients, in any order', () => {
  const to = Array.from({ length: 40 }, (_, nth) => `r${nth}@world.test`);
  const facts = [
    byLogin('A', 0),
    named('A', 0, 'one@example.test'),
    queued('A', 0, { recipientCount: to.length }),
    ...to.map((recipient) =>
      delivered('A', 1, recipient, { service: 'postfix/pipe', mxAddress: '' }),
    ),
    removed('A', 1),
    entered('B', 1, { uid: 200, sender: 'joe@example.test' }),
    named('B', 1, 'one@example.test'),
    queued('B', 1, { recipientCount: to.length + 1 }),
    delivered('B', 2, 'archive@example.test'),
    ...to.toReversed().map((recipient) => delivered('B', 3, recipient)),
    removed('B', 3),
  ];
  const found = joined(facts);
  assert.deepEqual(Object.keys(found), ['A B joe@example.test']);
  const said = found['A B joe@example.test'] ?? [];
  assert.equal(said.filter((one) => one.endsWith(' handed-on')).length, to.length);
  assert.equal(said.filter((one) => one.endsWith(' sent')).length, to.length + 1);
});
