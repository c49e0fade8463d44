/** The guard ends, or the ledger fails, during an action on an account: the process survives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { inMemory, openLedger } from '../../ledger/sqlite/open.ts';
import { minuteMs } from '../../lib/time.ts';

const joe = 'joe@here.test' as Account;

/** The mail of joe is being put on hold, which takes until `slow` resolves. */
async function beingSuspended(): Promise<{ rig: FlowRig; slow: PromiseWithResolvers<void> }> {
  const rig = openRig();
  rig.send({ account: joe, to: ['friend@elsewhere.test'] });
  const slow = Promise.withResolvers<void>();
  rig.queue.gate = slow.promise;
  await rig.admin.suspend(joe, 'op', '');
  await rig.time.settle();
  return { rig, slow };
}

test('closing waits for what is under way, and nothing follows', async () => {
  const { rig, slow } = await beingSuspended();
  let closed = false;
  const closing = rig.suspensions.close().then(() => {
    closed = true;
  });
  await rig.time.pass(1_000);
  assert.equal(closed, false);
  slow.resolve();
  await closing;
  assert.equal(rig.journal.live.incidents({ limit: 1 })[0]?.loginClosed, true);
  rig.journal.close();
  await rig.time.pass(minuteMs);
  assert.equal(rig.order.filter((what) => what === 'queue hold').length, 1, 'no second look');
  assert.deepEqual(
    rig.logged.filter((line) => line === 'error suspension.step-failed'),
    [],
  );
});

test('closing waits up to a limit; what comes later is logged', async () => {
  const { rig, slow } = await beingSuspended();
  const closing = rig.suspensions.close();
  await rig.time.pass(4_000);
  await closing;
  rig.journal.close();
  slow.resolve();
  await rig.time.settle();
  assert.ok(rig.logged.includes('error suspension.step-failed'));
});

test('a second look that was to come is not taken after closing', async () => {
  const { rig, slow } = await beingSuspended();
  slow.resolve();
  await rig.time.settle();
  await rig.suspensions.close();
  await rig.time.pass(minuteMs);
  assert.equal(rig.order.filter((what) => what === 'queue hold').length, 1);
});

test('a ledger that cannot be read is logged for each account, now and at the start', async () => {
  const sound = openLedger(inMemory);
  let broken = true;
  const ledger = {
    ...sound,
    messagesOf: (...about: Parameters<typeof sound.messagesOf>) => {
      if (broken) throw new Error('disk I/O error');
      return sound.messagesOf(...about);
    },
  };
  const rig = openRig({ ledger });
  for (const account of ['ann@here.test', joe]) await rig.admin.suspend(account, 'op', '');
  await rig.time.pass(minuteMs);
  const faults = (of: FlowRig): number =>
    of.logged.filter((line) => line === 'error suspension.step-failed').length;
  assert.equal(faults(rig), 4, 'both looks at the queue of each');
  assert.ok(rig.logins.closed.has(joe), 'the login is closed all the same');
  assert.ok(rig.taken.length > 0, 'and the operator is told');
  const again = openRig({ ledger, at: rig.time.now() });
  again.suspensions.resume();
  await again.time.settle();
  assert.equal(faults(again), 2, 'one does not keep the other from being looked at');
  broken = false;
  again.suspensions.resume();
  await again.time.settle();
  assert.equal(faults(again), 2);
});
