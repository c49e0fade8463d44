import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientAddress } from '../formats/postfix/client-address.ts';
import { parseQueueId } from '../formats/postfix/queue-id.ts';
import { accountOf, clientAccount, fromXtext, localAccount } from './account-name.ts';

const logins = [
  ['capitals and the default domain', 'Bob', 'bob@d.example'],
  ['a domain of its own', 'bob@D.example', 'bob@d.example'],
  ['white space', '  bob\t', 'bob@d.example'],
  ['the dot of the root', 'bob@d.example.', 'bob@d.example'],
  ['a control character', 'b\u0000b', 'b?b@d.example'],
  ['a character that hides', 'b\u202eob', 'b?ob@d.example'],
  ['nothing that can be shown', ' ', 'login:?'],
  ['a name that only we give', 'client:10.0.0.1', 'login:client:10.0.0.1@d.example'],
  ['composed and not', 'Ju\u0308rgen', 'jürgen@d.example'],
] as const;
for (const [name, login, account] of logins) {
  test(`account of a login: ${name}`, () => assert.equal(accountOf(login, 'd.example'), account));
}

const known = { defaultDomain: 'd.example', domains: new Set(['d.example']) };
for (const [login, account] of [
  ['bob@r1.example', 'bob@d.example'],
  ['bob@D.example', 'bob@d.example'],
  ['bob', 'bob@d.example'],
  ['bob@x@d.example', 'bob@d.example'],
  ['@r1.example', '@r1.example'],
] as const) {
  test(`where only some domains count, ${login} is ${account}`, () =>
    assert.equal(accountOf(login, known), account));
}

test('where no domain counts, a login is its user', () => {
  const none = { defaultDomain: '', domains: new Set<string>() };
  assert.deepEqual(
    ['bob', 'bob@r1.example', 'bob@d.example'].map((login) => accountOf(login, none)),
    ['bob', 'bob', 'bob'],
  );
});

test('without a default domain a login stays bare', () =>
  assert.equal(accountOf('Bob', ''), 'bob'));

test('accounts of clients and of local mail', () => {
  assert.equal(clientAccount('10.0.0.7'), 'client:10.0.0.7');
  assert.equal(clientAccount('IPv6:2001:DB8:0:0:0:0:0:1'), 'client:2001:db8::1');
  assert.equal(clientAccount(''), 'client:?');
  assert.equal(localAccount('<WWW-data@host.example>'), 'local:www-data@host.example');
  assert.equal(localAccount(''), 'local:<>');
});

test('one address has one text', () => {
  for (const text of [
    '2001:db8::1',
    'IPv6:2001:DB8:0:0:0:0:0:1',
    '[2001:db8::1]',
    ' 2001:0db8::0001 ',
  ]) {
    assert.equal(clientAddress(text), '2001:db8::1');
  }
  assert.equal(clientAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(clientAddress('unknown'), 'unknown');
  assert.equal(clientAddress('<b>\n'), '?b?');
});

test('logins in xtext', () => assert.equal(fromXtext('joe+40d.example+2Bx'), 'joe@d.example+x'));

test('queue ids are what postsuper takes', () => {
  for (const id of ['4ZABC12345', '3BxYzQ0bDzz', '0A1B2C3D4E5', 'q8NEQk5S012345'])
    assert.equal(parseQueueId(id), id);
  for (const id of ['', 'ALL', '-d', '../../x', 'a b c d', 'NOQUEUE\n', 'x'.repeat(33)]) {
    assert.equal(parseQueueId(id), undefined);
  }
});

test('a long login stays one of its domain', () => {
  const domainOf = (login: string): string => accountOf(login, '').split('@').at(-1) ?? '';
  const fill = (length: number): string => 'x'.repeat(length);
  // Cut at 256 characters, each would be a login of bank.example.
  const at = '@bank.example';
  const local = fill(256 - at.length);
  assert.equal(domainOf(`${local}${at}.evil.example`), 'bank.example.evil.example');
  assert.equal(domainOf(`${local}${at}@evil.example`), 'evil.example');
  assert.equal(domainOf(`${fill(4_096 - at.length)}${at}.evil.example`), 'bank.example?');
  assert.match(domainOf(`joe@${fill(300)}.example`), /x\?$/);
  assert.equal(accountOf(`${local}${at}.evil.example`, '').length, 256);
});

test('10 kB of name become a name', () => {
  for (const text of ['x'.repeat(10_000), '\u0000'.repeat(10_000), '😀'.repeat(5_000)]) {
    assert.ok(accountOf(text, 'd.example').length <= 300);
  }
});

test('whatever a peer sends becomes a name that can be shown and stored', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.boolean(), (text, bare) => {
      for (const name of [
        accountOf(text, bare ? '' : 'd.example'),
        clientAccount(text),
        localAccount(text),
      ]) {
        assert.ok(name.length > 0 && name.length <= 300);
        assert.ok(name.isWellFormed() && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name));
        assert.ok(name === name.trim());
      }
    }),
  );
});
