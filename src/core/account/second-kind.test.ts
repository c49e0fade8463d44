/**
 * Numbers alone hold; a second kind of evidence suspends. What is one, and what is not: networks,
 * hours, guesses at passwords, content. And numbers inside the server.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedScan } from '../../../test/doubles/scan.ts';
import { home, openServer, type ScriptedAccount } from '../../../test/doubles/server.ts';
import { dayMs, minuteMs } from '../../lib/time.ts';
import type { Judgement } from './judge.ts';
import { suspendAt } from './signals.ts';

const name = 'ann@here.example';
const away = '203.0.113.5';
const night = 2;
const guesser = '198.51.100.9';
const ann = (): ScriptedAccount => openServer().account(name).ordinaryDays(28);
const signals = ({ reasons }: Judgement): readonly string[] => reasons.map(({ signal }) => signal);

const kinds = [
  ['nothing else', {}, 'watched'],
  ['a new network in office hours', { client: away }, 'watched'],
  ['another From', { from: 'ceo@bank.example' }, 'suspended'],
  ['a score of spam', { scan: scriptedScan(6) }, 'suspended'],
  ['a good score', { scan: scriptedScan(1) }, 'watched'],
] as const;
for (const [what, more, state] of kinds) {
  test(`numbers of a suspension and ${what}: ${state}`, () => {
    const judged = ann().send({ strangers: 80, ...more });
    assert.ok(judged.evidence >= suspendAt);
    assert.deepEqual([judged.verdict, judged.state], ['hold', state]);
  });
}

test('numbers of a suspension, a new network and a strange hour: suspended', () => {
  const judged = ann().until(1, night).send({ strangers: 80, client: away });
  assert.deepEqual([judged.verdict, judged.state], ['hold', 'suspended']);
});

test('one message in many that looks like spam is chance; many are evidence', () => {
  const account = ann();
  for (let i = 0; i < 40; i++) account.wait(20_000).send({ strangers: 1, scan: scriptedScan(1) });
  const chance = account.send({ strangers: 1, scan: scriptedScan(6) });
  assert.ok(chance.evidence >= suspendAt);
  assert.equal(chance.state, 'watched');
  let judged = chance;
  for (let i = 0; i < 20; i++) judged = account.send({ strangers: 1, scan: scriptedScan(6) });
  assert.equal(judged.state, 'suspended');
});

test('a host of the server itself is never a new network', () => {
  const seen = (client: string): readonly string[] =>
    signals(ann().until(1, night).send({ strangers: 20, client }));
  assert.ok(seen(away).includes('new-network'));
  for (const own of ['10.0.0.80', '127.0.0.1', '::1', 'fd00::80']) {
    assert.ok(!seen(own).includes('new-network'), own);
  }
});

test('a hijack that stays inside: recipients of this server add up', () => {
  const account = ann();
  let reached = 0;
  let judged = account.send({ local: ['c0@here.example'] });
  for (let i = 1; i < 400; i++) {
    judged = account.wait(2 * minuteMs).send({ local: [`c${i}@here.example`], client: home });
    if (judged.verdict === 'pass') reached++;
  }
  assert.equal(judged.verdict, 'hold');
  assert.ok(signals(judged).includes('new-local'));
  assert.ok(reached <= 80, `${reached} reached`);
});

test('one colleague more, one message to the whole office, and its list are ordinary', () => {
  const account = ann();
  const office = Array.from({ length: 40 }, (_, i) => `c${i}@here.example`);
  assert.equal(account.send({ local: ['new@here.example'] }).verdict, 'pass');
  assert.equal(account.hours(1).send({ local: office }).verdict, 'pass');
  for (let i = 0; i < 60; i++) {
    const judged = account.wait(5 * minuteMs).send({ local: ['everybody@here.example'] });
    assert.equal(judged.verdict, 'pass');
  }
});

const guesses = [
  ['from where the login came', guesser, 'guessed-login'],
  ['from elsewhere only', '192.0.2.99', undefined],
] as const;
for (const [what, from, signal] of guesses) {
  test(`failed logins ${what}, then a good one: ${signal ?? 'nothing'}`, () => {
    const account = ann();
    for (let i = 0; i < 9; i++) account.wait(minuteMs).login(from, false);
    account.wait(minuteMs).login(guesser, true);
    const judged = account.send({ strangers: 9, client: guesser });
    assert.equal(
      signals(judged).find((one) => one === 'guessed-login'),
      signal,
    );
  });
}

test('a network from which another account was guessed at stays suspicious for a week', () => {
  const guessed = (days: number): boolean => {
    const server = openServer();
    const account = server.account(name).ordinaryDays(28);
    const other = server.account('bob@here.example');
    other.now = account.now;
    other.login(guesser, false);
    account.wait(days * dayMs);
    for (let i = 0; i < 9; i++) account.wait(minuteMs).login(`203.0.${i}.1`, false);
    account.login(guesser, true);
    return signals(account.send({ strangers: 12, client: guesser })).includes('guessed-login');
  };
  assert.deepEqual([guessed(1), guessed(6), guessed(8)], [true, true, false]);
});

test('networks of own hosts are not many networks at once, however many they are', () => {
  const account = ann();
  const seen = (client: string): Judgement =>
    account.wait(minuteMs).send({ to: account.friends(1), client });
  for (let i = 1; i < 12; i++) assert.equal(seen(`10.0.${i}.7`).evidence < 0.5, true, `${i}`);
  assert.deepEqual(signals(seen(away)), []);
  account.login('10.0.1.7', true);
  assert.equal(account.profile.networks.length > 9, true, 'they are known all the same');
});

test('guesses at the webmail, and then its owner there, are no guessed login', () => {
  const account = ann();
  for (let i = 0; i < 9; i++) account.wait(minuteMs).login('127.0.0.1', false);
  account.wait(minuteMs).login('127.0.0.1', true);
  assert.ok(
    !signals(account.send({ strangers: 9, client: '127.0.0.1' })).includes('guessed-login'),
  );
});

test('unknown users below one registered domain count as of one domain', () => {
  const evidence = (domain: (nth: number) => string): number => {
    const account = ann();
    const reply = '550 5.1.1 unknown user';
    for (let i = 0; i < 25; i++) account.bounce(reply, `gone@${domain(i)}`);
    return account.send({ to: account.friends(1) }).evidence;
  };
  const one = evidence(() => 'evil.example');
  assert.equal(
    evidence((i) => `m${i}.evil.example`),
    one,
  );
  assert.equal(
    evidence((i) => `m${i}.deep.evil.co.uk`),
    one,
  );
  assert.ok(evidence((i) => `evil${i}.example`) > 3 * one);
  assert.ok(evidence((i) => `evil${i}.co.uk`) > 3 * one);
});

test('where every message has another From, another one more is no evidence', () => {
  const forwards = (froms: number): string | undefined => {
    const account = ann();
    for (let day = 0; day < 12; day++) {
      for (let nth = 0; nth < 4; nth++) {
        const from = `writer${(day * 4 + nth) % froms}@elsewhere.example`;
        account.hours(1).send({ to: account.friends(1), client: home, from });
      }
      account.until(1, 10);
    }
    for (let nth = 0; nth < 600; nth++)
      account.wait(2_000).send({ strangers: 1, client: home, from: `w${nth}@bomb.example` });
    assert.equal(account.verdicts.at(-1), 'hold');
    return account.profile.state;
  };
  assert.deepEqual([forwards(999), forwards(2)], ['watched', 'suspended']);
});
