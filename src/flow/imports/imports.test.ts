/**
 * Imported contacts: known at once and after a restart, without networks and peaks; bounded; undone
 * but for those the account has written to since.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { importedMax } from '../../core/imports/imported.ts';
import { dayMs } from '../../lib/time.ts';
import type { ImportPart, ImportResult } from '../../ports/imports/imports.ts';

const mover = 'mover@here.test';
const people = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, nth) => `friend${from + nth}@elsewhere.test`);

type Rig = ReturnType<typeof openRig>;
type Done = Extract<ImportResult, { ok: true }>;

async function add(rig: Rig, more: Partial<ImportPart> = {}): Promise<Done> {
  const part = { account: mover, id: undefined, addresses: people(300), source: 'contacts.vcf' };
  const how = { note: '', unknown: true, dryRun: false };
  const done = await rig.admin.imports.add({ ...part, ...how, ...more }, 'op');
  assert.ok(done.ok, done.text);
  return done;
}

const shown = (rig: Rig) => rig.admin.account(mover)?.account;

test('imported people are no strangers, at once and after a restart', async () => {
  const rig = openRig();
  assert.equal((await rig.mail({ account: mover, to: people(300) })).kind, 'hold');
  const fresh = openRig();
  const done = await add(fresh);
  assert.deepEqual([done.id, done.added, done.known, done.cut], [1, 300, 0, 0]);
  assert.equal((await fresh.mail({ account: mover, to: people(30) })).kind, 'pass');
  const again = openRig({ ledger: fresh.ledger, at: fresh.time.now() });
  assert.equal((await again.mail({ account: mover, to: people(30, 30) })).kind, 'pass');
  assert.equal(shown(again)?.importedRecipients, 300);
  assert.equal(shown(again)?.knownRecipients, 300);
  const [row] = again.ledger.audit({ account: mover, limit: 1 });
  assert.deepEqual(
    [row?.by, row?.action, row?.detail],
    ['op', 'import', 'import 1 of contacts.vcf'],
  );
});

test('nothing else is learned: no network, no peak, no From address', async () => {
  const rig = openRig();
  await add(rig);
  const profile = rig.accounts.known(mover as Account);
  assert.ok(profile !== undefined);
  assert.deepEqual([profile.networks, profile.days], [[], []]);
  assert.ok([...profile.peaks, ...profile.sums, ...profile.hours].every((one) => one === 0));
});

test('a second import adds to the first in parts, and what is known is said', async () => {
  const rig = openRig();
  const first = await add(rig, { addresses: people(200) });
  const second = await add(rig, { id: first.id, addresses: people(200, 100) });
  assert.deepEqual([second.id, second.added, second.known], [first.id, 100, 100]);
  const other = await add(rig, { addresses: ['<New@Elsewhere.test>', 'new@elsewhere.TEST'] });
  assert.deepEqual([other.id, other.added], [first.id + 1, 1], 'spellings of one address');
  const rows = rig.admin.imports.list(9).map(({ id, added }) => [id, added]);
  assert.deepEqual(rows, [
    [2, 1],
    [1, 300],
  ]);
  assert.equal(rig.ledger.audit({ account: mover, limit: 9 }).length, 2, 'one for each import');
});

test('an account gets at most 20,000, by all imports together', async () => {
  const rig = openRig();
  let id: number | undefined;
  for (let from = 0; from < importedMax; from += 5_000) {
    ({ id } = await add(rig, { id, addresses: people(5_000, from) }));
  }
  const done = await add(rig, { addresses: people(7, importedMax) });
  assert.deepEqual([done.added, done.cut], [0, 7]);
});

test('a dry run says what would be, and changes nothing', async () => {
  const rig = openRig();
  const done = await add(rig, { dryRun: true });
  assert.deepEqual([done.id, done.added], [0, 300]);
  assert.equal(shown(rig), undefined, 'not even the account');
  assert.deepEqual(rig.admin.imports.list(9), []);
});

test('an account that was never seen must be meant', async () => {
  const rig = openRig();
  const part = { account: mover, id: undefined, addresses: ['a@b.test'], source: 'x', note: '' };
  const done = await rig.admin.imports.add({ ...part, unknown: false, dryRun: false }, 'op');
  assert.ok(!done.ok && done.isUnknown);
});

test('undoing forgets what was added and not written to since, and nothing else', async () => {
  const rig = openRig();
  await rig.mail({ account: mover, to: ['old@elsewhere.test'] });
  const { id } = await add(rig, { addresses: [...people(1_200), 'old@elsewhere.test'] });
  await rig.mail({ account: mover, to: people(3) });
  const done = await rig.admin.imports.undo(id, 'op');
  assert.match(done.text, /import 1 undone: 1197 of 1200 .*; 3 stay, because mail has gone/);
  assert.equal(shown(rig)?.knownRecipients, 4);
  assert.equal(shown(rig)?.importedRecipients, 0);
  await rig.time.pass(10_000);
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  assert.equal(shown(again)?.knownRecipients, 4);
  const twice = await again.admin.imports.undo(id, 'op');
  assert.match(twice.text, /undone already/);
  const none = await again.admin.imports.undo(9, 'op');
  assert.ok(!none.ok && none.isUnknown);
  const part = { account: mover, id, addresses: ['a@b.test'], source: '', note: '' };
  const late = await again.admin.imports.add({ ...part, unknown: false, dryRun: false }, 'op');
  assert.match(late.text, /import 1 has ended or was undone/);
});

test('a false alarm does not give back what was undone', async () => {
  const rig = openRig();
  const { id } = await add(rig, { addresses: people(40) });
  const profile = rig.accounts.known(mover as Account);
  assert.ok(profile !== undefined);
  await rig.admin.suspend(mover, 'op', '');
  const book = [...profile.book].flat();
  profile.forgotten = { book: [...book, 7, 7], networks: [] };
  await rig.admin.imports.undo(id, 'op');
  const how = { by: 'op', note: '', falseAlarm: true, keepHeld: false };
  await rig.admin.release(mover, how);
  assert.deepEqual([...profile.book], [[7, 7]]);
});

test('after thirty days it can no longer be undone', async () => {
  const rig = openRig();
  const { id } = await add(rig);
  const later = openRig({ ledger: rig.ledger, at: rig.time.now() + 30 * dayMs });
  const done = await later.admin.imports.undo(id, 'op');
  assert.match(done.text, /older than 30 days/);
  assert.equal(shown(later)?.knownRecipients, 300);
});

test('a disk that is full: said, and what was added counts all the same', async () => {
  const rig = openRig();
  await rig.mail({ account: mover, to: ['old@elsewhere.test'] });
  rig.breakDisk(true);
  const part = { account: mover, id: undefined, addresses: people(3), source: 'x', note: '' };
  const wait = rig.admin.imports.add({ ...part, unknown: false, dryRun: false }, 'op');
  await rig.time.pass(10_000);
  const done = await wait;
  assert.ok(!done.ok);
  assert.match(done.text, /could not be written/);
  assert.equal(shown(rig)?.knownRecipients, 4);
});
