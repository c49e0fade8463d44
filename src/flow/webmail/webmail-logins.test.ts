/** Logins of a webmail's log, beside those of the mail log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../core/account-name.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import { type LoginEvent, openWebmailLogins, type WebmailLogins } from './webmail-logins.ts';

const joe = 'joe@here.example' as Account;
const person = '203.0.113.7';
const host = '127.0.0.1';

function rig(): { readonly logins: WebmailLogins; readonly dropped: string[] } {
  const dropped: string[] = [];
  const logins = openWebmailLogins({
    isHost: (client) => client === host,
    isOwnHost: (client) => client === host,
    sessionMs: 12 * hourMs,
    dropped: (why) => void dropped.push(why),
  });
  return { logins, dropped };
}

function login(at: number, change: Partial<LoginEvent> = {}): LoginEvent {
  const usual = { kind: 'login', account: joe, client: host, ok: true, times: 1 } as const;
  return { ...usual, at: at as Millis, ...change };
}
const web = (at: number, change: Partial<LoginEvent> = {}): LoginEvent =>
  login(at, { protocol: 'webmail', client: person, ...change });

test('a login of the webmail counts once its mailbox was opened', () => {
  const { logins, dropped } = rig();
  assert.deepEqual(logins.seen(login(0)), [login(0)]);
  assert.deepEqual(logins.seen(web(minuteMs)), [web(minuteMs)]);
  assert.equal(logins.personOf(joe, (2 * hourMs) as Millis), person);
  assert.deepEqual(dropped, []);
});

test('the two logs are read in any order', () => {
  const { logins } = rig();
  assert.deepEqual(logins.seen(web(1_000)), []);
  assert.equal(logins.personOf(joe, 2_000 as Millis), undefined);
  assert.deepEqual(logins.seen(login(0)), [login(0), web(1_000)]);
  assert.equal(logins.personOf(joe, 2_000 as Millis), person);
  assert.deepEqual(logins.seen(login(minuteMs)), [login(minuteMs)]);
});

test('an invented login does not count: nobody opened the mailbox', () => {
  const { logins, dropped } = rig();
  assert.deepEqual(logins.seen(web(0)), []);
  assert.deepEqual(dropped, ['unconfirmed-webmail']);
  const elsewhere = login(0, { client: '198.51.100.1' });
  assert.deepEqual(logins.seen(elsewhere), [elsewhere]);
  const late = login(6 * minuteMs);
  assert.deepEqual(logins.seen(late), [late]);
  const other = login(0, { account: 'ann@here.example' as Account });
  assert.deepEqual(logins.seen(other), [other]);
  assert.equal(logins.personOf(joe, 0 as Millis), undefined);
});

test('a session ends, and the latest one counts', () => {
  const { logins } = rig();
  logins.seen(login(0));
  logins.seen(web(0));
  assert.equal(logins.personOf(joe, (13 * hourMs) as Millis), undefined);
  logins.seen(web(minuteMs, { client: '198.51.100.9' }));
  assert.equal(logins.personOf(joe, (2 * minuteMs) as Millis), '198.51.100.9');
});

test('a proxy in front of the webmail is nobody', () => {
  const { logins } = rig();
  logins.seen(login(0));
  assert.deepEqual(logins.seen(web(0, { client: host })), []);
  assert.deepEqual(logins.seen(web(0, { account: undefined })), []);
  assert.equal(logins.personOf(joe, 0 as Millis), undefined);
});

test('a failed login counts once, with the address of who guessed', () => {
  const { logins, dropped } = rig();
  const first = login(0, { ok: false });
  assert.deepEqual(logins.seen(first), [first], 'a webmail that logs nothing');
  const told = web(1_000, { ok: false });
  assert.deepEqual(logins.seen(told), [told]);
  assert.deepEqual(logins.seen(login(2_000, { ok: false })), []);
  assert.deepEqual(dropped, ['webmail-twice']);
  assert.equal(logins.personOf(joe, 0 as Millis), undefined);
});

test('a flood of invented logins has a limit', () => {
  const { logins } = rig();
  for (let nth = 0; nth < 5_000; nth++) {
    logins.seen(web(nth, { account: `a${nth}@here.example` as Account }));
  }
  const gone = login(0, { account: 'a0@here.example' as Account });
  assert.deepEqual(logins.seen(gone), [gone]);
});
