/**
 * Exemptions: in force at once, until their end, over a restart, ended early by an end that is
 * profile.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { hourMs, type Millis } from '../../lib/time.ts';

const press = 'press@here.test';
const everybody = Array.from({ length: 400 }, (_, nth) => `reader${nth}@elsewhere.test`);

test('in force at once and after a restart, and written down with who and why', async () => {
  const rig = openRig();
  const until = (rig.time.now() + hourMs) as Millis;
  const done = await rig.admin.allow(press, until, 'op', 'newsletter');
  assert.ok(done.ok);
  assert.match(done.text, /exempt until 2026-01-05T11:00/);
  assert.equal(rig.exemptions.until(press as Account), until);
  const [row] = rig.ledger.audit({ account: press, limit: 1 });
  assert.deepEqual([row?.by, row?.action], ['op', 'allow']);
  assert.match(row?.detail ?? '', /newsletter/);
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  assert.equal((await again.mail({ account: press, to: everybody })).kind, 'pass');
  assert.equal(again.admin.account(press)?.account.exemptUntil, until);
});

test('an end that is profile ends it', async () => {
  const rig = openRig();
  await rig.admin.allow(press, (rig.time.now() + hourMs) as Millis, 'op', '');
  await rig.admin.allow(press, 0 as Millis, 'op', '');
  assert.equal((await rig.mail({ account: press, to: everybody })).kind, 'hold');
  assert.equal(rig.admin.account(press)?.account.exemptUntil, undefined);
  assert.deepEqual(rig.admin.exemptions(), []);
});

test('those in force are listed by their ends, also of accounts that never sent mail', async () => {
  const rig = openRig();
  const inHours = (hours: number): Millis => (rig.time.now() + hours * hourMs) as Millis;
  await rig.admin.allow('late@here.test', inHours(3), 'op', '');
  await rig.admin.allow('early@here.test', inHours(1), 'op', 'a fair');
  await rig.admin.allow('soon@here.test', inHours(2), 'op', '');
  const listed = (): readonly string[] => rig.admin.exemptions().map(({ account }) => account);
  assert.deepEqual(listed(), ['early@here.test', 'soon@here.test', 'late@here.test']);
  assert.equal(rig.admin.exemptions()[0]?.note, 'a fair');
  assert.equal(rig.admin.status().accounts.exempt, 3);
  await rig.time.pass(2 * hourMs);
  assert.deepEqual(listed(), ['late@here.test']);
  assert.equal(rig.admin.status().accounts.exempt, 1);
});

test('an exemption is from ceilings too, but lifts no suspension', async () => {
  const rig = openRig({ policy: { messageRecipientsMax: 5 } });
  const until = (rig.time.now() + hourMs) as Millis;
  await rig.admin.allow(press, until, 'op', '');
  assert.equal((await rig.mail({ account: press, to: everybody })).kind, 'pass');
  await rig.admin.suspend(press, 'op', '');
  assert.equal((await rig.mail({ account: press, to: everybody })).kind, 'hold');
  await rig.admin.suspend(press, 'op', '', true);
  assert.equal(rig.gate.mayBegin({ account: press as Account, by: 'login' }).kind, 'reply');
  assert.equal((await rig.mail({ account: press, to: everybody })).kind, 'reply');
  const said = await rig.admin.allow(press, until, 'op', '');
  assert.match(said.text, /it is still suspended/);
});
