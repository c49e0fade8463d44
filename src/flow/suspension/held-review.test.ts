/**
 * What the review does as time passes, and its limits: calm accounts, set ends of suspensions, rows
 * of messages that are gone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';

const joe = 'joe@here.test' as Account;
const many = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, nth) => `s${from + nth}@elsewhere.test`);

test('held mail of an account that has calmed down leaves, and that is written down', async () => {
  const rig = openRig({ settings: { calmAfterMs: hourMs } });
  const { id } = rig.send({ account: joe, to: many(30) });
  await rig.time.pass(minuteMs);
  assert.equal(rig.queue.messages.get(id), 'hold');
  rig.time.jump(hourMs / 2);
  await rig.time.pass(2 * minuteMs);
  assert.equal(rig.queue.messages.get(id), 'hold', 'not yet');
  rig.time.jump(2 * dayMs);
  await rig.time.pass(2 * minuteMs);
  assert.equal(rig.queue.messages.get(id), 'deferred');
  assert.equal(rig.journal.live.heldOne(id)?.by, 'postern');
  const [row] = rig.journal.live.audit({ account: joe, limit: 1 });
  assert.deepEqual([row?.by, row?.action], ['postern', 'release-held']);
  await rig.time.pass(5 * minuteMs);
  assert.equal(rig.order.filter((what) => what === 'queue release').length, 1);
});

test('it stays: when told never, when much is held, when the account is suspended', async () => {
  for (const how of ['never', 'much', 'suspended'] as const) {
    const rig = openRig({ settings: { calmAfterMs: how === 'never' ? 0 : hourMs } });
    const { id } = rig.send({ account: joe, to: many(30) });
    await rig.time.settle();
    for (let nth = 1; how === 'much' && nth <= 11; nth++) {
      rig.time.jump(2 * hourMs);
      rig.send({ account: joe, to: many(30, nth * 30), id: `MUCH${100 + nth}` });
      await rig.time.settle();
    }
    if (how === 'suspended') await rig.admin.suspend(joe, 'op', '');
    await rig.time.settle();
    rig.time.jump(2 * dayMs);
    await rig.time.pass(2 * minuteMs);
    assert.equal(rig.queue.messages.get(id), 'hold', how);
  }
});

test('an account suspended while the one before it is released keeps its mail held', async () => {
  const rig = openRig({ settings: { calmAfterMs: hourMs } });
  const accounts = [joe, 'ann@here.test' as Account] as const;
  const ids = accounts.map((account) => {
    const to = many(30).map((address) => `${account}-${address}`.replace('@', '.'));
    return rig.send({ account, to }).id;
  });
  await rig.time.settle();
  rig.time.jump(2 * dayMs);
  const slow = Promise.withResolvers<void>();
  const { release } = rig.queue;
  rig.queue.release = async (queueIds) => {
    const first = release.call(rig.queue, queueIds);
    await slow.promise;
    return first;
  };
  await rig.time.pass(minuteMs);
  const [second, secondId] =
    rig.queue.messages.get(ids[0] ?? '') === 'hold' ? [joe, ids[0]] : [accounts[1], ids[1]];
  assert.equal(rig.queue.inQueue('deferred').length, 1, 'the other one is being released');
  await rig.admin.suspend(second, 'op', '');
  slow.resolve();
  await rig.time.settle();
  assert.equal(rig.queue.messages.get(secondId ?? ''), 'hold');
  assert.equal(rig.journal.live.heldOne(secondId ?? '')?.state, 'held');
});

test('a suspension with a set end ends so often, then a person must decide', async () => {
  const settings = { releaseAfterMs: hourMs, automaticReleasesMax: 2 };
  const rig = openRig({ settings });
  const isSuspended = (): boolean => rig.accounts.known(joe)?.state === 'suspended';
  const endsByItself = async (): Promise<boolean> => {
    await rig.hijack(joe);
    assert.ok(isSuspended());
    rig.time.jump(hourMs);
    await rig.time.pass(2 * minuteMs);
    return !isSuspended();
  };
  assert.deepEqual([await endsByItself(), await endsByItself()], [true, true]);
  assert.equal(await endsByItself(), false, 'the third time');
  rig.time.jump(30 * dayMs);
  await rig.time.pass(2 * minuteMs);
  assert.ok(isSuspended(), 'without end');
  assert.equal(rig.counted.get('postern_releases_total guard'), 2);
  await rig.admin.release(joe, { by: 'op', note: '', falseAlarm: false, keepHeld: false });
  assert.equal(await endsByItself(), true, 'a person who decided starts the count anew');
});

test('a suspension without a set end never ends; one that was only observed does', async () => {
  const guard = openRig();
  await guard.hijack(joe);
  guard.time.jump(60 * dayMs);
  await guard.time.pass(2 * minuteMs);
  assert.equal(guard.accounts.known(joe)?.state, 'suspended');
  const observing = openRig({ settings: { mode: 'observe', automaticReleasesMax: 0 } });
  await observing.hijack(joe);
  observing.time.jump(hourMs);
  await observing.time.pass(2 * minuteMs);
  assert.equal(observing.accounts.known(joe)?.state, 'clear');
});

test('rows of messages that left the queue are closed, but not of those coming in', async () => {
  const rig = openRig();
  const { id } = rig.send({ account: joe, to: many(30) });
  await rig.time.settle();
  rig.queue.leave(id); // the operator deleted it himself
  await rig.time.pass(2 * minuteMs);
  assert.equal(rig.journal.live.heldOne(id)?.state, 'held', 'Postfix may still be taking it in');
  rig.time.jump(5 * minuteMs);
  await rig.time.pass(minuteMs);
  assert.equal(rig.journal.live.heldOne(id)?.state, 'gone');
});

test('released by an operator while the queue was read: that counts', async () => {
  const rig = openRig();
  const { id } = rig.send({ account: joe, to: many(30) });
  await rig.time.settle();
  rig.time.jump(10 * minuteMs);
  const slow = Promise.withResolvers<void>();
  rig.queue.gate = slow.promise;
  await rig.time.pass(minuteMs);
  rig.queue.gate = undefined;
  await rig.admin.releaseHeld({ ids: [id] }, 'op');
  slow.resolve();
  await rig.time.settle();
  assert.equal(rig.journal.live.heldOne(id)?.state, 'released');
});

test('queue tools that fail are said, and the next minute tries again', async () => {
  const rig = openRig();
  const { id } = rig.send({ account: joe, to: many(30) });
  await rig.time.settle();
  rig.queue.leave(id);
  rig.queue.broken = true;
  rig.time.jump(10 * minuteMs);
  await rig.time.pass(minuteMs);
  assert.ok(rig.logged.includes('error review.failed'));
  assert.equal(rig.journal.live.heldOne(id)?.state, 'held');
  rig.queue.broken = false;
  await rig.time.pass(minuteMs);
  assert.equal(rig.journal.live.heldOne(id)?.state, 'gone');
});

test('a review that is slow is not started twice', async () => {
  const rig = openRig();
  rig.send({ account: joe, to: many(30) });
  await rig.time.settle();
  const slow = Promise.withResolvers<void>();
  rig.queue.gate = slow.promise;
  await rig.time.pass(3 * minuteMs);
  assert.equal(rig.order.filter((what) => what === 'queue on-hold').length, 1);
  slow.resolve();
  await rig.time.pass(minuteMs);
  assert.equal(rig.order.filter((what) => what === 'queue on-hold').length, 2);
});

test('mail of an attack that nobody decided about stays, whatever comes later', async () => {
  const rig = openRig({ settings: { calmAfterMs: hourMs } });
  const { id } = rig.send({ account: joe, to: many(300) });
  await rig.time.settle();
  rig.time.jump(5 * dayMs);
  rig.send({ account: joe, to: many(300, 300), id: 'LATER1' });
  await rig.time.settle();
  rig.time.jump(40 * dayMs);
  await rig.time.pass(2 * minuteMs);
  assert.deepEqual(
    [id, 'LATER1'].map((one) => rig.queue.messages.get(one)),
    ['hold', 'hold'],
  );
});

test('held mail that a person kept while releasing the account stays held', async () => {
  const rig = openRig({ settings: { calmAfterMs: hourMs } });
  const { id } = rig.send({ account: joe, to: many(300) });
  await rig.time.settle();
  rig.time.jump(hourMs);
  await rig.admin.release(joe, { by: 'op', note: '', falseAlarm: false, keepHeld: true });
  rig.time.jump(hourMs);
  const { id: later } = rig.send({ account: joe, to: many(30, 300), id: 'LATER1' });
  await rig.time.settle();
  rig.time.jump(40 * dayMs);
  await rig.time.pass(2 * minuteMs);
  assert.deepEqual(
    [id, later].map((one) => rig.queue.messages.get(one)),
    ['hold', 'deferred'],
  );
});
