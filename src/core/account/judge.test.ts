/**
 * Every signal that the guard knows, with made events on the account's own clock: what it is worth
 * and what it is called.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { home, openServer, type ScriptedAccount, type Sent } from '../../../test/doubles/server.ts';
import { hourMs, minuteMs } from '../../lib/time.ts';
import { reasonText } from '../explain.ts';
import type { Judgement } from './judge.ts';
import { evidenceNow } from './judge.ts';
import { boostMax, boosts, clientWeights, holdAt, suspendAt, watchAt } from './signals.ts';

const name = 'ann@here.example';
const away = '203.0.113.5';
const night = 2;

/** Somebody with a quiet month behind her, on a weekday at ten. */
function ann(): ScriptedAccount {
  return openServer().account(name).ordinaryDays(28);
}

function signals({ reasons }: Judgement): readonly string[] {
  return reasons.map(({ signal }) => signal);
}

const many = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `p${i}@x.example`);

type Action = (account: ScriptedAccount) => Judgement;
type Row = readonly [
  what: string,
  action: Action,
  verdict: string,
  state: string,
  signal: string | undefined,
];
const repeat = (count: number, everyMs: number, message: Sent): Action => {
  return (account) => account.hijacked(count, everyMs, message);
};

const rows: readonly Row[] = [
  ['a message to a friend', (a) => a.send({ to: a.friends(1) }), 'pass', 'clear', undefined],
  ['a message to one stranger', (a) => a.send({ strangers: 1 }), 'pass', 'clear', undefined],
  ['a message to four strangers', (a) => a.send({ strangers: 4 }), 'pass', 'clear', undefined],
  [
    'a message to all twelve friends',
    (a) => a.send({ to: a.friends(12) }),
    'pass',
    'clear',
    undefined,
  ],
  [
    'ten strangers in ten minutes',
    repeat(10, minuteMs, { strangers: 1 }),
    'hold',
    'watched',
    'strangers',
  ],
  [
    'forty strangers in forty minutes',
    repeat(40, minuteMs, { strangers: 1 }),
    'hold',
    'watched',
    'strangers',
  ],
  [
    'one message to a hundred strangers',
    (a) => a.send({ strangers: 100 }),
    'hold',
    'watched',
    'strangers',
  ],
  [
    'a stranger every ten minutes for a day',
    repeat(144, 10 * minuteMs, { strangers: 1 }),
    'hold',
    'watched',
    'strangers',
  ],
  [
    'five strangers an hour for three days',
    repeat(360, 12 * minuteMs, { strangers: 1 }),
    'hold',
    'watched',
    'strangers',
  ],
  [
    'four hundred messages to one friend in an hour',
    (a) => a.hijacked(400, 9_000, { to: a.friends(1) }),
    'pass',
    'clear',
    undefined,
  ],
  [
    'ten thousand messages to one friend in an hour',
    (a) => a.hijacked(10_000, 360, { to: a.friends(1) }),
    'hold',
    'watched',
    'messages',
  ],
  [
    'sixty messages with one body to a friend',
    (a) => a.hijacked(60, 20_000, { to: a.friends(1), fingerprint: 'same' }),
    'pass',
    'clear',
    undefined,
  ],
  [
    'sixty messages with different bodies to a friend',
    (a) => {
      let judged = a.send({ to: a.friends(1), fingerprint: 'first' });
      for (let i = 0; i < 60; i++)
        judged = a.wait(20_000).send({ to: a.friends(1), fingerprint: `${i}` });
      return judged;
    },
    'pass',
    'clear',
    undefined,
  ],
  [
    'ten messages from ten networks within the hour',
    (a) => {
      let judged = a.send({ to: a.friends(1), client: home });
      for (let i = 1; i < 10; i++)
        judged = a.minutes(2).send({ to: a.friends(1), client: `203.${i}.0.1` });
      return judged;
    },
    'hold',
    'watched',
    'networks',
  ],
  [
    'as many networks, but a /24 all of them',
    (a) => {
      let judged = a.send({ to: a.friends(1), client: home });
      for (let i = 1; i < 10; i++)
        judged = a.minutes(2).send({ to: a.friends(1), client: `192.0.2.${i}` });
      return judged;
    },
    'pass',
    'clear',
    undefined,
  ],
  [
    'ten networks of IPv6 within the hour',
    (a) => {
      let judged = a.send({ to: a.friends(1), client: home });
      for (let i = 1; i < 10; i++)
        judged = a.minutes(2).send({ to: a.friends(1), client: `2001:db8:${i}::1` });
      return judged;
    },
    'hold',
    'watched',
    'networks',
  ],
  [
    'a mail to thirty colleagues on this server',
    (a) => a.send({ local: many(30) }),
    'pass',
    'clear',
    undefined,
  ],
  [
    'the same to thirty people elsewhere',
    (a) => a.send({ to: many(30) }),
    'hold',
    'watched',
    'strangers',
  ],
  [
    'unknown users come back, and another message goes out',
    (a) => {
      for (let i = 0; i < 12; i++) a.wait(10_000).bounce('550 5.1.1 no such user');
      return a.send({ to: a.friends(1) });
    },
    'hold',
    'watched',
    'failed-recipients',
  ],
];
for (const [what, action, verdict, state, signal] of rows) {
  test(`the guard sees ${what}: ${verdict}, ${state}`, () => {
    const judged = action(ann());
    assert.equal(
      `${judged.verdict} ${judged.state} ${signals(judged).find((one) => one !== 'waiting')}`,
      `${verdict} ${state} ${signal}`,
      `evidence ${judged.evidence}`,
    );
  });
}

/** The same messages in two worlds; how much more the second one weighs. */
function compared(message: Sent, odd: Sent, prepare: Action | undefined = undefined): number {
  const [usual, strange] = [ann(), ann()];
  prepare?.(strange);
  const evidence = [usual, strange].map((account, world) => {
    let judged = account.send({ ...message, ...(world === 0 ? {} : odd) });
    for (let i = 0; i < 4; i++)
      judged = account.minutes(1).send({ ...message, ...(world === 0 ? {} : odd) });
    return judged.evidence;
  });
  return (evidence[1] ?? 0) / (evidence[0] ?? 1);
}

test('from a new network, strangers weigh more', () => {
  const factor = compared({ strangers: 1, client: home }, { client: away });
  const most = boosts.network / clientWeights.near;
  assert.ok(Math.abs(factor - most) < 0.01, `${factor}`);
});

test('another address in the same /24 is no new network', () => {
  assert.ok(
    Math.abs(compared({ strangers: 1, client: home }, { client: '192.0.2.200' }) - 1) < 1e-9,
  );
});

test('under a From address never used before, strangers weigh more', () => {
  const message = { strangers: 1, from: name };
  const factor = compared(message, { from: 'support@bank.example' });
  assert.ok(Math.abs(factor - boosts.identity) < 0.01, `${factor}`);
});

test('a From address used the day before yesterday is its own', () => {
  const account = ann();
  account.send({ to: account.friends(1), from: 'ann@alias.example' });
  account.until(2, 10);
  const judged = account.send({ strangers: 6, from: 'ann@alias.example' });
  assert.ok(!signals(judged).includes('new-identity'));
  const other = account.send({ strangers: 6, from: 'bank@alias.example' });
  assert.ok(signals(other).includes('new-identity'));
});

test('at an hour at which it never sends, strangers weigh more', () => {
  const [day, dark] = [ann(), ann()];
  dark.until(1, night);
  day.until(1, 11);
  const [seen, odd] = [day, dark].map((account) => account.send({ strangers: 5 }));
  assert.ok(odd !== undefined && seen !== undefined);
  assert.ok(odd.evidence > 1.9 * seen.evidence, `${odd.evidence} and ${seen.evidence}`);
  assert.ok(signals(odd).includes('unusual-hour'));
});

test('failed logins, and then a good one from a new network: a guess that hit', () => {
  const guessed: Action = (account) => {
    for (let i = 0; i < 20; i++) account.login('198.51.100.7', false);
    account.login('198.51.100.7', true);
    return account.send({ to: account.friends(1), client: '198.51.100.7' });
  };
  const account = ann();
  const judged = guessed(account);
  assert.equal(judged.verdict, 'pass');
  const next = account.hijacked(20, minuteMs, { strangers: 1, client: '198.51.100.7' });
  assert.ok(signals(next).includes('guessed-login'), signals(next).join());
  assert.ok(account.passed < 8, `${account.passed} passed`);
});

const innocent = [
  ['failed logins and a good one from home', 20, home],
  ['two failures and a good one from a new network', 2, away],
] as const;
for (const [what, failures, from] of innocent) {
  test(`no guess that hit: ${what}`, () => {
    const account = ann();
    for (let i = 0; i < failures; i++) account.login('198.51.100.7', false);
    account.login(from, true);
    assert.ok(!signals(account.send({ strangers: 8, client: from })).includes('guessed-login'));
  });
}

test('a guess that hit counts for a day', () => {
  const account = ann();
  for (let i = 0; i < 9; i++) account.login(away, false);
  account.login(away, true);
  account.until(2, 10);
  assert.ok(!signals(account.send({ strangers: 8 })).includes('guessed-login'));
});

test('risk factors together multiply, up to a limit', () => {
  const quiet = ann().until(9, 10).send({ strangers: 2, client: home, from: name });
  const account = ann();
  account.until(9, night);
  for (let i = 0; i < 9; i++) account.login(away, false);
  account.login(away, true);
  const judged = account.send({ strangers: 2, client: away, from: 'x@y.example' });
  const odd = ['unusual-hour', 'new-network', 'new-identity', 'guessed-login'];
  for (const signal of odd) assert.ok(signals(judged).includes(signal), signal);
  assert.ok(judged.evidence <= (boostMax * quiet.evidence) / clientWeights.near + 0.31);
  assert.ok(judged.evidence > 3 * quiet.evidence);
});

test('three networks within the hour are everybody’s, and no reason', () => {
  const account = ann();
  for (const client of [home, '203.0.113.5', '198.51.100.9']) account.minutes(2).send({ client });
  const judged = account.send({ strangers: 12, client: '198.51.100.9' });
  assert.equal(judged.verdict, 'hold');
  assert.ok(!signals(judged).includes('networks'));
});

test('risk factors alone are ordinary life', () => {
  const account = ann().until(1, night);
  const judged = account.send({ to: account.friends(2), client: away, from: 'me@mobile.example' });
  assert.deepEqual([judged.verdict, judged.state], ['pass', 'clear']);
});

test('evidence adds up: two signals near the line are more than one', () => {
  const one = ann();
  const both = ann();
  for (let i = 0; i < 8; i++) both.bounce('550 5.1.1 no such user');
  const [alone, added] = [one, both].map((account) => account.hijacked(8, 1_000, { strangers: 1 }));
  assert.ok(added !== undefined && alone !== undefined && added.evidence > 1.05 * alone.evidence);
});

test('evidence decays: an hour later there is less, four days later next to none', () => {
  const server = openServer();
  const account = server.account(name).ordinaryDays(28);
  account.hijacked(9, minuteMs);
  const after = [0, 1, 24, 96].map(
    (hours) =>
      evidenceNow(account.profile, server.baseline, (account.now + hours * hourMs) as never)
        .evidence,
  );
  for (const [i, evidence] of after.entries()) assert.ok(i === 0 || evidence < (after[i - 1] ?? 0));
  assert.ok((after[3] ?? 1) < watchAt / 2);
});

test('recipients that colleagues have long known count far less than strangers', () => {
  const server = openServer();
  const colleague = server.account('bob@here.example');
  colleague.send({ to: many(6) });
  for (const person of many(40).slice(6)) colleague.hours(5).send({ to: [person] });
  const account = server.account(name, colleague.now).ordinaryDays(28);
  const known = account.send({ to: many(12) });
  account.profile.sums.fill(0);
  const strange = account.send({ strangers: 12 });
  assert.deepEqual([known.verdict, known.state], ['pass', 'clear']);
  assert.ok(strange.evidence > 2 * known.evidence);
});

test('a message that is not passed says why, with finite numbers, strongest first', () => {
  const message = fc.record({
    strangers: fc.integer({ min: 0, max: 300 }),
    to: fc.array(fc.constantFrom(...many(9)), { maxLength: 9 }).map((all) => [...new Set(all)]),
    client: fc.ipV4(),
    from: fc.constantFrom(name, 'a@b.example', 'c@d.example'),
    fingerprint: fc.constantFrom('one', 'two', ''),
    waitMs: fc.integer({ min: 0, max: 9 * hourMs }),
  });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 40 }), (messages) => {
      const account = openServer().account(name);
      for (const { waitMs, ...sent } of messages) {
        const { state: before, lockedAt } = account.profile;
        const judged = account.wait(waitMs).send(sent);
        assert.ok(Number.isFinite(judged.evidence) && judged.evidence >= 0);
        assert.ok(judged.verdict === 'pass' || judged.reasons.length > 0);
        for (const [i, reason] of judged.reasons.entries()) {
          assert.ok([reason.saw, reason.usual, reason.weight].every(Number.isFinite));
          assert.ok(i === 0 || reason.weight <= (judged.reasons[i - 1]?.weight ?? 0));
          assert.doesNotMatch(reasonText(reason), /^$|undefined|NaN/);
        }
        if (before === 'suspended') assert.equal(judged.state, 'suspended');
        else if (judged.state === 'suspended') assert.ok(judged.evidence >= suspendAt);
        const waits = judged.reasons.some(({ signal }) => signal === 'waiting');
        assert.ok(lockedAt > 0 || !waits);
        const stopped = before === 'suspended' || judged.evidence >= holdAt || waits;
        assert.equal(judged.verdict, stopped ? 'hold' : 'pass');
      }
    }),
    { numRuns: 60 },
  );
});

test('judging again says the same: no clock, no dice', () => {
  const play = (): readonly string[] => {
    const account = ann();
    account.hijacked(30, minuteMs);
    return account.verdicts;
  };
  assert.deepEqual(play(), play());
});
