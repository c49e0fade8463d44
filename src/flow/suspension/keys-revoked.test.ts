/** When a suspension revokes the keys of its account, and when a release brings them back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { minuteMs } from '../../lib/time.ts';
import type { AccountKeys } from '../../ports/keys.ts';

const joe = 'joe@here.test' as Account;
const released = { by: 'op', note: '', falseAlarm: false, keepHeld: false };
const friend = { account: joe, to: ['friend@elsewhere.test'] };

type Keys = AccountKeys & { readonly calls: string[]; fault: string | undefined };

function scriptedKeys(): Keys {
  const calls: string[] = [];
  return {
    calls,
    fault: undefined,
    revoke: async (account) => void calls.push(`revoke ${account}`),
    async restore(account) {
      calls.push(`restore ${account}`);
      return this.fault;
    },
  };
}

/** A rig whose account joe was suspended by the operator. */
async function suspended(keys: Keys): Promise<FlowRig> {
  const rig = openRig({ keys });
  rig.send(friend);
  await rig.admin.suspend(joe, 'op', '');
  await rig.time.settle();
  return rig;
}

test('at once, and again for what sessions under way still got', async () => {
  const keys = scriptedKeys();
  const rig = openRig({ keys });
  await rig.hijack(joe);
  await rig.time.settle();
  assert.deepEqual(keys.calls, [`revoke ${joe}`]);
  await rig.time.pass(minuteMs);
  assert.deepEqual(keys.calls, [`revoke ${joe}`, `revoke ${joe}`]);
});

test('it does not wait for the queue', async () => {
  const keys = scriptedKeys();
  const rig = openRig({ keys });
  rig.send(friend);
  rig.queue.gate = new Promise(() => undefined);
  await rig.admin.suspend(joe, 'op', '');
  await rig.time.settle();
  assert.deepEqual(keys.calls, [`revoke ${joe}`]);
});

test('queue, login and notice do not wait for name servers', async () => {
  const keys = scriptedKeys();
  keys.revoke = () => new Promise(() => undefined);
  const rig = openRig({ keys });
  rig.send(friend);
  await rig.admin.suspend(joe, 'op', '');
  await rig.time.pass(minuteMs);
  assert.ok(rig.logins.closed.has(joe));
  assert.ok(rig.taken.some(({ notice }) => notice.event === 'account.suspended'));
});

test('a suspension that is only observed revokes nothing', async () => {
  const keys = scriptedKeys();
  const rig = openRig({ keys, settings: { mode: 'observe' } });
  await rig.hijack(joe);
  await rig.time.pass(minuteMs);
  assert.deepEqual(keys.calls, []);
});

test('after a crash, the next start revokes the keys of open suspensions', async () => {
  const rig = await suspended(scriptedKeys());
  const keys = scriptedKeys();
  const again = openRig({ ledger: rig.ledger, at: rig.time.now(), keys });
  again.suspensions.resume();
  await again.time.pass(1_000);
  assert.deepEqual(keys.calls, [`revoke ${joe}`]);
});

test('a false alarm brings them back, every other release does not', async () => {
  for (const falseAlarm of [true, false]) {
    const keys = scriptedKeys();
    const rig = await suspended(keys);
    await rig.time.pass(minuteMs);
    keys.calls.length = 0;
    assert.ok((await rig.admin.release(joe, { ...released, falseAlarm })).ok);
    assert.deepEqual(keys.calls, falseAlarm ? [`restore ${joe}`] : []);
  }
});

test('what could not be brought back is told, and done at the next start', async () => {
  const keys = scriptedKeys();
  const rig = await suspended(keys);
  await rig.time.pass(minuteMs);
  keys.fault = 'the disk is full';
  const done = await rig.admin.release(joe, { ...released, falseAlarm: true });
  assert.match(done.text, /the disk is full/);
  const later = scriptedKeys();
  const again = openRig({ ledger: rig.ledger, at: rig.time.now(), keys: later });
  again.suspensions.resume();
  await again.time.pass(1_000);
  assert.deepEqual(later.calls, [`restore ${joe}`]);
});
