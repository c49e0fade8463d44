/** A replay with a webmail's log: whose mail it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../core/account-name.ts';
import type { ReplayEvent, Submission } from '../../core/event.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { LoginEvent } from '../webmail/webmail-logins.ts';
import { openWebmailPeople } from './webmail-people.ts';

const joe = 'joe@here.example' as Account;
const [host, person] = ['192.0.2.20', '203.0.113.7'];
const of = { account: joe, client: host };
const web = (at: number): LoginEvent => ({
  kind: 'login',
  at: at as Millis,
  account: joe,
  client: person,
  ok: true,
  times: 1,
  protocol: 'webmail',
});
const opened = (at: number): ReplayEvent => {
  return { ...of, kind: 'login', at: at as Millis, ok: true, protocol: 'imap' };
};
const mail = (at: number, client: string): Submission => {
  const to = { outside: ['a@there.example'], local: [] };
  return { ...of, ...to, kind: 'send', id: `Q${at}`, at: at as Millis, client };
};
const open = (logins: readonly LoginEvent[]) =>
  openWebmailPeople(logins, {
    isHost: (client) => client === host,
    isOwnHost: (client) => client === host,
    sessionMs: 12 * hourMs,
  });
const clients = (events: readonly ReplayEvent[]): readonly string[] =>
  events.map((one) => `${one.kind} ${'client' in one ? one.client : ''}`);

test('mail of the webmail comes from the person who logged in there', () => {
  const people = open([web(hourMs + 1_000)]);
  const [before] = people.take(mail(minuteMs, host));
  assert.deepEqual(before, mail(minuteMs, host), 'nobody has logged in yet');
  assert.deepEqual(clients(people.take(opened(hourMs))), [`login ${host}`]);
  const sent = people.take(mail(hourMs + minuteMs, host));
  assert.deepEqual(clients(sent), [`login ${person}`, `send ${person}`]);
  const [, message] = sent;
  assert.ok(message?.kind === 'send');
  assert.deepEqual([message.webmail, message.traits], [host, { via: 'webmail' }]);
  assert.deepEqual(clients(people.take(mail(hourMs + minuteMs, '198.51.100.1'))), [
    'send 198.51.100.1',
  ]);
  assert.deepEqual(clients(people.take(mail(20 * hourMs, host))), [`send ${host}`], 'it ended');
  assert.deepEqual(people.counts(), { known: 1, unknown: 2 });
});

test('a login that is confirmed later counts from then on: a replay never goes back', () => {
  const people = open([web(hourMs)]);
  assert.deepEqual(people.take(mail(hourMs + minuteMs, host)).length, 1);
  const due = people.take(opened(hourMs + 4 * minuteMs));
  assert.deepEqual(clients(due), [`login ${host}`, `login ${person}`]);
  assert.deepEqual(
    due.map(({ at }) => at),
    [hourMs + 4 * minuteMs, hourMs + 4 * minuteMs],
  );
});

test('a login whose mailbox nobody opened does not count', () => {
  const people = open([web(0)]);
  assert.deepEqual(clients(people.take(mail(minuteMs, host))), [`send ${host}`]);
});
