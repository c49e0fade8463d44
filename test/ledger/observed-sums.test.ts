/** The sums of what was only observed are read from an index alone: mail waits meanwhile. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { observedSql } from '../../src/ledger/sqlite/tables/stories.ts';

test('no row of a message is read for the sums', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pos-'));
  try {
    const path = join(folder, 'ledger.db');
    openLedger(path).close();
    const database = new DatabaseSync(path, { readOnly: true });
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${observedSql}`).all(0, 10);
    database.close();
    const text = plan.map(({ detail }) => String(detail)).join('\n');
    assert.match(text, /USING COVERING INDEX story_observed/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
