import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedKeyFiles, ScriptedKeyZone } from '../../../test/doubles/keys.ts';
import { ManualTime } from '../../../test/ledger/manual-time.ts';
import type { Notice } from '../../core/notice.ts';
import { inMemory, openLedger } from '../../ledger/sqlite/open.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { AdminResult, NewKeys } from '../../ports/admin.ts';
import type { Ledger } from '../../ports/ledger.ts';
import { type Journal, openJournal, type Timers } from '../journal/journal.ts';
import { openNotices } from '../notices/notices.ts';
import { openSigningKeys, type SigningKeys } from './signing-keys.ts';

const policy = {
  everyMs: 0,
  settleMs: hourMs,
  withdrawAfterMs: 10 * dayMs,
  removeAfterMs: 30 * dayMs,
};
const both: NewKeys = {
  domain: 'example.org',
  algorithms: ['rsa-sha256', 'ed25519-sha256'],
  selector: undefined,
  bits: 2048,
};

type Rig = {
  readonly keys: SigningKeys;
  readonly files: ScriptedKeyFiles;
  readonly zone: ScriptedKeyZone;
  readonly time: ManualTime;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly told: readonly Notice[];
  readonly logged: readonly string[];
  readonly disk: { broken: boolean };
  readonly policy: { everyMs: number };
  /** Time passes with a look every so often. */
  pass(ms: number): Promise<void>;
  states(): string;
  signers(): string;
};

type From = Partial<Pick<Rig, 'files' | 'zone' | 'time' | 'ledger'>> & { readonly timers?: Timers };

function openRig(from: From = {}): Rig {
  const { files = new ScriptedKeyFiles(), zone = new ScriptedKeyZone() } = from;
  const time = from.time ?? new ManualTime(Date.UTC(2026, 0, 5, 10));
  const ledger = from.ledger ?? openLedger(inMemory);
  const logged: string[] = [];
  const told: Notice[] = [];
  const disk = { broken: false };
  const log = (level: string, event: string): void => void logged.push(`${level} ${event}`);
  const clock = { now: () => time.now() };
  const written: Ledger = {
    ...ledger,
    write(changes, how) {
      if (disk.broken) throw new OperatorError('ledger-write', 'the disk is full');
      ledger.write(changes, how);
    },
  };
  const count = (): void => {};
  // Its ticks would be millions in what these tests let pass.
  const timers = from.timers ?? { every: () => () => {}, soon: (run) => time.soon(run) };
  const journal = openJournal({ ledger: written, timers, log, count, onState: () => {} });
  const channel = { name: 'mail', send: async (notice: Notice) => void told.push(notice) } as const;
  const notices = openNotices({ journal, channels: [channel], clock, timers: time, log, count });
  let ids = 0;
  const now = { ...policy };
  const keys = openSigningKeys({
    journal,
    files,
    zone,
    notices,
    clock,
    timers: time,
    log,
    host: 'mail.test',
    policy: () => now,
    newId: () => `id-${++ids}`,
    iso: (at: Millis) => new Date(at).toISOString(),
  });
  return {
    keys,
    files,
    zone,
    time,
    ledger,
    journal,
    told,
    logged,
    disk,
    policy: now,
    states: () =>
      keys.admin
        .list()
        .map(({ selector, state }) => `${selector} ${state}`)
        .join(', '),
    async pass(ms) {
      const looks = Math.min(100, Math.ceil(ms / (10 * minuteMs)));
      for (let look = 0; look < looks; look++) {
        time.jump(ms / looks);
        await keys.stepNow();
      }
      await time.pass(30_000); // for notices to go out
    },
    signers: () =>
      keys
        .of('example.org')
        .map(({ selector }) => selector)
        .join(' '),
  };
}

async function after<Value>(rig: Rig, what: Promise<Value>): Promise<Value> {
  let ended = false;
  void what.finally(() => {
    ended = true;
  });
  for (let turn = 0; turn < 50 && !ended; turn++) await rig.time.settle();
  return what;
}

const words = (said: AdminResult): string => `${said.ok ? 'yes' : 'no'}: ${said.text}`;

test('two keys are made, sent, seen, and sign after a while; each by itself', async () => {
  const rig = openRig();
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

test('by hand: the operator gets the record, once, and it waits for him', async () => {
  const rig = openRig();
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
  const rig = openRig({ time, timers: time });
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
  let rig = openRig();
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
    rig = openRig(rig);
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

test('compromised: out at once, before any look at DNS, and a new key in its place', async () => {
  const rig = openRig();
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
    /^yes: r20260105 of example\.org signs no more, and is revoked; made r20260105-2 \(RSA, 2048 bits\) in its place; nothing signs for example\.org now$/,
  );
  await rig.pass(3 * hourMs);
  assert.equal(rig.signers(), 'r20260105-2');
});

const rsa = (selector: string): NewKeys => ({ ...both, algorithms: ['rsa-sha256'], selector });
const named = (selector: string) => ({ domain: 'example.org', selector });

test('a step that takes its time is not begun again, and commands do not wait for its looks', async () => {
  const rig = openRig();
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
  assert.match(words(await after(rig, retiring)), /^yes: s1 of example\.org signs no more/);
  await time.settle();
  const names = rig.zone.looked.filter((name) => name.startsWith('s1.'));
  assert.ok(names.length <= 3, `${names.length} looks: that of the step, those of the command`);
});

test('what was seen of a key before a command changed it is not held against it', async () => {
  const rig = openRig();
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

test('between two updates of a step a command has its turn, and what it overtook is not done', async () => {
  const rig = openRig();
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

test('retired, rotated, and what makes no sense', async () => {
  const rig = openRig();
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

test('a key whose file cannot be used does not sign, and comes back with it', async () => {
  const rig = openRig();
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
  let rig = openRig();
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
  rig = openRig(rig);
  rig.files.stuck.clear();
  await rig.pass(10 * minuteMs);
  assert.ok(!rig.files.files.has('example.org/s1.pem'));
  assert.equal(file(), 'gone ', 'noted only now');
  assert.equal(rig.ledger.dkimKeys()[0]?.file, '');
});

test('an update that is refused is sent again; silence changes nothing', async () => {
  const rig = openRig();
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
