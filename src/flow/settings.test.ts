/** Mode observe with a part that Postern acts on: that part is guarded, all others are observed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedScan } from '../../test/doubles/scan.ts';
import { quietWorld } from '../../test/doubles/world.ts';
import { type FlowRig, openRig } from '../../test/ledger/flow-rig.ts';
import type { Account } from '../core/account-name.ts';
import { enforcementOf } from '../core/enforcement/enforcement.ts';
import { minuteMs } from '../lib/time.ts';
import { modeChanged } from './suspension/mode-changed.ts';
import { openModeNotes } from './suspension/mode-noted.ts';

const joe = 'joe@here.test' as Account;
const ann = 'ann@there.test' as Account;
const part = (...enforce: readonly string[]) => ({
  mode: 'observe' as const,
  enforce,
  enforced: enforcementOf(enforce),
});

async function spam(rig: FlowRig, account: string): Promise<number> {
  let passed = 0;
  for (let nth = 0; nth < 12; nth++) {
    const to = Array.from({ length: 5 }, (_, i) => `s${nth}-${i}@strangers.test`);
    const sent = { account, to, scan: scriptedScan(9), client: '192.0.2.9' };
    if ((await rig.mail(sent)).kind === 'pass') passed++;
    await rig.time.pass(1_000);
  }
  await rig.time.pass(minuteMs);
  return passed;
}

test('the part is stopped and told as in mode guard; all others pass and are noted', async () => {
  const rig = openRig({ settings: part('domain:here.test') });
  assert.ok((await spam(rig, joe)) < 12);
  assert.equal(await spam(rig, ann), 12);
  const { accounts, enforce, held, mode } = rig.admin.status();
  assert.deepEqual([mode, enforce], ['observe', ['domain:here.test']]);
  assert.deepEqual([accounts.suspended, accounts.wouldBeSuspended], [1, 1]);
  assert.ok(held > 0);
  assert.ok(rig.journal.live.held({ limit: 99 }).every(({ account }) => account === joe));
  assert.ok(rig.logins.closed.has(joe) && !rig.logins.closed.has(ann));
  const told = rig.taken.filter(({ channel }) => channel === 'mail').map(({ notice }) => notice);
  const of = (event: string): readonly string[] =>
    told.filter((one) => one.event === event).map(({ account }) => account);
  assert.deepEqual(of('account.suspended'), [joe]);
  assert.deepEqual(of('account.would-suspend'), [ann]);
  assert.ok((await rig.admin.suspend('ann@there.test', 'op', '')).ok === false);
  assert.equal(rig.counted.get('postern_suspensions_total guard'), 1);
  assert.equal(rig.counted.get('postern_observed_suspensions_total'), 1);
});

test('what enforcing would change is shown by domain, without the part', async () => {
  const rig = openRig({ settings: part('account:joe@here.test') });
  await spam(rig, joe);
  await spam(rig, ann);
  await spam(rig, 'sue@there.test');
  const { domains, enforce } = rig.admin.enforcing();
  assert.deepEqual(enforce, ['account:joe@here.test']);
  assert.deepEqual(
    domains.map(({ accounts, domain }) => [domain, accounts]),
    [['there.test', 2]],
  );
});

test('who comes into the part is no longer suspended by what was only noted', async () => {
  const rig = openRig({ settings: part() });
  await spam(rig, joe);
  await spam(rig, ann);
  const notes = openModeNotes({ ...rig, world: quietWorld({ clock: rig.time }) });
  notes.changed();
  Object.assign(rig.settings, part('domain:here.test'));
  modeChanged({ ...rig, world: quietWorld() });
  notes.changed();
  await rig.time.settle();
  const state = (account: Account): string | undefined => rig.accounts.known(account)?.state;
  assert.deepEqual([state(joe), state(ann)], ['clear', 'suspended']);
  const [row] = rig.journal.live.audit({ limit: 9 }).filter(({ action }) => action === 'mode');
  assert.equal(row?.detail, 'observe became observe (enforce: domain:here.test)');
});

test('back: a real suspension outlasts it, and new mail only passes', async () => {
  const rig = openRig({ settings: part('100%') });
  await spam(rig, joe);
  assert.ok(rig.logins.closed.has(joe));
  Object.assign(rig.settings, part());
  modeChanged({ ...rig, world: quietWorld() });
  await rig.time.settle();
  assert.equal(rig.accounts.known(joe)?.state, 'suspended');
  assert.equal(rig.gate.mayBegin({ account: joe, by: 'login' }).kind, 'pass');
  assert.equal(await spam(rig, ann), 12);
});
