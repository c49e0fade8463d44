/** Announced mailings and imports in the ledger: stored, forgotten, removed, read by a command. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { ImportRow } from '../../src/ports/imports/imports.ts';
import type { Change } from '../../src/ports/ledger.ts';
import { clubMailing } from '../doubles/mailings.ts';
import { accountOf, ann, at, joe } from './samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'plm-'));
after(() => rmSync(folder, { recursive: true }));

const row: ImportRow = {
  id: 4,
  account: joe,
  at: at(1_000),
  by: 'op',
  source: 'contacts of lena@world.test',
  note: 'moved here',
  added: 2,
  undoneAt: undefined,
};
const club = clubMailing(at(5_000));
const stored: readonly Change[] = [
  { kind: 'mailing', row: club },
  { kind: 'mailing', row: { ...club, account: ann, left: 3 } },
  accountOf(joe, { learned: [11, 5, 22, 5] }),
  accountOf(ann, { learned: [11, 5] }),
  { kind: 'import', row },
  { kind: 'import', row: { ...row, account: ann, added: 1 } },
  { kind: 'imported', id: 4, account: joe, recipients: [22, 11] },
  { kind: 'imported', id: 4, account: ann, recipients: [11] },
];

test('they are kept, and a row replaces the earlier one', () => {
  const ledger = openLedger(inMemory);
  ledger.write(stored, { durable: true });
  assert.deepEqual(ledger.mailings(), [{ ...club, account: ann, left: 3 }, club]);
  assert.deepEqual(ledger.imports(), [{ ...row, account: ann, added: 1 }, row]);
  assert.deepEqual(ledger.importedOf(4, joe), [11, 22]);
  assert.deepEqual(ledger.importedOf(5, joe), []);
  ledger.write(
    [
      { kind: 'mailing', row: { ...club, left: 0 } },
      { kind: 'import', row: { ...row, undoneAt: at(9_000) } },
      { kind: 'not-imported', account: joe, recipients: [11, 99] },
    ],
    { durable: true },
  );
  assert.equal(ledger.mailings()[1]?.left, 0);
  assert.equal(ledger.imports()[1]?.undoneAt, 9_000);
  assert.deepEqual(ledger.importedOf(4, joe), [22]);
  assert.deepEqual(ledger.importedOf(4, ann), [11]);
  ledger.close();
});

test('a person is forgotten in them, by hash and in texts', () => {
  const ledger = openLedger(inMemory);
  ledger.write(stored, { durable: true });
  ledger.forget({ address: 'lena@world.test', hashes: [11] }, { dryRun: false });
  assert.deepEqual([ledger.importedOf(4, joe), ledger.importedOf(4, ann)], [[22], []]);
  assert.ok(ledger.imports().every(({ source }) => !source.includes('lena@world.test')));
  ledger.close();
});

test('what cannot be undone any longer goes; the import stays, so that no id comes twice', () => {
  const ledger = openLedger(inMemory);
  ledger.write(stored, { durable: true });
  const never = { messages: at(0), stories: at(0), statistics: at(0), deferred: at(0) };
  const pruned = (imports: Millis): boolean => ledger.prune({ ...never, known: [], imports });
  assert.equal(pruned(at(1_000)), false);
  while (pruned(at(1_001)));
  assert.deepEqual(ledger.importedOf(4, joe), []);
  assert.equal(ledger.imports().length, 2);
  assert.deepEqual([...(ledger.loadAccount(joe)?.recipients ?? [])], [11, 22], 'still known');
  ledger.close();
});

test('a made-up account takes its rows along', () => {
  const ledger = openLedger(inMemory);
  ledger.write(stored, { durable: true });
  while (ledger.removeAccount(ann) > 0);
  assert.deepEqual(ledger.importedOf(4, ann), []);
  assert.deepEqual(
    [ledger.mailings(), ledger.imports()].flat().map(({ account }) => account),
    [club.account, joe],
  );
  ledger.close();
});

test('a command reads them beside the guard', () => {
  const path = join(folder, 'ledger.db');
  const ledger = openLedger(path);
  ledger.write(stored, { durable: true });
  const reader = openLedger(path, { readOnly: true });
  assert.equal(reader.mailings().length, 2);
  assert.equal(reader.imports().length, 2);
  reader.close();
  ledger.close();
});
