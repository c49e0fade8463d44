/**
 * What events leave behind: the leak since the first sign, what a suspension forgets, a release, a
 * clock that jumps.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { home, openServer, type ScriptedAccount, seed } from '../../../test/doubles/server.ts';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import { firstReasonText } from '../explain.ts';
import { confirmHijack, waitsForPerson } from './record.ts';
import { holdAt, suspendAt } from './signals.ts';

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
  const from = 'thief@elsewhere.example';
  account.hours(5).hijacked(60, minuteMs, { strangers: 1, client: thief, from });
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
  account.until(1, 10).hijacked(60, minuteMs, { strangers: 1, from: 'other@elsewhere.example' });
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

test('released as honest: the same people again pass, from the same place', () => {
  const account = ann();
  const client = '198.51.100.7';
  const guests = Array.from({ length: 60 }, (_, i) => `guest${i}@party.example`);
  const mailing = (): readonly string[] => {
    account.login(client, true);
    return guests.map((guest) => {
      const sent = { to: [guest], client, from: 'party@elsewhere.example' };
      return account.wait(minuteMs).send(sent).verdict;
    });
  };
  assert.ok(mailing().includes('hold'));
  assert.equal(account.profile.state, 'suspended');
  account.release({ honest: true });
  account.until(7, 10);
  assert.deepEqual(new Set(mailing()), new Set(['pass']));
  assert.ok(guests.every((guest) => knows(account, guest)));
});

test('released as honest: the network and the program are the account’s own from then on', () => {
  const account = ann();
  const client = '198.51.100.7';
  const traits = { helo: 'new-phone', mailer: 'New Mail 1.0' };
  account.send({ to: account.friends(1), client: home, traits: { helo: 'pc', mailer: 'Mail' } });
  account.until(3, 10);
  const from = 'party@elsewhere.example';
  account.hijacked(60, minuteMs, { strangers: 1, client, from, traits });
  assert.equal(account.profile.state, 'suspended');
  assert.equal(account.profile.programs.length, 1);
  account.release({ honest: true });
  account.until(2, 10);
  const { notes } = account.send({ to: account.friends(1), client, traits });
  const { isNewNetwork, isNewProgram } = notes.client;
  assert.deepEqual([isNewNetwork, isNewProgram], [false, false]);
});

test('released as honest: others than those of the false alarm find no more room', () => {
  const account = ann();
  account.hijacked(60, minuteMs);
  account.release({ honest: true });
  account.until(7, 10);
  account.hijacked(60, minuteMs, { strangers: 1, from: 'other@elsewhere.example' });
  assert.ok(account.passed <= 20, `${account.passed} passed`);
});

test('numbers alone: held, and the list is no less strange tomorrow', () => {
  const account = ann();
  const list = Array.from({ length: 200 }, (_, i) => `victim${i}@elsewhere.example`);
  const judged = account.send({ to: list });
  assert.deepEqual([judged.verdict, judged.state], ['hold', 'watched']);
  assert.ok(judged.evidence >= suspendAt);
  assert.ok(!list.some((one) => knows(account, one)));
  assert.ok(waitsForPerson(account.profile, account.now));
  account.until(2, 10);
  assert.equal(account.send({ to: list }).verdict, 'hold');
  // A person says that it was honest mail.
  account.release({ honest: true });
  assert.ok(list.every((one) => knows(account, one)));
  assert.ok(!waitsForPerson(account.profile, account.now));
});

test('what waits for a person goes on waiting when nobody comes, up to a limit', () => {
  const account = ann();
  const kept = (): number => account.profile.forgotten?.book.length ?? 0;
  account.send({ strangers: 200 });
  assert.equal(kept(), 400);
  account.until(4, 10).send({ to: account.friends(1) });
  assert.equal(kept(), 400);
  account.send({ strangers: 9_000 });
  assert.equal(kept(), 2_000);
});

test('unknown users of one domain: its owner cannot have a sender suspended, nor held', () => {
  const account = ann();
  const address = (i: number): string => `nobody${i}@evil.example`;
  for (let i = 0; i < 16; i++) account.bounce('550 5.1.1 no such user', address(i));
  const judged = account.send({ to: account.friends(1) });
  assert.deepEqual([judged.verdict, judged.state], ['pass', 'watched']);
  for (let i = 16; i < 400; i++) account.bounce('550 5.1.1 no such user', address(i));
  const held = account.send({ to: account.friends(1) });
  assert.deepEqual([held.verdict, held.state], ['hold', 'watched']);
  assert.ok(account.profile.failedDomains.length === 1);
});

test('unknown users of many domains hold, and alone do not suspend', () => {
  const account = ann();
  for (let i = 0; i < 60; i++) account.bounce('550 5.1.1 no such user');
  const judged = account.send({ to: account.friends(1) });
  assert.deepEqual([judged.verdict, judged.state], ['hold', 'watched']);
  assert.ok(judged.evidence >= suspendAt);
  assert.ok(account.profile.failedDomains.length <= 32);
  // With numbers beside them, they are the second kind of evidence.
  const worse = account.send({ strangers: 100 });
  assert.deepEqual([worse.verdict, worse.state], ['hold', 'suspended']);
  assert.ok(worse.reasons.some(({ signal }) => signal === 'failed-recipients'));
});

test('replies alone, which strangers cause, never make mail wait for a person', () => {
  const account = ann();
  for (let i = 0; i < 60; i++) account.bounce('550 5.1.1 no such user');
  for (let i = 0; i < 20; i++) {
    assert.equal(account.send({ to: account.friends(1) }).verdict, 'hold');
  }
  assert.equal(account.profile.lockedAt, 0);
  assert.equal(account.profile.numbersAt, 0);
  account.until(8, 10);
  assert.equal(account.send({ to: account.friends(1) }).verdict, 'pass');
});

test('an unknown user who had written first counts a tenth', () => {
  const [one, other] = [ann(), ann()];
  for (let i = 0; i < 20; i++) {
    one.bounce('550 5.1.1 no such user', `p${i}@q${i}.example`);
    other.bounce('550 5.1.1 no such user', `p${i}@q${i}.example`, true);
  }
  const evidence = [one, other].map((ann) => ann.send({ to: ann.friends(1) }).evidence);
  assert.ok((evidence[1] ?? 0) < 0.2 * (evidence[0] ?? 0), `${evidence}`);
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
    account.hijacked(100, minuteMs, { strangers: 1, from: 'other@elsewhere.example' });
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

test('who goes on against holds, day by day, widens nothing', () => {
  for (const [most, full] of [
    [30, true],
    [300, false],
  ] as const) {
    const server = openServer();
    const account = server.account(name).ordinaryDays(28);
    if (full) {
      const heldMax = { messages: 1, bytes: 1 };
      server.policy = { ...server.policy, heldMax };
      server.flags = { ...server.flags, held: () => heldMax };
    }
    const first = passedOf(account, most);
    let later = 0;
    for (let day = 0; day < 30; day++) later = passedOf(account.until(1, 9), most);
    assert.ok(later <= first, `${later} after ${first}, ${most}`);
  }
});

/** How many of a day's messages to a stranger each pass. */
function passedOf(account: ScriptedAccount, messages: number): number {
  account.passed = 0;
  for (let nth = 0; nth < messages; nth++)
    account.wait((9 * hourMs) / messages).send({ strangers: 1, client: home, from: account.name });
  return account.passed;
}

test('what waits for a person goes on waiting when a later attack is held', () => {
  const account = ann();
  const attack = (): void => void account.send({ strangers: 400, client: home });
  attack();
  const first = account.now;
  account.wait(5 * dayMs);
  attack();
  const { now, profile } = account;
  const waits = (at: number): boolean => waitsForPerson(profile, at as Millis);
  assert.deepEqual([waits(first), waits(now), waits(first - 4 * dayMs)], [true, true, false]);
  account.release({ honest: false });
  assert.equal(waits(first), false);
});

test('after a false alarm: the day counts as seen, and replies to its mail say nothing', () => {
  const account = ann();
  const list = Array.from({ length: 400 }, (_, nth) => `member${nth}@club${nth}.example`);
  const sentAt = account.now;
  for (const member of list) account.wait(1_000).send({ to: [member] });
  assert.equal(account.verdicts.at(-1), 'hold');
  account.hours(3).release({ honest: true });
  for (let nth = 0; nth < 20; nth++)
    account.bounce('550 5.1.1 unknown user', `gone@club${nth}.example`, false, sentAt);
  assert.equal(account.send({ to: account.friends(1) }).evidence < 0.5, true);
  account.until(7, 10);
  for (const member of list) account.wait(1_000).send({ to: [member] });
  assert.equal(account.verdicts.at(-1), 'pass');
  for (let nth = 0; nth < 20; nth++)
    account.bounce('550 5.1.1 unknown user', `gone@club${nth}.example`, false, account.now);
  assert.equal(account.send({ to: account.friends(1) }).verdict, 'hold');
});
