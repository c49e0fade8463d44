/**
 * What events leave behind: the leak since the first sign, what a suspension forgets, a release, a
 * clock that jumps.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openServer, type ScriptedAccount, seed } from '../../../test/doubles/server.ts';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';
import { firstReasonText } from '../explain.ts';
import { confirmHijack } from './record.ts';
import { holdAt } from './signals.ts';

const name = 'ann@here.example';
const thief = '203.0.113.5';
const ann = (): ScriptedAccount => openServer().account(name).ordinaryDays(28);
const knows = (account: ScriptedAccount, address: string): boolean =>
  account.profile.book.has(hash53(address, seed));

test('an incident begins with the first sign, and counts what passed and what was stopped', () => {
  const account = ann();
  const begin = account.now;
  account.hijacked(60, minuteMs);
  const { profile } = account;
  assert.equal(profile.state, 'suspended');
  assert.ok(profile.since >= begin && profile.since <= begin + 6 * minuteMs);
  assert.ok(profile.leakedRecipients >= 3 && profile.leakedRecipients <= account.passed);
  assert.equal(profile.leakedMessages, profile.leakedRecipients);
  const stopped = profile.stoppedMessages;
  assert.ok(stopped >= 1);
  account.send({ strangers: 5 });
  assert.deepEqual(
    [profile.stoppedMessages, profile.leakedMessages],
    [stopped + 1, profile.leakedMessages],
  );
});

test('when the evidence is gone, so is the count', () => {
  const account = ann();
  account.hijacked(5, minuteMs);
  assert.ok(account.profile.leakedMessages > 0);
  account.until(9, 10);
  account.send({ to: account.friends(1) });
  assert.deepEqual([account.profile.since, account.profile.leakedMessages], [0, 0]);
});

test('a suspension forgets the recipients since the first sign, and keeps the others', () => {
  const account = ann();
  const [friend = ''] = account.friends(1);
  account.hijacked(5, minuteMs);
  const victim = `stranger5.${name}@elsewhere.example`;
  assert.ok(knows(account, victim));
  account.hijacked(60, minuteMs);
  assert.equal(account.profile.state, 'suspended');
  assert.ok(!knows(account, victim));
  assert.ok(knows(account, friend));
});

test('a suspension forgets the networks of the thief, also where he looked around first', () => {
  const account = ann();
  account.login(thief, true);
  account.hours(5).hijacked(60, minuteMs, { strangers: 1, client: thief });
  account.hours(1).login(thief, true);
  assert.deepEqual(
    account.profile.networks.map(({ network }) => network),
    ['192.0.2.0/24'],
  );
  account.release({ honest: false });
  account.until(2, 10);
  const judged = account.send({ strangers: 9, client: thief });
  assert.ok(judged.reasons.some(({ signal }) => signal === 'new-network'));
});

test('a suspension takes back the days before it, of which nothing is learned yet', () => {
  const account = ann();
  account.hijacked(4, hourMs);
  account.until(1, 10).hijacked(60, minuteMs);
  assert.ok(account.profile.days.length >= 2);
  assert.ok(account.profile.days.every(({ tainted }) => tainted));
});

test('mail of a suspended account is held, then refused, and teaches nothing', () => {
  const account = ann();
  account.hijacked(60, minuteMs);
  const { size } = account.profile.book;
  for (let day = 0; day < 5; day++) {
    const judged = account.until(1, 10).send({ to: account.friends(3), strangers: 2 });
    assert.deepEqual([judged.verdict, judged.state], [day < 3 ? 'hold' : 'refuse', 'suspended']);
    if (day === 2) confirmHijack(account.profile, account.now);
    assert.match(firstReasonText(judged.reasons), /was suspended \d+ min ago; \d+ recipients/);
  }
  account.wait(dayMs).bounce('550 5.1.1 no such user');
  assert.ok(account.profile.days.every(({ tainted }) => tainted));
  assert.equal(account.profile.book.size, size);
});

test('released as an attack: it starts anew, and what was strange is strange', () => {
  const account = ann();
  account.hijacked(60, minuteMs);
  account.release({ honest: false });
  assert.deepEqual(account.send({ to: account.friends(2) }).verdict, 'pass');
  account.hijacked(60, minuteMs);
  assert.equal(account.profile.state, 'suspended');
  assert.ok(account.passed <= 12, `${account.passed} passed`);
});

test('released as honest: the same again passes', () => {
  const account = ann();
  account.hijacked(200, minuteMs);
  const sent = account.verdicts.length - 28 * 6;
  account.release({ honest: true });
  account.until(7, 10);
  for (let i = 0; i < sent; i++) account.wait(minuteMs).send({ strangers: 1 });
  assert.ok(account.verdicts.slice(-sent).every((verdict) => verdict === 'pass'));
});

test('suspended by hand: held until released', () => {
  const account = ann();
  account.suspendByHand();
  assert.equal(account.send({ to: account.friends(1) }).verdict, 'hold');
  account.release({ honest: true });
  assert.equal(account.send({ to: account.friends(1) }).verdict, 'pass');
});

const jumps = [
  ['set back an hour', -hourMs],
  ['set back ten minutes', -10 * minuteMs],
  ['set forward a day', dayMs],
  ['set forward a day and back again', 0],
] as const;
for (const [what, jump] of jumps) {
  test(`a clock ${what} is no free pass`, () => {
    const account = ann();
    account.hijacked(9, minuteMs);
    const before = account.passed;
    if (jump === 0) account.wait(dayMs).send({ to: account.friends(1) });
    account.wait(jump === 0 ? -dayMs : jump);
    account.hijacked(100, minuteMs);
    assert.equal(account.profile.state, 'suspended');
    assert.ok(before + account.passed <= 20, `${before} and ${account.passed} passed`);
  });

  test(`a clock ${what} is no endless block`, () => {
    const account = ann();
    if (jump === 0) account.wait(dayMs).send({ strangers: 7 });
    else account.send({ strangers: 7 });
    account.wait(jump === 0 ? -dayMs : jump);
    const judged = account.minutes(1).send({ to: account.friends(2) });
    assert.equal(judged.verdict, 'pass');
    const count = account.verdicts.length;
    account.ordinaryDays(9);
    assert.ok(account.verdicts.slice(count).every((verdict) => verdict === 'pass'));
    account.minutes(1).send({ strangers: 3 });
    assert.equal(account.verdicts.at(-1), 'pass');
    assert.ok(account.profile.evidence < holdAt);
  });
}

test('a clock that was ahead for one message: evidence decays from the right time on', () => {
  const account = ann();
  account.wait(dayMs).send({ to: account.friends(1) });
  account.wait(-dayMs).send({ strangers: 7 });
  assert.equal(account.profile.at, account.now);
  const before = account.profile.evidence;
  assert.ok(account.hours(8).send({ to: account.friends(1) }).evidence < before / 1.5);
});

test('a clock that was a year ahead for one message does not stop the learning', () => {
  const account = ann();
  account.wait(365 * dayMs).send({ to: account.friends(1) });
  account.wait(-365 * dayMs).until(1, 9);
  account.profile.hours.fill(0);
  account.ordinaryDays(8);
  assert.ok(account.profile.hours.reduce((sum, hour) => sum + hour, 0) > 10);
  assert.ok(account.profile.days.length <= 4);
});

const replies = [
  ['550 5.1.1 <x@y>: Recipient address rejected: User unknown', true],
  ['550 No such user here', true],
  ['554 delivery error: dd This user does not exist', true],
  ["550 5.7.1 user doesn't exist", true],
  ['550-5.1.1 The email account that you tried to reach does not exist', true],
  ['550 5.1.10 RESOLVER.ADR.RecipientNotFound', true],
  ['550 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using a list', false],
  ['550 5.7.1 Client host [203.5.1.1] blocked', false],
  ['552 5.2.2 Mailbox full', false],
  ['550 5.7.26 This mail is unauthenticated', false],
] as const;
for (const [reply, counts] of replies) {
  test(`an unknown user, ${counts ? 'yes' : 'no'}: ${reply}`, () => {
    const account = ann();
    for (let i = 0; i < 20; i++) account.bounce(reply);
    const failed = account.send({ to: account.friends(1) }).reasons.map(({ signal }) => signal);
    assert.equal(failed.includes('failed-recipients'), counts);
  });
}

test('bodies and networks that are remembered are few, whatever comes', () => {
  const account = ann();
  for (let i = 0; i < 200; i++) {
    account.wait(2 * hourMs);
    account.send({ to: account.friends(1), fingerprint: `body ${i}`, client: `10.0.${i}.1` });
  }
  assert.ok(account.profile.fingerprints.length <= 16);
  assert.ok(account.profile.networks.length <= 32);
  assert.ok(account.profile.days.length <= 4);
});

test('held mail is counted once, and its recipients are known while nothing worse comes', () => {
  const account = ann();
  const judged = account.send({
    to: Array.from({ length: 25 }, (_, i) => `guest${i}@party.example`),
  });
  assert.equal(judged.verdict, 'hold');
  account.until(4, 10);
  const again = account.send({
    to: Array.from({ length: 25 }, (_, i) => `guest${i}@party.example`),
  });
  assert.equal(again.verdict, 'pass');
});
