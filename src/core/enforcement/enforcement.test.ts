/** Whose mail is judged as in mode guard while the rest is observed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../account-name.ts';
import { enforcementOf, isEnforced, isEnforceEntry, reachesNobody } from './enforcement.ts';

const seed = 4_711;

test('domains and accounts are compared without case, and whole', () => {
  const part = enforcementOf([
    'domain:A.example',
    'account:Joe@b.example',
    'account:script:/x.php',
  ]);
  const cases = [
    ['x@a.example', true],
    ['x@A.EXAMPLE', true],
    ['x@sub.a.example', false],
    ['x@nota.example', false],
    ['joe@b.example', true],
    ['ann@b.example', false],
    ['script:/x.php', true],
    ['a.example', false],
    ['x@a.example@b.example', false],
  ] as const;
  for (const [account, enforced] of cases)
    assert.equal(isEnforced(part, account as Account, seed), enforced, account);
});

test('0 % alone is nobody', () => {
  const nobody = ['0%', '0.01%', '0%,account:a@b.example', '0%,domain:b.example'].map((list) =>
    reachesNobody(enforcementOf(list.split(','))),
  );
  assert.deepEqual(nobody, [true, false, false, false]);
});

test('a share has the same accounts at each start, other ones with another key, and grows', () => {
  const accounts = Array.from(
    { length: 4_000 },
    (_, i) => `user${i}@d${i % 70}.example` as Account,
  );
  const among = (text: string, key: number): readonly Account[] => {
    const part = enforcementOf([text]);
    return accounts.filter((account) => isEnforced(part, account, key));
  };
  const five = among('5%', seed);
  assert.ok(five.length > 150 && five.length < 250, `${five.length} of 4000 are some 5 %`);
  assert.deepEqual(among('5 %', seed), five);
  assert.notDeepEqual(among('5%', seed + 1), five);
  const ten = new Set(among('10%', seed));
  assert.ok(five.every((account) => ten.has(account)));
  assert.equal(among('100%', seed).length, accounts.length);
  assert.equal(among('0%', seed).length, 0);
});

test('what is no entry', () => {
  const wrong = ['', 'a.example', 'domain:', 'domain:a b', 'account:', '101%', '5', '-1%', 'all'];
  for (const entry of wrong) assert.equal(isEnforceEntry(entry), false, entry);
  for (const entry of ['0.5%', '100%', 'domain:a.example', 'account:user:www-data:<>'])
    assert.equal(isEnforceEntry(entry), true, entry);
});
