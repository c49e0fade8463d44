/** Declarations: what may be typed, what is found, and what no declaration ever allows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dice } from '../../../test/ledger/dice.ts';
import type { Account } from '../account-name.ts';
import { mayWriteAsCommand } from '../unsigned-text.ts';
import {
  type Declaration,
  declaredAccount,
  declaredAddress,
  orderDeclarations,
} from './declaration.ts';
import { authorKey } from './place.ts';

const declared = (pairs: readonly (readonly [string, string])[]) =>
  orderDeclarations(
    pairs.map(([account, address]): Declaration => {
      const name = declaredAccount(account, 'home.test');
      const known = declaredAddress(address);
      assert.ok('account' in name && known !== undefined, `${account} ${address}`);
      return { account: name.account, address: known };
    }),
  );
const isFound = (
  pairs: readonly (readonly [string, string])[],
  account: string,
  address: string,
): boolean => declared(pairs).find(account as Account, authorKey(address), '+') !== undefined;

const cases: readonly (readonly [string, string, string, string, boolean])[] = [
  ['joe@a.test', 'Ceo@b.test', 'joe@a.test', 'ceo@b.test', true],
  ['joe@a.test', 'ceo@b.test', 'joe@a.test', 'ceo+news@b.test', true],
  ['joe@a.test', 'ceo@b.test', 'ann@a.test', 'ceo@b.test', false],
  ['joe@a.test', 'ceo@b.test', 'joe@a.test', 'cfo@b.test', false],
  ['joe', 'ceo@b.test', 'joe@home.test', 'ceo@b.test', true],
  ['joe@a.test', '@b.test', 'joe@a.test', 'any@b.test', true],
  ['joe@a.test', '@b.test', 'joe@a.test', 'any@mail.b.test', false],
  ['joe@a.test', '@b.test', 'joe@a.test', 'any@xb.test', false],
  ['joe@a.test', '@*.b.test', 'joe@a.test', 'any@mail.b.test', true],
  ['joe@a.test', '@*.b.test', 'joe@a.test', 'any@b.test', false],
  ['joe@a.test', '@*.b.test', 'joe@a.test', 'any@xb.test', false],
  ['joe@a.test', '@bücher.test', 'joe@a.test', 'x@xn--bcher-kva.test', true],
  ['@a.test', '@b.test', 'ann@a.test', 'x@b.test', true],
  ['@a.test', '@b.test', 'ann@sub.a.test', 'x@b.test', false],
  ['@a.test', '@b.test', 'local:ann@a.test', 'x@b.test', false],
  ['client:10.0.0.0/24', '@b.test', 'client:10.0.0.77', 'x@b.test', true],
  ['client:10.0.0.0/24', '@b.test', 'client:10.0.1.77', 'x@b.test', false],
  ['client:10.0.0.0/24', '@b.test', 'client:?', 'x@b.test', false],
  ['client:2001:db8::/32', '@b.test', 'client:2001:db8::9', 'x@b.test', true],
  ['client:2001:DB8:0::1', '@b.test', 'client:2001:db8::1', 'x@b.test', true],
  ['script:/var/www/*/mail.php', '@b.test', 'script:/var/www/b/mail.php', 'x@b.test', true],
  ['script:/var/www/*/mail.php', '@b.test', 'script:/var/www/b/x/mail.php', 'x@b.test', false],
  ['script:/var/www/**', '@b.test', 'script:/var/www/../etc/x', 'x@b.test', false],
  ['user:www-data', 'x@b.test', 'user:www-data', 'x@b.test', true],
  ['user:www-data', 'x@b.test', 'user:www-data:<>', 'x@b.test', true],
  ['user:www-data', 'x@b.test', 'www-data', 'x@b.test', false],
  ['client:10.0.0.5', '*', 'client:10.0.0.5', 'anybody@any.test', true],
  ['client:10.0.0.5', '*', 'client:10.0.0.6', 'anybody@any.test', false],
  ['local:*', '@b.test', 'local:x@c.test', 'x@b.test', true],
  ['local:X@C.test', '@b.test', 'local:x@c.test', 'x@b.test', true],
];
for (const [account, address, by, as, expected] of cases) {
  test(`${account} ${address}: ${by} ${expected ? 'may' : 'may not'} write as ${as}`, () => {
    assert.equal(isFound([[account, address]], by, as), expected);
  });
}

test('what is no account or no address is not taken', () => {
  for (const name of [
    '',
    '@',
    '@a b',
    'client:x',
    'client:10.0.0.0/33',
    'script:x',
    'user:',
    '*',
    '192.0.2.7',
    '192.0.2.0/24',
    '2001:db8::1',
  ]) {
    assert.ok('fault' in declaredAccount(name, ''), name);
  }
  assert.ok('fault' in declaredAccount('joe\u202e@a.test', ''));
  for (const address of ['', '@', '@test', '@*', 'ceo', '@b..test', 'a b@b.test', '*@b.test']) {
    assert.equal(declaredAddress(address), undefined, address);
  }
});

test('the order and number of other declarations change no answer', () => {
  const { below: roll } = dice(7);
  const pick = <One>(list: readonly One[]): One => list[roll(list.length)] as One;
  const accounts = ['joe@a.test', 'ann@a.test', '@a.test', 'client:10.0.0.0/8', 'local:*'];
  const addresses = ['ceo@b.test', '@b.test', '@*.b.test', 'x@c.test'];
  const senders = ['joe@a.test', 'eve@z.test', 'client:10.1.2.3', 'local:q@q.test', 'script:/x'];
  const targets = ['ceo@b.test', 'ceo+1@b.test', 'y@m.b.test', 'x@c.test', 'x@d.test'];
  for (let round = 0; round < 500; round++) {
    const pairs = Array.from({ length: roll(6) }, () => [pick(accounts), pick(addresses)] as const);
    const [by, as] = [pick(senders), pick(targets)];
    const alone = pairs.some((pair) => isFound([pair], by, as));
    assert.equal(isFound(pairs, by, as), alone, JSON.stringify({ pairs, by, as }));
    assert.equal(isFound([...pairs].reverse(), by, as), alone);
  }
});

test('the words that are printed declare the same again', () => {
  const pair = { account: 'script:/var/www/**', address: '@*.b.test' };
  assert.equal(
    mayWriteAsCommand(pair),
    "postern accounts may-write-as 'script:/var/www/**' '@*.b.test'",
  );
});
