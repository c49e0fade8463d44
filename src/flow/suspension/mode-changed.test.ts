/**
 * What a change of the mode does to suspensions: those that were only noted end, real ones stay as
 * they are.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';
import { modeChanged } from './mode-changed.ts';

const joe = 'joe@here.test' as Account;
const state = (rig: FlowRig) => rig.accounts.known(joe)?.state;
async function change(rig: FlowRig, mode: 'observe' | 'guard'): Promise<void> {
  rig.settings.mode = mode;
  const { journal, suspensions, settings } = rig;
  modeChanged({ journal, suspensions, settings, world: quietWorld() });
  await rig.time.settle();
}

test('a real suspension outlasts guard, observe, guard, with its mail and its login', async () => {
  const rig = openRig();
  await rig.hijack(joe);
  await rig.time.pass(minuteMs);
  const held = rig.queue.inQueue('hold');
  assert.ok(held.length > 0);
  await change(rig, 'observe');
  rig.time.jump(2 * dayMs);
  await rig.time.pass(5 * minuteMs);
  await change(rig, 'guard');
  await rig.time.pass(5 * minuteMs);
  assert.equal(state(rig), 'suspended');
  assert.deepEqual(rig.queue.inQueue('hold'), held);
  assert.ok(rig.logins.closed.has(joe));
  assert.equal(rig.journal.live.incidents({ account: joe, open: true, limit: 9 }).length, 1);
});

test('one that was only noted ends, and counts for nothing', async () => {
  const rig = openRig({ settings: { mode: 'observe' } });
  await rig.hijack(joe);
  assert.equal(state(rig), 'suspended');
  assert.equal(rig.journal.live.incidents({ limit: 1 })[0]?.observed, true);
  await change(rig, 'guard');
  assert.equal(state(rig), 'clear');
  assert.equal(rig.accounts.known(joe)?.automaticReleases, 0);
  const [row] = rig.journal.live.audit({ account: joe, limit: 1 });
  assert.deepEqual([row?.by, row?.action], ['postern', 'release']);
});

test('one that was noted before a crash ends at the next start in guard mode', async () => {
  const rig = openRig({ settings: { mode: 'observe' } });
  await rig.hijack(joe);
  await rig.time.pass(1_000);
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  again.suspensions.resume();
  await change(again, 'guard');
  await again.time.pass(minuteMs);
  assert.equal(state(again), 'clear');
  assert.ok(!again.order.includes(`login close ${joe}`));
});

test('a set end ends suspensions by the guard, not by operators, and keeps mail held', async () => {
  for (const byHand of [false, true]) {
    const rig = openRig({ settings: { releaseAfterMs: hourMs } });
    rig.send({ account: joe, to: ['friend@elsewhere.test'] });
    if (byHand) await rig.admin.suspend(joe, 'op', '');
    else await rig.hijack(joe);
    await rig.time.pass(minuteMs);
    const held = rig.queue.inQueue('hold');
    assert.ok(held.length > 0);
    rig.time.jump(30 * dayMs);
    await rig.time.pass(2 * minuteMs);
    assert.equal(state(rig), byHand ? 'suspended' : 'clear');
    assert.equal(rig.logins.closed.has(joe), byHand);
    assert.deepEqual(rig.queue.inQueue('hold'), held);
  }
});
