/** Notices besides suspensions: mail is being held, the ledger fails. Never a flood of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import { dayMs, hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { Notices } from './notices.ts';
import { openNoticeLog } from './operator-told.ts';

const many = (from: number): string[] =>
  Array.from({ length: 30 }, (_, nth) => `s${from + nth}@elsewhere.test`);

test('held mail is told once a day an account, by each channel', async () => {
  const rig = openRig();
  const events = (): string[] =>
    rig.taken.map(({ channel, notice }) => `${channel} ${notice.event}`);
  for (const [from, account] of ['joe@here.test', 'ann@here.test'].entries()) {
    rig.send({ account, to: many(from * 100) });
    rig.send({ account, to: many(from * 100) });
  }
  await rig.time.pass(minuteMs);
  const each = ['mail account.holding', 'webhook account.holding'];
  assert.deepEqual(events().sort(), [...each, ...each].sort());
  const { notice } = rig.taken[0] ?? {};
  assert.match(notice?.undo ?? '', /^postern held release --account /);
  assert.ok((notice?.reasons.length ?? 0) > 0);
  rig.time.jump(3 * dayMs);
  rig.send({ account: 'joe@here.test', to: many(500) });
  await rig.time.pass(minuteMs);
  assert.equal(events().length, 6);
});

test('no notice that mail is held goes out after the account was suspended', async () => {
  const rig = openRig();
  rig.send({ account: 'joe@here.test', to: many(0) });
  await rig.admin.suspend('joe@here.test', 'op', '');
  await rig.time.pass(minuteMs);
  const events = rig.taken.map(({ channel, notice }) => `${channel} ${notice.event}`);
  assert.deepEqual(events.sort(), ['mail account.suspended', 'webhook account.suspended']);
  assert.deepEqual(
    rig.logged.filter((line) => line === 'info notice.dropped'),
    ['info notice.dropped', 'info notice.dropped'],
  );
});

test('observing holds nothing, so no notice is sent', async () => {
  const rig = openRig({ settings: { mode: 'observe' } });
  rig.send({ account: 'joe@here.test', to: many(0) });
  await rig.time.pass(minuteMs);
  assert.deepEqual(rig.taken, []);
});

test('a ledger that fails is told at once by every channel, with why', async () => {
  const rig = openRig();
  rig.breakDisk(true);
  rig.send({ account: 'joe@here.test', to: ['friend@elsewhere.test'] });
  await rig.time.pass(2 * secondMs);
  assert.deepEqual(rig.taken.map(({ channel }) => channel).sort(), ['mail', 'webhook']);
  const { notice } = rig.taken[0] ?? {};
  assert.equal(notice?.event, 'ledger.failing');
  assert.match(notice?.reasons[0]?.text ?? '', /disk/);
  await rig.time.pass(2 * minuteMs);
  assert.equal(rig.taken.length, 2, 'once, not each second');
});

test('a channel that is blocked while the ledger fails is tried again from memory', async () => {
  const rig = openRig();
  rig.blocked.add('webhook');
  rig.breakDisk(true);
  rig.send({ account: 'joe@here.test', to: ['friend@elsewhere.test'] });
  await rig.time.pass(5 * secondMs);
  assert.deepEqual(
    rig.taken.map(({ channel }) => channel),
    ['mail'],
  );
  rig.blocked.clear();
  await rig.time.pass(2 * minuteMs);
  assert.deepEqual(
    rig.taken.map(({ channel }) => channel),
    ['mail', 'webhook'],
  );
});

test('a disk that is full again every minute causes no flood of notices', async () => {
  const rig = openRig();
  for (let nth = 0; nth < 10; nth++) {
    rig.breakDisk(true);
    rig.send({ account: 'joe@here.test', to: ['friend@elsewhere.test'] });
    await rig.time.pass(30 * secondMs);
    rig.breakDisk(false);
    await rig.time.pass(30 * secondMs);
  }
  assert.equal(rig.states.filter((state) => state === 'failing').length, 10);
  assert.ok(rig.taken.length <= 4, `${rig.taken.length} notices in ten minutes`);
});

test('many parts of one kind cause ten notices in an hour, and silence no other part', () => {
  let now = dayMs as Millis;
  const sent: (string | undefined)[] = [];
  const told = openNoticeLog({
    notices: {
      send: (notice) => void sent.push(notice.reasons[0]?.signal),
      prepare: () => [],
    } as Partial<Notices> as Notices,
    world: quietWorld({ clock: { now: () => now } }),
    host: 'mail.here.test',
    iso: String,
  });
  for (let uid = 0; uid < 5_000; uid++) told.trouble(`spool of user id ${uid}`, 'full');
  assert.equal(sent.length, 10);
  told.trouble('door unix:/postern/milter', 'full');
  told.trouble('door unix:/postern/milter', 'full');
  assert.equal(sent.at(-1), 'door unix:/postern/milter');
  assert.equal(sent.length, 11);
  now = (now + hourMs) as Millis;
  told.trouble('spool of user id 4999', 'full');
  assert.equal(sent.length, 12);
});
