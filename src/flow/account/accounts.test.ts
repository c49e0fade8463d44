/**
 * Accounts at hand: what is in memory, what comes from the ledger, and that the two are the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import { encodeProfile } from '../../core/account/profile.ts';
import type { Account } from '../../core/account-name.ts';
import { dayMs } from '../../lib/time.ts';

const joe = 'joe@here.test' as Account;
const to = ['friend@elsewhere.test'];

test('an account that never sent is not known, and asking does not make it so', () => {
  const rig = openRig();
  assert.equal(rig.accounts.known(joe), undefined);
  rig.gate.mayBegin({ account: joe, by: 'login' });
  assert.equal(rig.accounts.known(joe), undefined);
  assert.equal(rig.admin.account(joe), undefined);
});

test('after a restart an account is what it was, its book too', async () => {
  const rig = openRig();
  for (let nth = 0; nth < 5; nth++) {
    await rig.mail({ account: joe, to: [`friend${nth}@elsewhere.test`], client: '192.0.2.1' });
    rig.time.jump(dayMs);
  }
  await rig.time.pass(5_000);
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  const before = rig.accounts.known(joe);
  const after = again.accounts.known(joe);
  assert.ok(before !== undefined && after !== undefined);
  assert.deepEqual(JSON.parse(encodeProfile(after)), JSON.parse(encodeProfile(before)));
  assert.deepEqual([...after.book].sort(), [...before.book].sort());
  assert.equal(again.accounts.context.people.seed, rig.accounts.context.people.seed);
});

test('a recipient of this server’s mail is known at once, before it is in the ledger', async () => {
  const rig = openRig();
  await rig.mail({ account: joe, to });
  const [[hash] = [0]] = [...(rig.accounts.known(joe)?.book ?? [])];
  const { people } = rig.accounts.context;
  assert.notEqual(people.knownHere(hash), undefined);
  assert.equal(people.knownHere(hash + 1), undefined);
});

test('the baseline is kept over a restart, and not written when nothing was learned', async () => {
  const rig = openRig();
  for (let day = 0; day < 6; day++) {
    await rig.mail({ account: joe, to });
    rig.time.jump(dayMs);
  }
  assert.ok(rig.accounts.context.baseline.accountDays > 0);
  rig.accounts.saveBaseline();
  rig.journal.flushNow();
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  const { accountDays, histogram } = again.accounts.context.baseline;
  assert.deepEqual(
    [accountDays, histogram],
    [rig.accounts.context.baseline.accountDays, histogram],
  );
  again.ledger.write([{ kind: 'meta', key: 'baseline', value: 'untouched' }], { durable: true });
  again.accounts.saveBaseline();
  again.journal.flushNow();
  assert.equal(again.ledger.meta('baseline'), 'untouched');
});
