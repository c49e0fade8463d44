/** Who holds the lock of the keys, and when: steps, their looks, commands in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, named, openKeysRig, rsa, words } from '../../../test/ledger/keys-rig.ts';
import { hourMs } from '../../lib/time.ts';

test('a slow step is not begun again, and commands do not wait for its DNS lookups', async () => {
  const rig = openKeysRig();
  const { time } = rig;
  await after(rig, rig.keys.admin.make(rsa('s1'), 'op'));
  await rig.pass(3 * hourMs);
  assert.equal(rig.signers(), 's1');
  const slow = Promise.withResolvers<void>();
  rig.zone.wait = slow.promise;
  rig.zone.looked.length = 0;
  await time.pass(2 * hourMs);
  assert.equal(rig.zone.looked.length, 1, 'one look is under way');
  const retiring = rig.keys.admin.retire(named('s1'), { compromised: true }, 'op');
  await time.settle();
  assert.equal(rig.signers(), '', 'at once');
  assert.equal(rig.zone.sent.at(-1), 'revoked s1');
  slow.resolve();
  assert.match(words(await after(rig, retiring)), /^yes: s1 of example\.org no longer signs/);
  await time.settle();
  const names = rig.zone.looked.filter((name) => name.startsWith('s1.'));
  assert.ok(names.length <= 3, `${names.length} looks: that of the step, those of the command`);
});

test('what was seen of a key before a command changed it is not held against it', async () => {
  const rig = openKeysRig();
  rig.zone.updates = false;
  await after(rig, rig.keys.admin.make(rsa('s1'), 'op'));
  assert.equal(rig.states(), 's1 published');
  const slow = Promise.withResolvers<void>();
  rig.zone.wait = slow.promise;
  const step = rig.keys.stepNow();
  await rig.time.settle();
  rig.zone.wait = Promise.resolve();
  rig.zone.shown.set('s1._domainkey.example.org', 'everywhere');
  await after(rig, rig.keys.admin.retire(named('s1'), { compromised: false }, 'op'));
  slow.resolve();
  await after(rig, step);
  assert.equal(rig.states(), 's1 revoked', 'the step found nothing there, but before that');
});

test('a command runs between two updates of a step, and what it overtook is not done', async () => {
  const rig = openKeysRig();
  rig.zone.refuses = true;
  await after(rig, rig.keys.admin.make(rsa('s1'), 'op'));
  await after(rig, rig.keys.admin.make({ ...rsa('s2'), domain: 'other.example' }, 'op'));
  rig.zone.refuses = false;
  const slow = Promise.withResolvers<void>();
  rig.zone.sendWait = slow.promise;
  const step = rig.keys.stepNow();
  await rig.time.settle();
  const how = { compromised: true };
  const key = { domain: 'other.example', selector: 's2' };
  const retiring = rig.keys.admin.retire(key, how, 'op');
  slow.resolve();
  await after(rig, Promise.all([step, retiring]));
  assert.deepEqual(rig.zone.sent.slice(0, 2), ['key s1', 'revoked s2']);
  assert.ok(!rig.zone.sent.includes('key s2'), rig.zone.sent.join(', '));
});
