/** Strangers choose how much is put off: a limit besides the age, and honest mail has its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import type { Millis } from '../../src/lib/time.ts';
import { nightAtRisk } from '../doubles/inbound.ts';

test('of mail that was put off, the latest are kept', () => {
  const ledger = openLedger(inMemory);
  const start = 1_795_000_000_000 as Millis;
  const [row] = nightAtRisk(start);
  assert.ok(row !== undefined);
  ledger.write(
    Array.from({ length: 50_300 }, (_, nth) => ({
      kind: 'inbound-deferred',
      row: { ...row, key: nth, isHonest: nth === 0, lastAt: (start + nth) as Millis },
    })),
    { durable: false },
  );
  const all = { messages: start, stories: start, statistics: start, imports: start };
  while (ledger.prune({ ...all, deferred: start, known: [] }));
  assert.equal(ledger.deferredOne(0)?.isHonest, true);
  for (const key of [1, 299]) assert.equal(ledger.deferredOne(key), undefined, String(key));
  for (const key of [300, 50_299]) assert.ok(ledger.deferredOne(key) !== undefined, String(key));
});
