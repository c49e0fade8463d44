/** Probation keys from the first spare one to the deleted file, over a real ledger. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, both, type KeysRig, openKeysRig, words } from '../../../test/ledger/keys-rig.ts';
import { ManualTime } from '../../../test/ledger/manual-time.ts';
import type { Account } from '../../core/account-name.ts';
import type { AccountStanding } from '../../core/signing/probation/why.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { OwnSigning, Probation } from './probation.ts';

const joe = 'joe@example.org' as Account;
const ann = 'ann@example.org' as Account;
const bob = 'bob@example.org' as Account;
const policy = {
  enabled: true,
  newForMs: 30 * dayMs,
  expiresMs: 10 * dayMs,
  spare: 2,
  keysMax: 50,
};

type ProbationRig = {
  readonly probation: Probation;
  readonly standing: Map<Account, AccountStanding>;
  readonly troubles: Map<string, string>;
};

const calm: AccountStanding = {
  state: 'clear',
  firstSeen: 0 as Millis,
  hasWeakPassword: false,
};
const watched: AccountStanding = { ...calm, state: 'watched' };

/** Everybody is watched who is not in `standing`. */
function openProbationRig(rig: KeysRig): ProbationRig {
  const standing = new Map<Account, AccountStanding>();
  const troubles = new Map<string, string>();
  const probation = rig.keys.probation({
    standing: (account) => standing.get(account) ?? watched,
    troubles: {
      set: (part, why) =>
        void (why === undefined ? troubles.delete(part) : troubles.set(part, why)),
    },
  });
  return { probation, standing, troubles };
}

/** A rig with an RSA key that signs and two spare keys that are ready. */
async function ready(): Promise<KeysRig & ProbationRig> {
  const time = new ManualTime(Date.UTC(2026, 0, 5, 10));
  const rig = openKeysRig({ time, timers: time });
  await after(rig, rig.keys.admin.make({ ...both, algorithms: ['rsa-sha256'] }, 'op'));
  await rig.pass(2 * hourMs);
  Object.assign(rig.setting, policy);
  await rig.pass(3 * hourMs);
  return { ...rig, ...openProbationRig(rig) };
}

/** The selector that signs mail of the account, or the domain's. */
async function signer(rig: KeysRig & ProbationRig, account: Account): Promise<string> {
  const own = await after(
    rig,
    new Promise<OwnSigning | undefined>((resolve) =>
      rig.probation.of(account, 'example.org', resolve),
    ),
  );
  return own === undefined ? 'domain' : own.keys.map(({ selector }) => selector).join();
}

const stateOf = (rig: KeysRig, selector: string): string =>
  rig.keys.admin.list().find((key) => key.selector === selector)?.state ?? 'forgotten';

test('each account on probation has a key of its own, also after a restart', async () => {
  const rig = await ready();
  assert.equal(rig.signers(), 'r20260105', 'probation keys do not sign for the domain');
  const [joes, anns] = [await signer(rig, joe), await signer(rig, ann)];
  assert.notEqual(joes, anns);
  assert.match(joes, /^k/);
  assert.equal(await signer(rig, joe), joes);
  assert.equal(await signer(rig, bob), 'domain', 'no key is ready');
  assert.ok(rig.logged.includes('warn probation.no-key'));
  await rig.pass(3 * hourMs);
  const bobs = await signer(rig, bob);
  assert.ok(bobs !== joes && bobs !== anns && bobs !== 'domain');
  assert.match(
    rig.probation.text(joe, watched),
    new RegExp(`watched: .*${joes}\\._domainkey\\.example\\.org`),
  );
  rig.keys.close();
  const { files, zone, time, ledger, setting } = rig;
  const again = openKeysRig({ files, zone, time, ledger, setting });
  const later = { ...again, ...openProbationRig(again) };
  assert.deepEqual([await signer(later, joe), await signer(later, ann)], [joes, anns]);
});

test('others sign with the key of the domain: known accounts, all while it is off', async () => {
  const rig = await ready();
  rig.standing.set(joe, calm);
  assert.equal(await signer(rig, joe), 'domain');
  assert.equal(rig.probation.text(joe, calm), '');
  rig.standing.set(joe, { ...calm, hasWeakPassword: true });
  assert.match(await signer(rig, joe), /^k/);
});

test('made-up senders of local mail use up no keys', async () => {
  const rig = await ready();
  const local = 'local:one@example.org' as Account;
  for (const account of [local, 'local:two@example.org' as Account]) {
    assert.equal(await signer(rig, account), 'domain');
  }
  assert.equal(rig.probation.text(local, watched), '');
  assert.match(await signer(rig, joe), /^k/);
});

test('two messages at once get one key, and wait until it is written down', async () => {
  const rig = await ready();
  const found: string[] = [];
  const take = (own: OwnSigning | undefined): void => {
    found.push(own?.keys[0]?.selector ?? 'domain');
  };
  rig.probation.of(joe, 'example.org', take);
  rig.probation.of(joe, 'example.org', take);
  assert.deepEqual(found, [], 'nothing is signed before the ledger has it');
  await rig.time.pass(hourMs / 60);
  assert.equal(found.length, 2);
  assert.equal(new Set(found).size, 1);
  assert.equal(rig.ledger.keyHolders().length, 1);
});

test('if the ledger takes no writes, the key of the domain signs', async () => {
  const rig = await ready();
  rig.disk.broken = true;
  let own: OwnSigning | undefined | 'waits' = 'waits';
  rig.probation.of(joe, 'example.org', (found) => {
    own = found;
  });
  await rig.time.pass(minuteMs);
  assert.equal(own, undefined);
});

test('a suspension revokes what the account has, at once, and nothing else', async () => {
  const rig = await ready();
  const [joes, anns] = [await signer(rig, joe), await signer(rig, ann)];
  const wait = Promise.withResolvers<void>();
  rig.zone.wait = wait.promise;
  await after(rig, rig.probation.revoke(joe, rig.time.now()));
  assert.equal(rig.zone.sent.at(-1), `revoked ${joes}`, 'before any look at DNS');
  wait.resolve();
  assert.deepEqual([stateOf(rig, joes), stateOf(rig, anns)], ['revoked', 'signing']);
  assert.equal(rig.signers(), 'r20260105');
  assert.equal(await signer(rig, ann), anns);
  assert.notEqual(
    await signer(rig, joe),
    joes,
    'what is held now gets another key, or the domain’s',
  );
  const audit = rig.ledger.audit({ account: 'example.org', limit: 9 });
  assert.ok(audit.some(({ detail }) => detail === `${joes}: revoked`));
});

test('what the account got after the suspension is not revoked by a second run', async () => {
  const rig = await ready();
  const first = await signer(rig, joe);
  const at = rig.time.now();
  await after(rig, rig.probation.revoke(joe, at));
  rig.time.jump(minuteMs);
  const second = await signer(rig, joe);
  await after(rig, rig.probation.revoke(joe, at));
  assert.deepEqual([stateOf(rig, first), stateOf(rig, second)], ['revoked', 'signing']);
});

test('a refused update and a full disk: it is tried again each minute, and told', async () => {
  const rig = await ready();
  const joes = await signer(rig, joe);
  rig.disk.broken = true;
  const revoking = rig.probation.revoke(joe, rig.time.now());
  await rig.time.pass(10_000);
  await revoking;
  assert.equal(stateOf(rig, joes), 'signing', 'it could not be written down');
  rig.disk.broken = false;
  rig.zone.refuses = true;
  await rig.time.pass(2 * minuteMs);
  assert.equal(stateOf(rig, joes), 'revoked');
  await rig.time.pass(7 * minuteMs);
  assert.match(
    rig.troubles.get('probation keys') ?? '',
    /^1 revoked probation key may still verify: /,
  );
  rig.zone.refuses = false;
  await rig.time.pass(3 * minuteMs);
  assert.equal(rig.zone.sent.at(-1), `revoked ${joes}`);
  assert.equal(rig.troubles.size, 0);
});

test('a false alarm publishes the record again for mail on its way', async () => {
  const rig = await ready();
  const joes = await signer(rig, joe);
  const at = rig.time.now();
  await after(rig, rig.probation.revoke(joe, at));
  assert.equal(await after(rig, rig.probation.restore(joe, at)), undefined);
  assert.equal(rig.zone.sent.at(-1), `key ${joes}`);
  assert.equal(stateOf(rig, joes), 'retiring');
  assert.equal(rig.zone.shown.get(`${joes}._domainkey.example.org`), 'everywhere');
  // An update that gets lost is sent again.
  rig.zone.shown.set(`${joes}._domainkey.example.org`, 'revoked');
  await rig.pass(2 * hourMs);
  assert.equal(rig.zone.shown.get(`${joes}._domainkey.example.org`), 'everywhere');
  assert.notEqual(await signer(rig, joe), joes);
});

test('what was revoked before this suspension stays revoked', async () => {
  const rig = await ready();
  const joes = await signer(rig, joe);
  await after(rig, rig.probation.revoke(joe, rig.time.now()));
  rig.time.jump(dayMs);
  await after(rig, rig.probation.restore(joe, rig.time.now()));
  assert.equal(stateOf(rig, joes), 'revoked');
});

test('a key that signed nothing for long retires, and leaves no row behind', async () => {
  const rig = await ready();
  const joes = await signer(rig, joe);
  await rig.pass(9 * dayMs);
  assert.equal(await signer(rig, joe), joes);
  await rig.pass(9 * dayMs);
  assert.equal(stateOf(rig, joes), 'signing');
  await rig.pass(2 * dayMs);
  assert.equal(stateOf(rig, joes), 'retiring');
  await rig.pass(11 * dayMs);
  assert.equal(stateOf(rig, joes), 'revoked');
  await rig.pass(31 * dayMs);
  assert.equal(stateOf(rig, joes), 'forgotten');
  assert.deepEqual(rig.ledger.keyHolders(), []);
  assert.ok(!rig.files.files.has(`example.org/${joes}.pem`));
  assert.ok(!rig.zone.shown.has(`${joes}._domainkey.example.org`));
});

test('turned off, all of them go, and the key of the domain stays', async () => {
  const rig = await ready();
  const joes = await signer(rig, joe);
  await rig.pass(3 * hourMs);
  rig.setting.enabled = false;
  assert.equal(await signer(rig, joe), 'domain');
  await rig.pass(2 * hourMs);
  assert.equal(stateOf(rig, joes), 'retiring');
  await rig.pass(45 * dayMs);
  assert.equal(rig.states(), 'r20260105 signing');
});

test('the keys of the domain rotate as without them', async () => {
  const rig = await ready();
  const joes = await signer(rig, joe);
  const said = await after(rig, rig.keys.admin.rotate('example.org', 'op'));
  assert.match(words(said), /^yes: example\.org: made r20260105-2 \(.*\) to follow r20260105 \(/);
  await rig.pass(3 * hourMs);
  assert.equal(rig.signers(), 'r20260105-2');
  assert.equal(await signer(rig, joe), joes);
  // Retiring an account's key by hand gives the account another one, and the domain no new key.
  const one = { domain: 'example.org', selector: joes };
  const retired = await after(rig, rig.keys.admin.retire(one, { compromised: true }, 'op'));
  assert.match(words(retired), /^yes: .* no longer signs, and is revoked$/);
  assert.match(await signer(rig, joe), /^k/);
});

test('without dynamic updates no account has a key of its own', async () => {
  const rig = openKeysRig();
  rig.zone.updates = false;
  await after(rig, rig.keys.admin.make({ ...both, algorithms: ['rsa-sha256'] }, 'op'));
  const [made] = rig.keys.admin.list();
  rig.zone.shown.set(made?.record.name ?? '', 'everywhere');
  Object.assign(rig.setting, policy);
  await rig.pass(5 * hourMs);
  const all = { ...rig, ...openProbationRig(rig) };
  assert.equal(rig.states(), 'r20260105 signing');
  assert.equal(await signer(all, joe), 'domain');
});
