/** Mail that passes and of which somebody is told: each of the four once, in both modes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsOfTests } from '../../../test/doubles/settings.ts';
import { quietWorld } from '../../../test/doubles/world.ts';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import type { Notice } from '../../core/notice.ts';
import { reachLeast } from '../../core/reach/reach.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import { openPassedTold } from './passed-told.ts';

const joe = 'joe@here.test' as Account;
const home = {
  client: '192.0.2.7',
  traits: { auth: 'PLAIN', helo: 'laptop', mailer: 'Thunderbird 140.1', zone: '+0100' },
} as const;
const thief = {
  client: '203.0.113.9',
  traits: { auth: 'LOGIN', helo: 'win', mailer: 'Mass Mailer 3', zone: '-0500' },
} as const;

const told = (rig: FlowRig, event: Notice['event']): readonly string[] =>
  rig.taken.filter(({ notice }) => notice.event === event).map(({ channel }) => channel);
const noticeOf = (rig: FlowRig, event: Notice['event']): Notice | undefined =>
  rig.taken.find(({ notice }) => notice.event === event)?.notice;
const both = ['mail', 'webhook'];

const isWatched = ({ accounts, time }: FlowRig): boolean =>
  accounts.profile(joe, time.now()).evidence >= 0.5;

/** Mail on every day to the same few people. */
async function past(rig: FlowRig, days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    for (let nth = 0; nth < 4; nth++) {
      await rig.mail({ account: joe, to: [`friend${nth}@elsewhere.test`], ...home });
      rig.time.jump(hourMs);
    }
    rig.time.jump(dayMs - 4 * hourMs);
  }
}

async function slowStrangers(rig: FlowRig, count: number, more: Partial<Submission> = {}) {
  const answers: string[] = [];
  for (let nth = 0; nth < count; nth++) {
    const { kind } = await rig.mail({ account: joe, to: [`s${nth}@far${nth}.test`], ...more });
    answers.push(kind);
    rig.time.jump(36 * minuteMs);
  }
  await rig.time.pass(minuteMs);
  return answers;
}

for (const mode of ['guard', 'observe'] as const) {
  const observed = mode === 'observe' ? true : undefined;

  test(`${mode}: strangers over the limit of a day are told to the operator once`, async () => {
    const rig = openRig({ settings: { mode }, owners: true });
    await past(rig, 20);
    const answers = await slowStrangers(rig, 45, home);
    assert.ok(
      answers.every((kind) => kind === 'pass'),
      answers.join(),
    );
    assert.deepEqual([...told(rig, 'account.reach')].sort(), both);
    const notice = noticeOf(rig, 'account.reach');
    assert.equal(notice?.observed, observed);
    const [limit] = reachLeast;
    assert.equal(notice?.numbers?.['day'], limit + 1);
    const text = `${limit + 1} strangers reached in a day; you are told above ${limit}`;
    assert.equal(notice.reasons[0]?.text, text);
    assert.equal(rig.counted.get('postern_told_total reach'), 1);
  });

  test(`${mode}: a new network with a new program is told to the owner once`, async () => {
    const rig = openRig({ settings: { mode }, owners: true });
    await past(rig, 20);
    for (let nth = 0; nth < 3; nth++) {
      await rig.mail({ account: joe, to: ['friend1@elsewhere.test'], ...thief });
      await rig.time.pass(minuteMs);
    }
    assert.deepEqual(told(rig, 'account.new-client'), ['owner']);
    const client = noticeOf(rig, 'account.new-client')?.facts?.clients[0];
    assert.equal(client?.network, '203.0.113.0/24');
  });

  test(`${mode}: copies of one text are told to owner and operator once`, async () => {
    const rig = openRig({ settings: { mode }, owners: true });
    const people = Array.from({ length: 14 }, (_, nth) => `p${nth}@here.test`);
    for (let day = 0; day < 20; day++) {
      await rig.mail({ account: joe, local: people });
      rig.time.jump(dayMs);
    }
    for (const person of people) {
      await rig.mail({ account: joe, local: [person], fingerprint: 'same' });
      await rig.time.pass(10 * minuteMs);
    }
    await rig.time.pass(minuteMs);
    assert.deepEqual([...told(rig, 'account.copies')].sort(), ['mail', 'owner', 'webhook']);
    assert.match(
      noticeOf(rig, 'account.copies')?.reasons[0]?.text ?? '',
      /^1\d copies of one text/,
    );
  });

  test(`${mode}: three days of being watched are told to the operator once`, async () => {
    const rig = openRig({ settings: { mode }, owners: true });
    await past(rig, 20);
    for (let day = 0; day < 5; day++) {
      for (let nth = 0; nth < 3 || (nth < 30 && !isWatched(rig)); nth++) {
        await rig.mail({ account: joe, to: [`w${day}-${nth}@new${nth}.test`] });
      }
      await rig.time.pass(minuteMs);
      rig.time.jump(dayMs);
    }
    assert.deepEqual([...told(rig, 'account.watched')].sort(), both);
    const notice = noticeOf(rig, 'account.watched');
    assert.match(notice?.reasons[0]?.text ?? '', /^watched on 3 of the last 7 days/);
    assert.ok((notice?.reasons.length ?? 0) > 1, 'and why');
  });
}

test('the notice is committed with the account, and the message does not wait', async () => {
  const rig = openRig();
  await past(rig, 20);
  await slowStrangers(rig, 38, home);
  const commit = rig.order.findIndex((what) => /\bnotice\b/.test(what));
  assert.match(rig.order[commit] ?? '', /\baccount notice notice\b/);
  assert.equal(rig.order[commit - 1], 'answer pass');
});

test('owners are not told unless the settings say so, and the account says it', async () => {
  const rig = openRig();
  await past(rig, 20);
  await rig.mail({ account: joe, to: ['friend1@elsewhere.test'], ...thief });
  await rig.time.pass(minuteMs);
  assert.deepEqual(rig.taken, []);
  const told = rig.admin.account(joe)?.account.told ?? [];
  assert.deepEqual(
    told.map(({ what }) => what),
    ['new-client'],
  );
});

test('of an exempt account nobody is told', async () => {
  const rig = openRig({ owners: true });
  await past(rig, 20);
  await rig.admin.allow(joe, (rig.time.now() + 9 * dayMs) as Millis, 'op', '');
  await slowStrangers(rig, 45, thief);
  assert.deepEqual(rig.taken, []);
});

test('at most 200 owners are told in an hour', () => {
  const logged: string[] = [];
  const row = { kind: 'meta', key: '', value: '' } as const;
  const passed = openPassedTold({
    notices: { prepare: () => [row] },
    world: quietWorld({ log: (_level, event) => void logged.push(event) }),
    settings: settingsOfTests,
    host: 'mail.test',
    iso: () => '2026-01-05T10:00:00.000Z',
  });
  const telling = { what: 'new-client', to: ['owner'], network: '', program: '' } as const;
  const at = 0 as Millis;
  const send = (more: Partial<Submission>): number =>
    passed(
      { kind: 'send', id: 'A', at, account: joe, outside: [], local: [], ...more },
      [telling],
      [],
    ).length;
  const sent = Array.from({ length: 250 }, () => send({}));
  assert.equal(sent.filter((rows) => rows === 1).length, 200);
  assert.equal(logged.length, 50);
  assert.equal(send({ at: hourMs as Millis }), 1, 'the next hour');
});
