/** The life of keys with their files, the DNS and the ledger. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, both, named, openKeysRig, rsa, words } from '../../../test/ledger/keys-rig.ts';
import { ManualTime } from '../../../test/ledger/manual-time.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';

test('two keys are made, sent, seen, and sign after a while; each on its own', async () => {
  const rig = openKeysRig();
  const said = await after(rig, rig.keys.admin.make(both, 'op'));
  assert.equal(
    words(said),
    'yes: example.org: made r20260105 (RSA, 2048 bits), e20260105 (Ed25519)',
  );
  assert.deepEqual(rig.zone.sent, ['key e20260105', 'key r20260105']);
  await after(rig, rig.keys.stepNow());
  assert.equal(rig.states(), 'e20260105 seen, r20260105 seen');
  assert.equal(rig.signers(), '');
  await rig.pass(hourMs);
  assert.equal(rig.signers(), 'e20260105 r20260105');
  assert.deepEqual(rig.told, [], 'there was nothing for the operator to do');
  const audit = rig.ledger
    .audit({ account: 'example.org', limit: 99 })
    .map(({ by, detail }) => `${by} ${detail}`);
  assert.ok(audit.includes('op r20260105: made') && audit.includes('postern r20260105: signing'));
  assert.deepEqual(rig.keys.of('other.example'), []);
});

test('by hand: the operator gets the record once, and the key waits for the operator', async () => {
  const rig = openKeysRig();
  rig.zone.updates = false;
  rig.policy.everyMs = 100 * dayMs;
  rig.files.files.set('example.org/old.pem', {
    algorithm: 'rsa-sha256',
    bits: 2048,
    publicKey: 'OLD',
    file: 'example.org/old.pem',
  });
  rig.zone.shown.set('old._domainkey.example.org', 'everywhere');
  const said = await after(
    rig,
    rig.keys.admin.adopt([{ domain: 'example.org', selector: 'old' }], 'from opendkim', 'op'),
  );
  assert.equal(words(said), 'yes: old of example.org: taken over, signs');
  await rig.pass(101 * dayMs);
  assert.match(rig.states(), /^old signing, r2026\d+ published$/);
  const [first] = rig.told;
  assert.equal(first?.event, 'dkim.record');
  assert.match(
    first.reasons.at(-1)?.text ?? '',
    /^r2026\d+\._domainkey\.example\.org\. IN TXT "v=DKIM1; k=rsa; p=P1"$/,
  );
  assert.ok(rig.told.length >= 1 && rig.told.length <= 2, `${rig.told.length} notices`);
  const [, made] = rig.keys.admin.list();
  assert.match(made?.todo ?? '', /^publish its record/);
  rig.zone.shown.set(made?.record.name ?? '', 'everywhere');
  await rig.pass(2 * hourMs);
  assert.match(rig.states(), /^old retiring, r2026\d+ signing$/);
  await rig.pass(10 * dayMs);
  assert.match(rig.states(), /^old revoked, /);
  assert.equal(
    rig.told.at(-1)?.reasons.at(-1)?.text,
    'old._domainkey.example.org. IN TXT "v=DKIM1; k=rsa; p="',
  );
  rig.zone.shown.delete('old._domainkey.example.org');
  await rig.pass(10 * minuteMs);
  assert.match(rig.states(), /^old gone, /);
  assert.ok(!rig.files.files.has('example.org/old.pem'));
  assert.deepEqual(rig.zone.sent, []);
});

test('what could not be written has not happened', async () => {
  const time = new ManualTime(Date.UTC(2026, 0, 5, 10));
  const rig = openKeysRig({ time, timers: time });
  await after(rig, rig.keys.admin.make(both, 'op'));
  await after(rig, rig.keys.stepNow());
  rig.disk.broken = true;
  const making = rig.keys.admin.make({ ...both, domain: 'other.example' }, 'op');
  await time.pass(10_000);
  assert.equal(words(await making), 'no: the ledger cannot be written: nothing was done');
  assert.deepEqual(
    [...rig.files.files.keys()].filter((file) => file.startsWith('other')),
    [],
  );
  time.jump(2 * hourMs);
  const step = rig.keys.stepNow();
  await time.pass(10_000);
  await step;
  assert.equal(rig.signers(), '', 'it would sign, and nobody could know later');
  rig.disk.broken = false;
  await time.pass(10_000);
  await after(rig, rig.keys.stepNow());
  assert.equal(rig.signers(), 'e20260105 r20260105');
});

test('a restart at any moment goes on where it was', async () => {
  let rig = openKeysRig();
  rig.policy.everyMs = 20 * dayMs;
  await after(rig, rig.keys.admin.make(both, 'op'));
  const seen = new Set<string>();
  for (let step = 0; step < 1_000; step++) {
    rig.time.jump(step % 3 === 0 ? 9 * hourMs : 23 * minuteMs);
    await rig.keys.stepNow();
    for (const { state } of rig.keys.admin.list()) seen.add(state);
    const before = [rig.states(), rig.signers()];
    rig.keys.close();
    rig.journal.close();
    rig = openKeysRig(rig);
    rig.policy.everyMs = 20 * dayMs;
    assert.deepEqual([rig.states(), rig.signers()], before);
    if (step > 20) assert.equal(rig.keys.of('example.org').length, 2, 'no gap');
  }
  assert.deepEqual([...seen].sort(), [
    'gone',
    'published',
    'retiring',
    'revoked',
    'seen',
    'signing',
  ]);
});

test('a key whose file cannot be used does not sign, and comes back with it', async () => {
  const rig = openKeysRig();
  await after(rig, rig.keys.admin.make({ ...both, algorithms: ['rsa-sha256'] }, 'op'));
  await rig.pass(2 * hourMs);
  rig.files.broken.add('example.org/r20260105.pem');
  rig.keys.reload();
  rig.keys.reload();
  assert.equal(rig.signers(), '');
  assert.match(rig.keys.admin.list()[0]?.fault ?? '', /is not there/);
  assert.equal(rig.logged.filter((line) => line === 'error dkim.key-unusable').length, 1);
  rig.files.broken.clear();
  rig.keys.reload();
  assert.equal(rig.signers(), 'r20260105');
});

test('a private key that cannot be deleted is not forgotten, not by a restart either', async () => {
  let rig = openKeysRig();
  await after(rig, rig.keys.admin.make(rsa('s1'), 'op'));
  rig.files.stuck.add('example.org/s1.pem');
  await after(rig, rig.keys.admin.retire(named('s1'), { compromised: false }, 'op'));
  await rig.pass(hourMs);
  const file = (): string =>
    rig.keys.admin.list().map((key) => `${key.state} ${key.file}`)[0] ?? '';
  assert.equal(file(), 'gone example.org/s1.pem');
  assert.ok(rig.logged.includes('warn dkim.not-done'));
  rig.keys.close();
  rig.journal.close();
  rig = openKeysRig(rig);
  rig.files.stuck.clear();
  await rig.pass(10 * minuteMs);
  assert.ok(!rig.files.files.has('example.org/s1.pem'));
  assert.equal(file(), 'gone ', 'noted only now');
  assert.equal(rig.ledger.dkimKeys()[0]?.file, '');
});

test('an update that is refused is sent again; silence changes nothing', async () => {
  const rig = openKeysRig();
  rig.zone.refuses = true;
  await after(rig, rig.keys.admin.make({ ...both, algorithms: ['rsa-sha256'] }, 'op'));
  assert.ok(rig.logged.includes('warn dkim.not-done'));
  await rig.pass(hourMs);
  assert.equal(rig.states(), 'r20260105 published');
  rig.zone.refuses = false;
  await rig.pass(2 * hourMs);
  assert.equal(rig.states(), 'r20260105 signing');
  rig.zone.silent = true;
  await rig.pass(5 * dayMs);
  assert.equal(rig.states(), 'r20260105 signing');
});
