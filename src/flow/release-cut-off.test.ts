/** A release that does not come to its end in one go: overtaken by a new suspension, cut off by a crash, by a failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../test/ledger/flow-rig.ts';
import type { Account } from '../core/event.ts';

const joe = 'joe@here.test' as Account;
const released = { by: 'op', note: '', falseAlarm: false, keepHeld: false };
const friend = { account: joe, to: ['friend@elsewhere.test'] };

test('suspended again while the release waits for the disk: login and mail stay closed', async () => {
  const rig = openRig();
  const { id } = rig.send(friend);
  await rig.desk.suspend(joe, 'op', '');
  await rig.time.settle();
  rig.breakDisk(true);
  const releasing = rig.desk.release(joe, { ...released, falseAlarm: true });
  await rig.time.pass(1_000);
  const again = rig.desk.suspend(joe, 'op', 'again');
  await rig.time.pass(10_000);
  const done = await releasing;
  assert.ok(!done.ok && /suspended again/.test(done.text), done.text);
  assert.ok((await again).ok);
  assert.equal(rig.queue.messages.get(id), 'hold');
  assert.ok(!rig.order.includes('queue release'));
  assert.ok(!rig.order.includes(`login open ${joe}`));
});
