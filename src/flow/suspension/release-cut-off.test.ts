/** A release that is interrupted: by a new suspension, a crash, or a failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { minuteMs } from '../../lib/time.ts';

const joe = 'joe@here.test' as Account;
const released = { by: 'op', note: '', falseAlarm: false, keepHeld: false };
const friend = { account: joe, to: ['friend@elsewhere.test'] };

test('suspended again while the release waits for the disk: login and mail stay shut', async () => {
  const rig = openRig();
  const { id } = rig.send(friend);
  await rig.admin.suspend(joe, 'op', '');
  await rig.time.settle();
  rig.breakDisk(true);
  const releasing = rig.admin.release(joe, { ...released, falseAlarm: true });
  await rig.time.pass(1_000);
  const again = rig.admin.suspend(joe, 'op', 'again');
  await rig.time.pass(10_000);
  const done = await releasing;
  assert.ok(!done.ok && /suspended again/.test(done.text), done.text);
  assert.ok((await again).ok);
  assert.equal(rig.queue.messages.get(id), 'hold');
  assert.ok(!rig.order.includes('queue release'));
  assert.ok(!rig.order.includes(`login open ${joe}`));
});

/** As after a crash: what the ledger has, with the queue and the logins as they were. */
function restarted(rig: FlowRig, settings: Parameters<typeof openRig>[0] = {}): FlowRig {
  const again = openRig({ ledger: rig.ledger, at: rig.time.now(), ...settings });
  for (const [id, where] of rig.queue.messages) again.queue.arrive(id, where === 'hold');
  for (const account of rig.logins.closed) again.logins.closed.add(account);
  return again;
}

for (const mode of ['guard', 'observe'] as const) {
  test(`killed between commit and queue: the next start delivers it, mode ${mode}`, async () => {
    const rig = openRig();
    const { id } = rig.send(friend);
    await rig.admin.suspend(joe, 'op', '');
    await rig.time.pass(minuteMs);
    rig.queue.gate = new Promise(() => undefined);
    void rig.admin.release(joe, released);
    await rig.time.pass(minuteMs);
    assert.equal(rig.queue.messages.get(id), 'hold');
    const again = restarted(rig, { settings: { mode } });
    again.logins.closed.add(joe);
    again.suspensions.resume();
    await again.time.pass(1_000);
    assert.equal(again.queue.messages.get(id), 'deferred');
    assert.equal(again.journal.live.heldOne(id)?.by, 'op');
    assert.ok(!again.logins.closed.has(joe));
    const third = restarted(again);
    third.suspensions.resume();
    await third.time.pass(1_000);
    assert.ok(!third.order.includes(`login open ${joe}`), 'it is done once');
  });
}

test('a release that fails outside is logged, reported, and done at the next start', async () => {
  const rig = openRig();
  const { id } = rig.send(friend);
  await rig.admin.suspend(joe, 'op', '');
  await rig.time.pass(minuteMs);
  rig.logins.broken = true;
  rig.queue.broken = true;
  const done = await rig.admin.release(joe, released);
  assert.match(done.text, /deny file cannot be written; postsuper/);
  assert.ok(rig.logged.includes('error release.unfinished'));
  const strangers = Array.from({ length: 30 }, (_, nth) => `s${nth}@elsewhere.test`);
  await rig.time.pass(minuteMs);
  const later = rig.send({ account: joe, to: strangers });
  await rig.time.pass(1_000);
  assert.equal(rig.queue.messages.get(later.id), 'hold');
  const again = restarted(rig);
  again.suspensions.resume();
  await again.time.pass(1_000);
  assert.equal(again.queue.messages.get(id), 'deferred');
  assert.equal(again.queue.messages.get(later.id), 'hold', 'held since: not part of that release');
  assert.ok(!again.logins.closed.has(joe));
});

test('suspended again since: the start finishes no earlier release', async () => {
  const rig = openRig();
  const { id } = rig.send(friend);
  await rig.admin.suspend(joe, 'op', '');
  await rig.time.pass(minuteMs);
  rig.queue.broken = true;
  await rig.admin.release(joe, { ...released, falseAlarm: true });
  await rig.admin.suspend(joe, 'op', 'again');
  await rig.time.pass(minuteMs);
  const again = restarted(rig);
  again.suspensions.resume();
  await again.time.pass(minuteMs);
  assert.equal(again.queue.messages.get(id), 'hold');
  assert.ok(again.logins.closed.has(joe));
});

test('a start opens logins of known accounts that are closed without a suspension', async () => {
  const rig = openRig();
  await rig.mail(friend);
  await rig.admin.suspend('ann@here.test', 'op', '');
  await rig.time.pass(minuteMs);
  const again = restarted(rig);
  for (const name of [joe, 'nobody@here.test' as Account]) again.logins.closed.add(name);
  again.suspensions.resume();
  await again.time.pass(minuteMs);
  assert.deepEqual([...again.logins.closed].sort(), ['ann@here.test', 'nobody@here.test']);
});
