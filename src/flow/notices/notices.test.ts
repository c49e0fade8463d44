/**
 * Notices are sent once by each channel, and tried again until taken or given up, also after
 * a restart.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import type { Notice } from '../../core/notice.ts';
import { dayMs, minuteMs, secondMs } from '../../lib/time.ts';
import { openNotices } from './notices.ts';

const notice: Notice = {
  version: 1,
  event: 'account.suspended',
  id: 'n1',
  host: 'mail.test',
  at: '2026-01-05T10:00:00.000Z',
  account: 'joe@here.test',
  since: '2026-01-05T09:58:00.000Z',
  leaked: { messages: 1, recipients: 1 },
  stopped: { messages: 0, fromQueue: 0 },
  loginClosed: false,
  reasons: [],
  undo: 'postern accounts release joe@here.test',
  explain: '',
};
const complete: Notice = { ...notice, loginClosed: true };
const commit = (rig: FlowRig): Promise<boolean> =>
  new Promise((resolve) => rig.journal.commit(rig.notices.prepare(notice), resolve));
const tries = (rig: FlowRig, channel: string): number =>
  rig.order.filter((what) => what.startsWith(`${channel} `)).length;

test('told at once when all is known, by each channel, once', async () => {
  const rig = openRig();
  await commit(rig);
  await rig.time.pass(3 * secondMs);
  assert.deepEqual(rig.taken, [], 'it waits for what is being found out');
  rig.notices.send(complete);
  await rig.time.pass(2 * minuteMs);
  assert.deepEqual(rig.taken.map(({ channel }) => channel).sort(), ['mail', 'webhook']);
  assert.ok(rig.taken.every(({ notice: { loginClosed } }) => loginClosed));
  assert.equal(rig.counted.get('postern_notices_total sent'), 2);
});

test('what takes too long to find out does not delay the news, nor is it told twice', async () => {
  const rig = openRig();
  await commit(rig);
  await rig.time.pass(25 * secondMs);
  assert.equal(rig.taken.length, 2, 'told as it is');
  rig.notices.send(complete);
  await rig.time.pass(2 * minuteMs);
  assert.equal(rig.taken.length, 2, 'one notice an incident');
});

test('a blocked channel is tried again, later and later; the other is not affected', async () => {
  const rig = openRig();
  rig.blocked.add('mail');
  rig.notices.send(complete);
  await rig.time.settle();
  assert.deepEqual(
    rig.taken.map(({ channel }) => channel),
    ['webhook'],
  );
  await rig.time.pass(40 * secondMs);
  assert.equal(tries(rig, 'mail'), 3, 'after 10 and 20 more seconds');
  await rig.time.pass(5 * minuteMs);
  const early = tries(rig, 'mail');
  assert.ok(early >= 5 && early <= 7, `${early} tries`);
  rig.blocked.clear();
  await rig.time.pass(10 * minuteMs);
  assert.deepEqual(
    rig.taken.map(({ channel }) => channel),
    ['webhook', 'mail'],
  );
  assert.equal(tries(rig, 'webhook'), 1);
  assert.equal(rig.logged.filter((line) => line === 'warn notice.not-taken').length, early);
});

test('given up after two days, and that is an error in the log and the figures', async () => {
  const rig = openRig();
  rig.blocked.add('mail');
  rig.notices.send(complete);
  for (let hour = 0; hour < 50; hour++) {
    rig.time.jump(dayMs / 24);
    await rig.time.pass(3 * secondMs);
  }
  assert.ok(rig.logged.includes('error notice.given-up'));
  assert.equal(rig.counted.get('postern_notices_total failed'), 1);
  const before = tries(rig, 'mail');
  rig.time.jump(dayMs);
  await rig.time.pass(minuteMs);
  assert.equal(tries(rig, 'mail'), before, 'and not a time more');
});

test('a restart goes on where it was: only the channel that has not taken it', async () => {
  const rig = openRig();
  rig.blocked.add('mail');
  rig.notices.send(complete);
  await rig.time.pass(secondMs);
  rig.journal.flushNow();
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  await again.time.pass(minuteMs);
  assert.deepEqual(
    again.taken.map(({ channel }) => channel),
    ['mail'],
  );
  assert.deepEqual(again.taken[0]?.notice, complete);
  assert.ok(again.notices.isOurs('<postern-notice.n1@mail.test>'), 'the gate knows it again');
});

test('a slow channel is not asked again while it has not answered', async () => {
  const rig = openRig({ channels: ['mail'] });
  const slow = Promise.withResolvers<void>();
  rig.wait.set('mail', slow.promise);
  rig.notices.send(complete);
  await rig.time.pass(2 * minuteMs);
  assert.equal(tries(rig, 'mail'), 1);
  slow.resolve();
  await rig.time.pass(2 * minuteMs);
  assert.equal(tries(rig, 'mail'), 1);
  assert.equal(rig.taken.length, 1);
});

test('without a channel nothing waits; a test says what each channel said', async () => {
  const none = openRig({ channels: [] });
  assert.deepEqual(none.notices.prepare(notice), []);
  assert.equal((await none.admin.testNotice()).ok, false);
  const rig = openRig();
  rig.blocked.add('mail');
  const done = await rig.admin.testNotice();
  assert.equal(done.ok, false);
  assert.match(done.text, /mail: mail is blocked; webhook: taken/);
  await rig.time.pass(minuteMs);
  assert.equal(tries(rig, 'mail'), 1, 'a test is not tried again');
});

test('only Message-IDs of notices that were sent are ours', () => {
  const rig = openRig();
  assert.ok(!rig.notices.isOurs('<postern-notice.n1@mail.test>'));
  rig.notices.send(complete);
  assert.ok(rig.notices.isOurs('<postern-notice.n1@mail.test>'));
  for (const other of ['<postern-notice.n2@mail.test>', '<n1@mail.test>', 'postern-notice.n1']) {
    assert.ok(!rig.notices.isOurs(other), other);
  }
});

test('names its address on the page only where that of the page is known', async () => {
  for (const [pageUrl, page] of [
    ['', undefined],
    ['https://mail.test:9902/', 'https://mail.test:9902/incidents/n1'],
  ] as const) {
    const { journal } = openRig();
    const world = quietWorld();
    const channel = { name: 'mail' as const, send: async () => {} };
    const isSuspended = () => false;
    const notices = openNotices({ journal, world, channels: [channel], isSuspended, pageUrl });
    const [change] = notices.prepare({ ...notice, page: '/incidents/n1' });
    assert.ok(change?.kind === 'notice');
    assert.equal((JSON.parse(change.row.body) as Notice).page, page);
    notices.close();
  }
});

test('a notice to an owner who has no mailbox is given up at once, and is no alarm', async () => {
  const rig = openRig({ owners: true });
  rig.noMailbox.add('owner');
  rig.journal.commit(rig.notices.prepare(notice, 'owner'), () => undefined);
  await rig.time.pass(dayMs);
  assert.equal(tries(rig, 'owner'), 1);
  assert.deepEqual(
    [...rig.counted.keys()].filter((name) => name.startsWith('postern_notices_total')),
    [],
  );
  assert.ok(rig.logged.includes('warn notice.given-up'));
  assert.deepEqual(rig.notices.proofs(), []);
});
