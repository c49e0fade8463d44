/** What an observation suggests: one declaration for many accounts, and none for a thief. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { dayBit, type SeenPair, type Standing, suggestedPairs } from './suggest.ts';

const from = 1_000_000 as Millis;
const pair = (account: string, address: string, more: Partial<SeenPair> = {}): SeenPair => ({
  account: account as Account,
  address,
  firstAt: from,
  lastAt: (from + dayMs) as Millis,
  messages: 3,
  days: 0b11,
  ...more,
});
const clear = (): Standing => ({ kind: 'clear' });
const words = (
  pairs: readonly SeenPair[],
  standing: (account: Account) => Standing = clear,
): readonly string[] =>
  suggestedPairs(pairs, standing).map(
    (one) =>
      `${one.account} ${one.address} ${one.messages}/${one.days}` +
      `${one.doubt === '' ? '' : ` ${one.doubt}`}${one.isSuggested ? '' : ' (not suggested)'}`,
  );

test('two logins are two declarations; three of a domain are one', () => {
  const two = [pair('joe@a.test', 'x@b.test'), pair('ann@a.test', 'y@b.test')];
  assert.deepEqual(words(two), ['ann@a.test y@b.test 3/2', 'joe@a.test x@b.test 3/2']);
  const three = [...two, pair('eve@a.test', 'x@b.test', { days: 0b100 })];
  assert.deepEqual(words(three), ['@a.test @b.test 9/3']);
});

test('an address that three logins share is all that is suggested', () => {
  const three = ['joe', 'ann', 'eve'].map((name) => pair(`${name}@a.test`, 'info@b.test'));
  assert.deepEqual(words(three), ['@a.test info@b.test 9/2']);
});

test('a login that wrote as many of a domain is looked at, and makes no group', () => {
  const all = ['joe', 'ann', 'eve'].map((name) => pair(`${name}@a.test`, '@b.test'));
  assert.deepEqual(
    words(all).map((line) => line.replace(/ \d\S* /, ' ')),
    ['ann', 'eve', 'joe'].map(
      (name) => `${name}@a.test @b.test a login wrote as many addresses of b.test`,
    ),
  );
  const host = words([pair('client:10.0.0.1', '@b.test')]);
  assert.deepEqual(host, ['client:10.0.0.1 @b.test 3/2']);
});

test('one login with three addresses stays one login', () => {
  const pairs = ['x', 'y', 'z'].map((local) => pair('joe@a.test', `${local}@b.test`));
  assert.equal(words(pairs).length, 3);
});

test('hosts, scripts and logins without a domain are never joined', () => {
  const pairs = ['client:10.0.0.1', 'client:10.0.0.2', 'client:10.0.0.3', 'joe', 'ann', 'eve'].map(
    (account) => pair(account, 'x@b.test'),
  );
  assert.equal(words(pairs).length, pairs.length);
});

test('what an account sent that was stopped is named last, and makes no group', () => {
  const standing = (account: Account): Standing =>
    account === 'eve@a.test'
      ? { kind: 'stopped', why: 'suspended' }
      : account === 'dan@a.test'
        ? { kind: 'doubted', why: 'watched' }
        : { kind: 'clear' };
  const pairs = ['eve', 'dan', 'joe', 'ann'].map((name, nth) =>
    pair(`${name}@a.test`, 'x@b.test', { messages: 10 - nth }),
  );
  assert.deepEqual(words(pairs, standing), [
    'dan@a.test x@b.test 9/2 watched',
    'joe@a.test x@b.test 8/2',
    'ann@a.test x@b.test 7/2',
    'eve@a.test x@b.test 10/2 suspended (not suggested)',
  ]);
});

test('each day has a bit of its own, and a clock that jumps back none below the first', () => {
  assert.equal(dayBit(from, from), 1);
  assert.equal(dayBit(from, (from + 13 * dayMs) as Millis), 1 << 13);
  assert.equal(dayBit(from, (from - dayMs) as Millis), 1);
  assert.ok(dayBit(from, (from + 999 * dayMs) as Millis) > 0);
});
