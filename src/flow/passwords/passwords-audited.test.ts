/**
 * An audit's findings in the running guard: in force at once, over a restart, and ended when the
 * password is another one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { nothingReported } from '../../core/passwords/audit-report.ts';
import type { Millis } from '../../lib/time.ts';

const login = { source: 'passwd-file:/etc/dovecot/users', account: 'joe@here.test' };
const since = 1_767_000_000_000 as Millis;
const found = {
  ...login,
  scheme: 'ssha',
  strength: 'under-a-second',
  by: 'single',
  since,
} as const;
const summary = { at: since, accounts: 9, weak: 1, faults: 0, complete: true };
/** Strangers in one message: held for a weak password, passed for another. */
const message = {
  account: login.account,
  to: Array.from({ length: 15 }, (_, nth) => `stranger${nth}@elsewhere.test`),
};

test('the guard’s verdict on one message, before, during and after', async () => {
  assert.equal((await openRig().mail(message)).kind, 'pass');
  const rig = openRig();
  assert.ok(
    (await rig.admin.notePasswords({ ...nothingReported, found: [found], summary }, 'op')).ok,
  );
  const said = await rig.mail(message);
  assert.equal(said.kind, 'hold');
  const story = rig.ledger.stories({ account: login.account as Account, limit: 1 })[0];
  assert.ok(story?.reasons.some(({ signal }) => signal === 'weak-password'));
  assert.match(
    rig.admin.account(login.account)?.account.weakPassword ?? '',
    /guessed in under a second/,
  );
  const after = openRig();
  await after.admin.notePasswords({ ...nothingReported, found: [found] }, 'op');
  await after.admin.notePasswords({ ...nothingReported, changed: [login] }, 'op');
  assert.equal((await after.mail(message)).kind, 'pass');
  assert.deepEqual(after.admin.passwords().weak, []);
});

test('over a restart, with the summary and a line in the record', async () => {
  const rig = openRig();
  await rig.admin.notePasswords({ ...nothingReported, found: [found], summary }, 'op');
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  assert.equal((await again.mail(message)).kind, 'hold');
  const { weak, last } = again.admin.passwords();
  assert.deepEqual([weak[0]?.login, weak[0]?.since, last], [login.account, since, summary]);
  const [row] = rig.ledger.audit({ limit: 1 });
  assert.deepEqual(
    [row?.by, row?.action, row?.detail],
    ['op', 'password-audit', '9 accounts, 1 weak'],
  );
});

test('an account with two logins stays weak until both are changed', async () => {
  const rig = openRig();
  const other = { ...found, source: 'shadow:/etc/shadow' };
  await rig.admin.notePasswords({ ...nothingReported, found: [found, other] }, 'op');
  await rig.admin.notePasswords({ ...nothingReported, changed: [login] }, 'op');
  assert.equal((await rig.mail(message)).kind, 'hold');
});

test('nothing new is nothing to write', async () => {
  const done = await openRig().admin.notePasswords(nothingReported, 'op');
  assert.deepEqual(done, { ok: true, text: 'nothing changed', count: 0 });
});

test('a ledger that takes no writes: said, and in force all the same', async () => {
  const rig = openRig();
  rig.breakDisk(true);
  const noted = rig.admin.notePasswords({ ...nothingReported, found: [found] }, 'op');
  await rig.time.pass(60_000);
  assert.equal((await noted).ok, false);
  assert.equal(rig.admin.passwords().weak.length, 1);
});
