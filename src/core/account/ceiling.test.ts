/**
 * Fixed ceilings and exemptions: refused with the number, delayed, or let through; and never a
 * cover for an attack.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openServer, type ScriptedAccount } from '../../../test/doubles/server.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Judgement } from './judge.ts';
import { type AccountFlags, noCeilings, noFlags, type Policy } from './policy.ts';

const friends = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `friend${i}@friends.example`);

function account(policy: Partial<Policy>, flags: Partial<AccountFlags> = {}): ScriptedAccount {
  const server = openServer();
  const ann = server.account('ann@here.example').ordinaryDays(10);
  server.policy = { ...noCeilings, ...policy };
  server.flags = { ...noFlags, ...flags };
  return ann;
}

type Row = readonly [what: string, Partial<Policy>, sizes: readonly number[], expected: string];
const rows: readonly Row[] = [
  ['no ceilings', {}, [12, 12, 12], 'pass pass pass'],
  ['a message at the limit', { messageRecipientsMax: 10 }, [10], 'pass'],
  ['a message above the limit', { messageRecipientsMax: 10 }, [11], 'refuse'],
  ['the hour is full', { accountRecipientsPerHour: 10 }, [6, 4, 1], 'pass pass delay'],
  [
    'what was delayed is not counted',
    { accountRecipientsPerHour: 10 },
    [6, 5, 4],
    'pass delay pass',
  ],
  ['a message larger than the hour never fits', { accountRecipientsPerHour: 10 }, [11], 'refuse'],
  ['the day is full', { accountRecipientsPerDay: 10 }, [6, 4, 1], 'pass pass delay'],
  [
    'what was refused does not fill the day',
    { accountRecipientsPerDay: 10 },
    [11, 11, 9],
    'refuse refuse pass',
  ],
];
for (const [what, policy, sizes, expected] of rows) {
  test(`ceilings: ${what}`, () => {
    const ann = account(policy);
    for (const size of sizes) ann.minutes(1).send({ to: ann.friends(size) });
    assert.equal(ann.verdicts.slice(-sizes.length).join(' '), expected);
  });
}

test('the reason has the number and the limit', () => {
  const ann = account({ messageRecipientsMax: 10 });
  const [reason] = ann.send({ to: ann.friends(12) }).reasons;
  assert.deepEqual(reason, {
    signal: 'ceiling',
    saw: 12,
    usual: 10,
    weight: 1,
    limit: 'message',
  });
});

test('local recipients do not fill a ceiling', () => {
  const ann = account({ accountRecipientsPerHour: 10 });
  assert.equal(ann.send({ local: friends(12) }).verdict, 'pass');
});

test('the next hour, and the next day, begin at nothing', () => {
  const ann = account({ accountRecipientsPerHour: 10, accountRecipientsPerDay: 15 });
  const send = (): string => ann.send({ to: ann.friends(8) }).verdict;
  assert.deepEqual([send(), send()], ['pass', 'delay']);
  ann.hours(1);
  assert.deepEqual([send()], ['delay']); // 16 would be the day's
  ann.until(1, 10);
  assert.deepEqual([send(), send()], ['pass', 'delay']);
});

test('a clock set back over midnight opens no second day', () => {
  const ann = account({ accountRecipientsPerDay: 10 }).until(1, 0);
  assert.equal(ann.send({ to: ann.friends(8) }).verdict, 'pass');
  assert.equal(ann.hours(-1).send({ to: ann.friends(8) }).verdict, 'delay');
});

test('when the server is full, only those with something against them wait', () => {
  const policy = { serverRecipientsPerHour: 1_000 };
  const flags = { serverRecipientsThisHour: 1_000 };
  const calm = account(policy, flags);
  assert.equal(calm.send({ to: calm.friends(3) }).verdict, 'pass');
  const odd = account(policy, flags);
  const judged = odd.send({ strangers: 12 });
  assert.deepEqual([judged.verdict, judged.reasons[0]?.signal], ['delay', 'ceiling']);
});

const covers = [
  ['the hour of the account', { accountRecipientsPerHour: 150 }, {}],
  ['the hour of the server', { serverRecipientsPerHour: 10 }, { serverRecipientsThisHour: 10 }],
] as const;
for (const [what, policy, flags] of covers) {
  test(`an attack is suspended all the same when it meets ${what}`, () => {
    const ann = account(policy, flags);
    ann.send({ to: ann.friends(2) });
    const judged = ann.send({ strangers: 150 });
    assert.deepEqual([judged.verdict, judged.state], ['hold', 'suspended']);
  });
}

const until = (judged: (ann: ScriptedAccount) => Judgement, exemptFor: number): string => {
  const server = openServer();
  const ann = server.account('ann@here.example').ordinaryDays(10);
  server.policy = { ...noCeilings, messageRecipientsMax: 50 };
  server.flags = { ...noFlags, exemptUntil: (ann.now + exemptFor) as Millis };
  const { verdict, state } = judged(ann);
  return `${verdict} ${state}`;
};

test('an exemption lets everything pass, until it ends', () => {
  assert.equal(
    until((ann) => ann.send({ strangers: 60 }), dayMs),
    'pass clear',
  );
  assert.equal(
    until((ann) => ann.send({ strangers: 60 }), -1),
    'refuse clear',
  );
  assert.equal(
    until((ann) => ann.send({ strangers: 50 }), -1),
    'hold watched',
  );
});

test('an exemption does not lift a suspension', () => {
  const judged = until((ann) => {
    ann.suspendByHand();
    return ann.send({ to: ann.friends(1) });
  }, dayMs);
  assert.equal(judged, 'hold suspended');
});

test('what an exempted account sends becomes usual no faster than anybody else’s', () => {
  const server = openServer();
  const ann = server.account('ann@here.example').ordinaryDays(10);
  server.flags = { ...noFlags, exemptUntil: (ann.now + dayMs) as Millis };
  ann.send({ strangers: 500 });
  server.flags = noFlags;
  ann.until(30, 10);
  assert.equal(ann.send({ strangers: 200 }).verdict, 'hold');
});
