/** What was typed exactly goes before what only contains it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';

const friend = ['friend@elsewhere.test'];

test('a whole name, a local part, a part of a name', async () => {
  const rig = openRig();
  for (const account of ['user5@here.test', 'user51@here.test', 'user5@other.test', 'ann@x.test']) {
    await rig.mail({ account, to: friend });
  }
  await rig.time.pass(10_000);
  const found = (text: string, limit = 8) => rig.admin.lookup(text, limit);
  assert.equal((await found('user51@here.test')).exact, 'user51@here.test');
  assert.equal((await found(' User51@here.test ')).exact, 'user51@here.test');
  assert.equal((await found('user51')).exact, 'user51@here.test', 'the only one');
  assert.equal((await found('use')).exact, undefined);
  assert.equal((await found('nobody')).exact, undefined);
  const { accounts, count } = await found('user5', 1);
  assert.deepEqual([accounts.length, count], [1, 3]);
  assert.match(accounts[0]?.account ?? '', /^user5@/);
});

test('an account that was seen a moment ago has its state of now', async () => {
  const rig = openRig();
  await rig.mail({ account: 'joe@here.test', to: friend });
  await rig.time.pass(10_000);
  await rig.admin.suspend('joe@here.test', 'op', '');
  const { accounts } = await rig.admin.lookup('joe', 8);
  assert.deepEqual(accounts, [{ account: 'joe@here.test', state: 'suspended' }]);
});

test('the id of a message, and nothing else', async () => {
  const rig = openRig();
  const many = Array.from({ length: 30 }, (_, nth) => `s${nth}@elsewhere.test`);
  const { id } = rig.send({ account: 'joe@here.test', to: many });
  await rig.time.settle();
  assert.equal((await rig.admin.lookup(id, 8)).isMessage, true);
  assert.equal((await rig.admin.lookup('4bXnothing1', 8)).isMessage, false);
  assert.equal((await rig.admin.lookup('two words', 8)).isMessage, false);
});

test('held mail by account: counted, filtered, and in pages', async () => {
  const rig = openRig();
  const many = Array.from({ length: 30 }, (_, nth) => `s${nth}@elsewhere.test`);
  for (let nth = 0; nth < 3; nth++) rig.send({ account: 'joe@here.test', to: many });
  rig.send({ account: 'ann@here.test', to: many.map((one) => `x${one}`) });
  await rig.time.settle();
  const { count, groups } = rig.admin.heldGroups({ limit: 1 });
  assert.deepEqual([count, groups.length, groups[0]?.account], [2, 1, 'joe@here.test']);
  assert.equal(groups[0]?.messages, rig.admin.held({ account: 'joe@here.test', limit: 9 }).length);
  assert.equal(rig.admin.heldGroups({ like: 'ANN', limit: 9 }).groups[0]?.messages, 1);
  const all = rig.admin.held({ state: 'held', limit: 9 });
  assert.deepEqual(rig.admin.held({ state: 'held', limit: 1, offset: 1 }), all.slice(1, 2));
  assert.deepEqual(rig.admin.held({ state: 'held', limit: 9, offset: 9 }), []);
});
