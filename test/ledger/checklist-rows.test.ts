/** What the ledger keeps of the checklist is read back whole; a ledger before it has none. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import type { Acknowledgement } from '../../src/core/checklist/memory/ack.ts';
import type { ChecklistChange, RememberedItem } from '../../src/core/checklist/memory/remember.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import type { Millis } from '../../src/lib/time.ts';
import { checklistItem } from '../doubles/checklist.ts';
import { earlierLedgers } from './earlier-ledgers.ts';

const folder = mkdtempSync(join(tmpdir(), 'plc-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }));
const at = (ms: number): Millis => ms as Millis;

const plainRow: RememberedItem = {
  item: checklistItem('a'),
  state: 'done',
  since: at(1),
  by: 'ann',
  foundAt: at(2),
  asRoot: false,
  unknownSince: undefined,
  unknownWhy: '',
  unknownNights: 0,
  told: undefined,
  flapsSince: undefined,
  changedAt: [],
};
const fullRow: RememberedItem = {
  item: checklistItem('b', {
    requiredBy: ['Gmail', 'Yahoo'],
    fix: 'one\ntwo "three"',
    follows: ['a'],
    due: { at: at(99), what: 'key s1' },
  }),
  state: 'not needed',
  since: at(3),
  by: 'Jörg 🦊',
  foundAt: at(4),
  asRoot: true,
  unknownSince: at(5),
  unknownWhy: 'why',
  unknownNights: 2,
  told: 'broken',
  flapsSince: at(6),
  changedAt: [at(1), at(2)],
};
const change: ChecklistChange = {
  at: at(7),
  id: 'b',
  what: 'acknowledgement ended',
  from: undefined,
  to: 'not needed',
  by: 'ann',
  text: 'x',
};
const ack: Acknowledgement = {
  id: 'b',
  state: 'missing',
  at: at(8),
  until: at(9),
  note: 'n',
  by: 'ann',
};

test('items, history and acknowledgements come back as they were, also for a reader', () => {
  const path = join(folder, 'ledger.db');
  const ledger = openLedger(path);
  const second: ChecklistChange = { ...change, id: 'a', what: 'state', from: 'broken' };
  ledger.write(
    [
      { kind: 'checklist-item', row: { ...plainRow, state: 'broken' } },
      { kind: 'checklist-item', row: plainRow },
      { kind: 'checklist-item', row: fullRow },
      { kind: 'checklist-item', row: { ...plainRow, item: checklistItem('c') } },
      { kind: 'checklist-gone', id: 'c' },
      { kind: 'checklist-change', row: change },
      { kind: 'checklist-change', row: second },
      { kind: 'acknowledgement', row: { ...ack, id: 'a' } },
      { kind: 'acknowledgement', row: ack },
      { kind: 'acknowledgement-ended', id: 'a' },
    ],
    { durable: true },
  );
  const reader = openLedger(path, { readOnly: true });
  for (const one of [ledger, reader]) {
    assert.deepEqual(one.checklistItems(), [plainRow, fullRow]);
    assert.deepEqual(one.acknowledgements(), [ack]);
    assert.deepEqual(one.checklistChanges({ limit: 9 }), [second, change]);
    assert.deepEqual(one.checklistChanges({ id: 'b', limit: 9 }), [change]);
    assert.deepEqual(one.checklistChanges({ limit: 1 }), [second]);
  }
  reader.close();
  ledger.close();
});

test('a ledger of the version before is read without a checklist, and stays as it is', () => {
  const path = join(folder, 'earlier.db');
  const database = new DatabaseSync(path);
  database.exec(earlierLedgers[14] ?? '');
  database.close();
  const reader = openLedger(path, { readOnly: true });
  assert.deepEqual(
    [reader.checklistItems(), reader.acknowledgements(), reader.checklistChanges({ limit: 9 })],
    [[], [], []],
  );
  reader.close();
  const after15 = new DatabaseSync(path, { readOnly: true });
  assert.equal(after15.prepare('PRAGMA user_version').get()?.['user_version'], 15);
  after15.close();
});
