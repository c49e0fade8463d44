import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../../lib/time.ts';
import { type AuthorFacts, checkAuthors, unusedDomains } from './authors.ts';

const now = (100 * dayMs) as Millis;
const said = (more: Partial<AuthorFacts> = {}): readonly string[] =>
  checkAuthors({
    domains: ['a.example'],
    logins: new Set(['a.example']),
    declared: [],
    machine: new Set(),
    unlisted: [],
    foreign: 'unsigned',
    observedUntil: undefined,
    writers: [],
    now,
    ...more,
  }).map(({ kind, id, found }) => `${kind} ${id}: ${found}`);

test('without keys there is nothing to check', () => assert.deepEqual(said({ domains: [] }), []));

test('domains with a key that no account may write as', () => {
  assert.match(said()[0] ?? '', /^ok signing\.authors/);
  const domains = ['a.example', 'b.example', 'news.a.example', 'host.example'];
  assert.equal(
    said({ domains, machine: new Set(['host.example']) })[0],
    'warn signing.authors: no account is known that may write as b.example',
  );
  assert.match(
    said({ domains: ['b.example'], unlisted: ['mysql:/etc/postfix/users.cf'] })[0] ?? '',
    /^unknown .*b\.example; mysql:\/etc\/postfix\/users\.cf cannot be listed, and may name some$/,
  );
  const many = Array.from({ length: 9 }, (_, nth) => `d${nth}.example`);
  assert.match(said({ domains: many })[0] ?? '', /d4\.example and 4 more$/);
});

test('a declaration for an address, a domain or the names below it is enough', () => {
  const unused = (...declared: readonly string[]): readonly string[] =>
    unusedDomains({
      domains: ['b.example', 'x.b.example'],
      logins: new Set(),
      machine: new Set(),
      declared,
    });
  assert.deepEqual(unused(), ['b.example', 'x.b.example']);
  assert.deepEqual(unused('joe@b.example'), ['x.b.example']);
  assert.deepEqual(unused('@x.b.example'), ['b.example']);
  assert.deepEqual(unused('@*.b.example'), ['b.example']);
});

test('foreign mail lately is counted, the most first', () => {
  assert.match(said({ foreign: 'hold' })[1] ?? '', /^ok signing\.foreign: none lately; it is held/);
  const writers = [
    { account: 'joe@a.example', messages: 2 },
    { account: 'client:192.0.2.1', messages: 30 },
  ];
  assert.equal(
    said({ writers })[1],
    'warn signing.foreign: 32 messages of 2 accounts: client:192.0.2.1 (30), joe@a.example (2)',
  );
});

test('an observation is told while it runs', () => {
  assert.match(
    said({ observedUntil: (now + 3 * dayMs) as Millis })[2] ?? '',
    /^ok signing\.observation: runs for 3 more days/,
  );
  assert.equal(said({ observedUntil: (now - 1) as Millis }).length, 2);
});
