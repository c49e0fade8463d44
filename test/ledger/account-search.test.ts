/** Accounts are found by what a person types: the whole name first, a part last. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import { accountOf } from './samples.ts';

const names = ['user5@b.example', 'user51@a.example', 'user5@a.example', 'x%user5@a.example'];

test('an account is found by its name; what only contains the text comes after', () => {
  const ledger = openLedger(inMemory);
  ledger.write(
    names.map((name) => accountOf(name as Account)),
    { durable: false },
  );
  const find = (text: string, limit = 9): readonly string[] =>
    ledger.findAccounts(text, limit).found.map(({ account }) => account);
  assert.deepEqual(find('user5'), [
    'user5@a.example',
    'user5@b.example',
    'user51@a.example',
    'x%user5@a.example',
  ]);
  assert.equal(find('user5@b.example')[0], 'user5@b.example');
  assert.deepEqual(find('USER51'), ['user51@a.example']);
  assert.deepEqual(find('%'), ['x%user5@a.example']);
  assert.equal(find('user5', 2).length, 2);
  assert.equal(ledger.findAccounts('user5', 2).count, 4);
  assert.deepEqual(ledger.findAccounts('_', 2), { found: [], count: 0 });
  ledger.close();
});
