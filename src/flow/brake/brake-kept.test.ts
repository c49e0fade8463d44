/** The brake in the running guard: told once, kept over a restart, ended by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedScan } from '../../../test/doubles/scan.ts';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import { suspendAt } from '../../core/account/signals.ts';
import type { Account } from '../../core/account-name.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';

const account = (nth: number): Account => `user${nth}@here.test` as Account;
const contact = (nth: number, i = 0): readonly string[] => [`friend${nth}.${i}@elsewhere.test`];

/** A scanner calls all mail spam: each account writes to new friends until mail is stopped. */
async function wrongScanner(rig: FlowRig, accounts: number, messages = 6): Promise<void> {
  for (let nth = 0; nth < accounts; nth++) {
    for (let i = 0; i < messages; i++) {
      const scan = scriptedScan(20);
      await rig.mail({ account: account(nth), to: contact(nth, i), scan, id: `m${nth}x${i}` });
      await rig.time.pass(1_000);
    }
  }
}

const states = (rig: FlowRig, accounts: number): readonly (string | undefined)[] =>
  Array.from({ length: accounts }, (_, nth) => rig.accounts.known(account(nth))?.state);

async function on(): Promise<FlowRig> {
  const rig = openRig();
  await wrongScanner(rig, 9);
  await rig.time.pass(minuteMs);
  return rig;
}

test('the sixth stop pulls it: nobody is suspended any more, and mail passes', async () => {
  const rig = await on();
  const suspended = states(rig, 9).filter((state) => state === 'suspended').length;
  assert.ok(suspended > 0 && suspended <= 5, `${suspended} suspended`);
  assert.equal(states(rig, 9)[8], 'watched');
  const answer = await rig.mail({ account: account(8), to: contact(8), scan: scriptedScan(20) });
  assert.equal(answer.kind, 'pass');
  const far = Array.from({ length: 40 }, (_, i) => `s${i}@far.test`);
  const both = await rig.mail({ account: account(8), to: far, scan: scriptedScan(20) });
  assert.equal(both.kind, 'hold', 'numbers and content agree');
  const told = rig.taken.filter(({ notice }) => notice.event === 'guard.brake');
  assert.deepEqual(told.map(({ channel }) => channel).sort(), ['mail', 'webhook']);
  assert.match(told[0]?.notice.reasons.map(({ text }) => text).join('\n') ?? '', /URI_PHISH/);
  const { troubles } = rig.admin.status();
  assert.match(troubles[0] ?? '', /^The brake is on since .* \(postern brake\)$/);
  assert.equal(rig.counted.get('postern_brake_pulls_total'), 1);
  const [row] = rig.journal.live.audit({ limit: 1 }).filter(({ action }) => action === 'brake');
  assert.deepEqual([row?.by, row?.detail.startsWith('on: 6 accounts')], ['guard', true]);
});

test('a restart keeps it, and what was counted', async () => {
  const rig = await on();
  const before = rig.admin.brake.view();
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  const after = again.admin.brake.view();
  assert.deepEqual([after.on, after.startedAt, after.why], [true, before.startedAt, before.why]);
  const passes = await again.mail({ account: account(7), to: contact(7), scan: scriptedScan(20) });
  assert.equal(passes.kind, 'pass');
});

test('a memory that cannot be read is as if there was none', async () => {
  const rig = await on();
  await rig.journal.committed([{ kind: 'meta', key: 'brake', value: '{"stops":7' }]);
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  assert.equal(again.admin.brake.view().on, false);
  assert.ok(again.logged.includes('error brake.unread'));
});

test('ended by hand: the scanner’s word is forgotten, and clean mail passes at once', async () => {
  const rig = await on();
  const done = await rig.admin.brake.set({ on: false, right: false }, 'op', 'rules are repaired');
  assert.ok(done.ok);
  assert.equal(rig.admin.brake.view().on, false);
  await rig.time.pass(minuteMs);
  const clean = await rig.mail({ account: account(8), to: contact(8), scan: scriptedScan(0) });
  assert.equal(clean.kind, 'pass');
  assert.notEqual(rig.accounts.known(account(8))?.state, 'suspended');
  const rows = rig.journal.live.audit({ limit: 9 }).filter(({ by }) => by === 'op');
  assert.ok(rows.some(({ detail }) => detail === 'ended: rules are repaired'));
  const twice = await rig.admin.brake.set({ on: false, right: false }, 'op', '');
  assert.equal(twice.text, 'the brake is off already');
});

test('what the brake held waits for nobody when it is over', async () => {
  const rig = openRig();
  const traveller = account(20);
  await rig.mail({ account: traveller, to: contact(20), client: '192.0.2.1' });
  rig.time.jump(2 * dayMs);
  await wrongScanner(rig, 9);
  const sent = { account: traveller, scan: scriptedScan(20), client: '203.0.113.9' };
  const kinds: string[] = [];
  for (let nth = 0; nth < 14; nth++) {
    kinds.push((await rig.mail({ ...sent, to: [`x${nth}@elsewhere.test`] })).kind);
  }
  assert.ok(kinds.includes('hold'), 'the scanner and a new network agree');
  const profile = rig.accounts.known(traveller);
  assert.ok(profile !== undefined && profile.evidence >= suspendAt, `${profile?.evidence}`);
  assert.equal(profile.lockedAt, 0);
});

test('the stops were right: accounts are suspended again', async () => {
  const rig = await on();
  await rig.admin.brake.set({ on: false, right: true }, 'op', '');
  await wrongScanner(rig, 9, 3);
  assert.ok(states(rig, 9).every((state) => state === 'suspended'));
  assert.equal(rig.admin.brake.view().on, false);
  assert.ok(rig.admin.brake.view().offUntil > rig.time.now());
});

test('one command frees what was held for nothing but the common evidence', async () => {
  const rig = await on();
  const far = Array.from({ length: 40 }, (_, i) => `s${i}@far.test`);
  await rig.mail({ account: account(8), to: far, scan: scriptedScan(20), id: 'both' });
  const held = rig.journal.live.held({ state: 'held', limit: 99 });
  const dry = await rig.admin.brake.release({ by: 'op', dryRun: true });
  assert.ok(dry.ok && dry.count > 0 && dry.count < held.length, dry.text);
  assert.match(dry.text, /would be released: .*; suspended before the brake came on: /);
  assert.equal(rig.journal.live.held({ state: 'held', limit: 99 }).length, held.length);
  const done = await rig.admin.brake.release({ by: 'op', dryRun: false });
  assert.ok(done.ok && done.count === dry.count, done.text);
  const left = rig.journal.live.held({ state: 'held', limit: 99 }).map(({ queueId }) => queueId);
  assert.ok(left.includes('both'), 'two kinds of evidence');
});

test('by hand on a calm day: it stays on, and nobody gets a notice', async () => {
  const rig = openRig();
  await rig.admin.brake.set({ on: true }, 'op', 'new rules');
  await rig.time.pass(3 * hourMs);
  assert.equal(rig.admin.brake.view().on, true);
  assert.deepEqual(rig.taken, []);
});
