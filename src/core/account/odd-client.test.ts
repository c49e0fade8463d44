/** Mail from clients that are new to the account: what counts, and what a false alarm teaches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { home, openServer } from '../../../test/doubles/server.ts';
import { minuteMs } from '../../lib/time.ts';

const name = 'ann@here.example';
const away = '198.51.100.7';
const own = { helo: 'pc', mailer: 'Mail' };

/** One text to twelve people that she wrote to weeks before, one by one; the verdicts. */
function sendAll(
  client: string,
  more: { readonly known?: boolean; readonly script?: string; readonly expected?: number } = {},
): readonly string[] {
  const server = openServer();
  const account = server.account(name).ordinaryDays(28);
  const to = account.friends(12);
  account.send({ to: [to[0] ?? ''], client: home, traits: own });
  for (let one = 12; one < 30; one++) {
    account
      .until(1, 10)
      .send({ to: account.friends(one + 1).slice(-1), client: home, traits: own });
  }
  account.until(3, 10);
  if (more.known === true) server.knownLinks.add('bank-login.example');
  if (more.expected !== undefined) server.flags = { ...server.flags, expected: more.expected };
  const traits = { ...own, links: ['bank-login.example'] };
  const script = more.script === undefined ? {} : { script: more.script };
  const sent = { client, traits, fingerprint: 'f1', ...script };
  const strangers = more.expected === undefined ? to : [];
  const verdicts =
    more.expected === undefined
      ? strangers.map((one) => account.wait(minuteMs).send({ to: [one], ...sent }).verdict)
      : to.map(() => account.wait(minuteMs).send({ strangers: 1, ...sent }).verdict);
  return [...new Set(verdicts)];
}

test('one text with a new link to known people: held from a new network only', () => {
  assert.deepEqual(sendAll(away), ['pass', 'hold']);
  assert.deepEqual(sendAll(away, { known: true }), ['pass']);
  assert.deepEqual(sendAll(home), ['pass']);
});

test('a new link counts for nothing in mail of scripts and in announced mail', () => {
  assert.deepEqual(sendAll(away, { script: '/srv/www/form.php' }), ['pass']);
  assert.deepEqual(sendAll(away, { expected: 300 }), ['pass']);
});

test('sent again because an answer was lost: no new link counts', () => {
  const server = openServer();
  const account = server.account(name).ordinaryDays(28);
  account.send({ to: account.friends(1), client: home, traits: own });
  account.until(3, 10);
  const traits = { ...own, links: ['bank-login.example'] };
  const sent = { to: account.friends(12), client: away, traits, fingerprint: 'f1' };
  const verdicts = [sent, sent, sent].map((one) => account.wait(minuteMs).send(one).verdict);
  assert.deepEqual(verdicts, ['pass', 'pass', 'pass']);
});

/** Days of network and program that were seen once, odd, before a false alarm was released. */
function odd(daysBefore: number): readonly (number | undefined)[] {
  const account = openServer().account(name).ordinaryDays(28);
  const sent = { to: account.friends(1), client: home, traits: own };
  account.send(sent);
  account.until(3, 10);
  const traits = { helo: 'new-phone', mailer: 'New Mail 1.0' };
  const { notes } = account.send({ ...sent, client: away, traits });
  assert.equal(notes.client.standing, 'odd');
  account.until(daysBefore, 10);
  const list = Array.from({ length: 200 }, (_, i) => `victim${i}@elsewhere.example`);
  assert.equal(account.send({ to: list }).verdict, 'hold');
  account.release({ honest: true });
  const { networks, programs } = account.profile;
  return [
    networks.find(({ network }) => network === '198.51.100.0/24')?.days,
    programs.find(({ program }) => program.includes('new-'))?.days,
  ];
}

test('a false alarm: odd clients of the last days are the account’s own, older ones not', () => {
  assert.deepEqual(odd(2), [1, 1]);
  assert.deepEqual(odd(5), [0, 0]);
});
