/** A damaged reason in the ledger hides neither its row nor the other rows of a list. */
import { strict as assertStrict } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { withShownReasons } from '../../src/core/explain.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { incidentRow, storyRow } from './samples.ts';

const stored = [null, 5, 'x', [], {}, { signal: 7 }, { signal: 'old', text: 3 }];
const unnumbered = { signal: 'virus', virus: 'Eicar', saw: '1', usual: null };

test('what is no reason is left out, and a number that cannot be read is 0', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-damaged-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'ledger.db');
  const made = openLedger(path);
  made.write(
    [
      { kind: 'story', row: storyRow() },
      { kind: 'incident', row: incidentRow() },
    ],
    { durable: true },
  );
  made.close();
  const database = new DatabaseSync(path);
  for (const table of ['story', 'incident']) {
    database
      .prepare(`UPDATE ${table} SET reasons = ?`)
      .run(JSON.stringify([...stored, unnumbered, { ...unnumbered, signal: 'moon-phase' }]));
  }
  database.close();
  const ledger = openLedger(path);
  t.after(() => ledger.close());
  for (const rows of [ledger.stories({ limit: 9 }), ledger.incidents({ limit: 9 })]) {
    const [row] = rows.map(withShownReasons);
    const none = { saw: 0, usual: 0, weight: 0 };
    assertStrict.deepEqual(row?.reasons, [
      { signal: 'virus', text: 'ClamAV found Eicar in this message', ...none },
      {
        signal: 'moon-phase',
        text: 'moon-phase: this version of Postern cannot read what was stored about it',
        ...none,
      },
    ]);
  }
});
