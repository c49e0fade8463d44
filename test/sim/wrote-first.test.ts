/**
 * A thief who knows that people who wrote first are no strangers, and has them write first: own
 * addresses, forged victims, the null sender.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noCeilings } from '../../src/core/account/policy.ts';
import type { Account } from '../../src/core/account-name.ts';
import type { MailReceived } from '../../src/core/event.ts';
import { openReplay, type Replay } from '../../src/flow/replay/replay.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';

const start = (20_000 * dayMs) as Millis;
const joe = 'joe@here.test' as Account;
const home = '192.0.2.7';
const elsewhere = '198.51.100.9';

type Server = {
  readonly replay: Replay;
  now: Millis;
};

let ids = 0;

/** Sends one message; true: it passed. */
function send(
  server: Server,
  account: Account,
  to: readonly string[],
  { client = home } = {},
): boolean {
  const verdict = server.replay.apply({
    kind: 'send',
    id: `m${++ids}`,
    at: server.now,
    account,
    client,
    outside: to,
    local: [],
  });
  return verdict?.verdict === 'pass';
}

function receive(server: Server, sender: string, more: Partial<MailReceived> = {}): void {
  const { now: at, replay } = server;
  const event = { at, account: joe, sender, proved: true, wanted: true, messageId: '' };
  replay.apply({ kind: 'receive', ...event, ...more });
}

/** Forty days on which joe writes to six friends, and twenty accounts to a large provider. */
function serverWithPast(): Server {
  const replay = openReplay({ policy: noCeilings, operatorClearsMs: undefined });
  const server: Server = { replay, now: start };
  for (let day = 0; day < 40; day++) {
    for (let nth = 0; nth < 6; nth++) {
      server.now = (start + day * dayMs + (9 + nth) * hourMs) as Millis;
      send(server, joe, [`friend${nth}@friends.example`]);
      const other = `user${(day * 6 + nth) % 20}@here.test` as Account;
      send(server, other, [`person${nth}@large.example`]);
    }
  }
  server.now = (start + 40 * dayMs + 9 * hourMs) as Millis;
  return server;
}

/** One message to each, one a minute. Answers how many of them were reached. */
function reached(
  server: Server,
  to: readonly string[],
  how: { readonly client?: string } = { client: elsewhere },
): number {
  let count = 0;
  for (const recipient of to) {
    server.now = (server.now + minuteMs) as Millis;
    if (send(server, joe, [recipient], how)) count++;
  }
  return count;
}

const victims = Array.from({ length: 60 }, (_, nth) => `v${nth}@victims${nth % 20}.example`);
const own = Array.from({ length: 60 }, (_, nth) => `t${nth}@thief${nth % 3}.example`);

/** What a thief reaches who does nothing before. */
const plain = reached(serverWithPast(), victims);

test('without people who wrote first, few of sixty strangers are reached', () => {
  assert.ok(plain < 30, String(plain));
});

test('sixty addresses in three domains of the thief free three of each domain a day', () => {
  const server = serverWithPast();
  for (const sender of own) receive(server, sender);
  const count = reached(server, own);
  assert.ok(count <= plain + 9, `${count} reached, ${plain} without`);
});

test('that the thief writes in frees no victim of another domain', () => {
  const server = serverWithPast();
  for (const sender of own) receive(server, sender);
  assert.equal(reached(server, victims), plain);
});

test('victims in the envelope whose SPF fails or is missing, spam and bounces free nobody', () => {
  const rows: readonly (readonly [string, Partial<MailReceived>])[] = [
    ['not proved', { proved: false }],
    ['spam', { wanted: false }],
    ['the null sender', { sender: '' }],
    ['for another mailbox', { account: 'ann@here.test' as Account }],
  ];
  for (const [name, more] of rows) {
    const server = serverWithPast();
    for (const sender of victims) receive(server, sender, more);
    assert.equal(reached(server, victims), plain, name);
  }
});

test('a domain does not become common because one account writes to it', () => {
  const server = serverWithPast();
  for (let nth = 0; nth < 20; nth++) {
    server.now = (server.now + hourMs) as Millis;
    send(server, joe, [`first${nth}@thief0.example`]);
  }
  for (const sender of own) receive(server, sender);
  const count = reached(server, own);
  assert.ok(count <= plain + 9, `${count} reached, ${plain} without`);
});

test('spellings of a domain share its three', () => {
  const server = serverWithPast();
  const spelled = own.map((address, nth) => (nth % 2 === 0 ? address : address.toUpperCase()));
  for (const sender of spelled) receive(server, sender);
  const count = reached(server, own);
  assert.ok(count <= plain + 9, `${count} reached, ${plain} without`);
});

test('addresses at a large provider that write in free few a day, without such a past', () => {
  const server = serverWithPast();
  const own = Array.from({ length: 60 }, (_, nth) => `t${nth}@large.example`);
  for (const sender of own) receive(server, sender);
  const count = reached(server, own);
  assert.ok(count <= plain + 9, `${count} reached, ${plain} without`);
});

test('a shop answers its customers at a large provider, each day more', () => {
  const server = serverWithPast();
  for (let day = 0; day < 30; day++) {
    server.now = (start + (40 + day) * dayMs + 9 * hourMs) as Millis;
    const customers = Array.from({ length: 4 + day }, (_, nth) => `c${day}.${nth}@large.example`);
    for (const sender of customers) receive(server, sender);
    assert.equal(reached(server, customers, {}), customers.length, `day ${day}`);
  }
});
