/** What commands do with keys, and what they answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, both, openKeysRig, words } from '../../../test/ledger/keys-rig.ts';
import { hourMs } from '../../lib/time.ts';
import type { AdminResult } from '../../ports/admin.ts';

test('compromised: out at once, before any look at DNS, and a new key in its place', async () => {
  const rig = openKeysRig();
  await after(rig, rig.keys.admin.make({ ...both, algorithms: ['rsa-sha256'] }, 'op'));
  await rig.pass(3 * hourMs);
  assert.equal(rig.signers(), 'r20260105');
  const held = Promise.withResolvers<void>();
  rig.zone.wait = held.promise;
  const retiring = rig.keys.admin.retire(
    { domain: 'example.org', selector: 'r20260105' },
    { compromised: true },
    'op',
  );
  await rig.time.settle();
  assert.equal(rig.signers(), '');
  assert.equal(rig.zone.sent.at(-1), 'revoked r20260105');
  held.resolve();
  assert.match(
    words(await after(rig, retiring)),
    new RegExp(
      '^yes: r20260105 of example\\.org no longer signs, and is revoked; ' +
        'made r20260105-2 \\(RSA, 2048 bits\\) in its place; nothing signs for example\\.org now$',
    ),
  );
  await rig.pass(3 * hourMs);
  assert.equal(rig.signers(), 'r20260105-2');
});

test('retired, rotated, and what makes no sense', async () => {
  const rig = openKeysRig();
  const admin = rig.keys.admin;
  const say = async (what: Promise<AdminResult>): Promise<string> => words(await after(rig, what));
  const one = { domain: 'example.org', selector: 's1' };
  assert.equal(await say(admin.rotate('example.org', 'op')), 'no: no key signs for example.org');
  assert.match(
    await say(admin.make({ ...both, selector: 's1' }, 'op')),
    /^no: a selector is the name/,
  );
  assert.match(await say(admin.make({ ...both, domain: 'a b' }, 'op')), /^no: a b is not a domain/);
  const single = { ...both, algorithms: ['rsa-sha256'], selector: 's1' } as const;
  assert.match(await say(admin.make({ ...single, selector: '../x' }, 'op')), /is no selector/);
  assert.match(await say(admin.make(single, 'op')), /^yes/);
  assert.match(await say(admin.make(single, 'op')), /^no: s1 of example\.org is known already/);
  await rig.pass(2 * hourMs);
  assert.match(
    await say(admin.rotate('example.org', 'op')),
    /^yes: example\.org: made r20260105 .* to follow s1/,
  );
  assert.match(
    await say(admin.rotate('example.org', 'op')),
    /^no: new keys for example\.org are on their way/,
  );
  await rig.pass(2 * hourMs);
  assert.equal(rig.states(), 's1 retiring, r20260105 signing');
  assert.match(await say(admin.retire(one, { compromised: false }, 'op')), /^yes/);
  assert.match(
    await say(admin.retire(one, { compromised: true }, 'op')),
    /^yes: s1 .* is revoked$/,
  );
  assert.match(
    await say(admin.retire(one, { compromised: true }, 'op')),
    /^no: s1 .* is revoked already/,
  );
  assert.match(
    await say(admin.retire({ ...one, selector: 'x' }, { compromised: false }, 'op')),
    /^no: there is no/,
  );
  rig.files.full = true;
  assert.equal(await say(admin.make(both, 'op')), 'no: the disk is full');
});

test('used by order: signs at once, the audit trail says why, and retiring undoes it', async () => {
  const rig = openKeysRig();
  rig.zone.updates = false;
  const say = async (what: Promise<AdminResult>): Promise<string> => words(await after(rig, what));
  const { admin } = rig.keys;
  await say(admin.make({ ...both, algorithms: ['rsa-sha256'], selector: 's1' }, 'op'));
  const one = { domain: 'example.org', selector: 's1' };
  assert.equal(await say(admin.use(one, '', 'op')), 'no: it needs a note that says why');
  assert.match(
    await say(admin.use(one, 'ns2 is dead', 'op')),
    /^yes: s1 of example\.org signs now, by your order; DNS showed at the last look: ns: nowhere/,
  );
  assert.equal(rig.signers(), 's1');
  await rig.pass(5 * hourMs);
  assert.equal(rig.signers(), 's1', 'DNS does not stop it');
  const trail = rig.ledger.audit({ account: 'example.org', limit: 9 }).map(({ detail }) => detail);
  assert.ok(trail.includes('s1: signs by order: ns2 is dead'), trail.join(', '));
  assert.match(
    await say(admin.use(one, 'again', 'op')),
    /^no: s1 of example\.org is signing already/,
  );
  assert.match(await say(admin.retire(one, { compromised: false }, 'op')), /^yes/);
  assert.equal(rig.signers(), '');
  assert.match(
    await say(admin.use({ ...one, selector: 'x' }, 'n', 'op')),
    /^no: there is no key x/,
  );
});

test('a change of the zone that was sent, and one that was refused, are told apart', async () => {
  const rig = openKeysRig();
  await after(rig, rig.keys.admin.make({ ...both, algorithms: ['rsa-sha256'] }, 'op'));
  assert.deepEqual(rig.keys.admin.list()[0]?.update, { record: 'key', why: '' });
  rig.zone.refuses = true;
  await after(rig, rig.keys.admin.make({ ...both, algorithms: ['ed25519-sha256'] }, 'op'));
  assert.deepEqual(rig.keys.admin.list()[0]?.update, { record: 'key', why: 'REFUSED' });
});

test('a key taken over while DNS is silent: nothing is to be published', async () => {
  const rig = openKeysRig();
  rig.zone.updates = false;
  rig.zone.silent = true;
  const made = {
    domain: 'example.org',
    selector: 'old',
    algorithm: 'rsa-sha256',
    bits: 2048,
  } as const;
  await rig.files.make(made);
  const adopting = rig.keys.admin.adopt([made], 'from opendkim', 'op');
  assert.match(words(await after(rig, adopting)), /^yes: old of example\.org: taken over, waits/);
  const [key] = rig.keys.admin.list();
  assert.equal(key?.next, 'signs as soon as every name server shows its record');
  assert.equal(
    key?.todo,
    'see why not every name server answers (ns: unknown), or sign without them: ' +
      'postern dkim use old._domainkey.example.org --note WHY',
  );
  rig.zone.silent = false;
  rig.zone.shown.set('old._domainkey.example.org', 'everywhere');
  await rig.pass(hourMs);
  assert.equal(rig.signers(), 'old');
});
