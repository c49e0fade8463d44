/** Probation keys and their accounts in the ledger. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import { at, dkimKey, keyHolder } from './samples.ts';

test('a probation key has a holder, and both go together', () => {
  const ledger = openLedger(inMemory);
  const own = dkimKey({ selector: 'kx1', use: 'probation' });
  ledger.write(
    [
      { kind: 'dkim-key', row: dkimKey() },
      { kind: 'dkim-key', row: own },
      { kind: 'key-holder', row: keyHolder() },
      { kind: 'key-holder', row: keyHolder({ usedAt: at(99_000) }) },
    ],
    { durable: true },
  );
  assert.deepEqual(ledger.dkimKeys(), [own, dkimKey()]);
  assert.deepEqual(ledger.keyHolders(), [keyHolder({ usedAt: at(99_000) })]);
  const gone = { kind: 'dkim-key-forgotten', domain: own.domain, selector: 'kx1' } as const;
  ledger.write([gone], { durable: true });
  assert.deepEqual([ledger.dkimKeys(), ledger.keyHolders()], [[dkimKey()], []]);
  ledger.close();
});
