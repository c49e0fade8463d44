/** Which addresses are an account's own, and which form an address has when it is compared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dice } from '../../../test/ledger/dice.ts';
import type { Account } from '../account-name.ts';
import { isOfThisMachine, mailboxesOf, ownsAddress } from './own.ts';
import { authorKey, type MailPlace, withoutExtension } from './place.ts';

const place: MailPlace = {
  hostNames: new Set(['mx.server.test']),
  localUserDomains: new Set(['mx.server.test', 'localhost', 'club.test']),
  ownDomains: new Set(['a.test', 'b.test', 'shop.a.test', 'club.test', 'mx.server.test']),
  origin: 'mx.server.test',
  delimiters: '+',
  masqueraded: ['!keep.c.test', 'c.test'],
};
const owns = (account: string, address: string): boolean =>
  ownsAddress(account as Account, authorKey(address), place);

const cases: readonly (readonly [string, string, boolean])[] = [
  ['joe@a.test', 'joe@a.test', true],
  ['joe@a.test', 'anything@a.test', true],
  ['joe@a.test', '"JOE"@A.TEST.', true],
  ['joe@a.test', 'news@mail.a.test', true],
  ['joe@a.test', 'x@deep.mail.a.test', true],
  // A domain of this server below it may be another customer's.
  ['joe@a.test', 'x@shop.a.test', false],
  ['joe@a.test', 'x@mail.shop.a.test', false],
  ['joe@shop.a.test', 'x@a.test', false],
  ['joe@a.test', 'ceo@b.test', false],
  ['joe@test', 'x@unlisted.test', false],
  ['joe@a.test', 'ceo@xa.test', false],
  ['joe@a.test', 'ceo@a.test.b.test', false],
  ['joe@a.test', 'joe@mx.server.test', false],
  ['joe@a.test', 'joe', false],
  ['joe@a.test', '', false],
  ['joe@xn--bcher-kva.test', 'info@bücher.test', true],
  ['joe@bücher.test', 'info@xn--bcher-kva.test', true],
  // A login of a host that masquerade_domains hides.
  ['joe@host.c.test', 'joe@c.test', true],
  ['joe@keep.c.test', 'joe@c.test', false],
  ['joe', 'joe@club.test', true],
  ['joe', 'Joe+shop@club.test', true],
  ['joe', 'joe@mx.server.test', true],
  ['joe', 'ann@club.test', false],
  ['joe', 'joe@a.test', false],
  ['login:user:root', 'root@mx.server.test', false],
  ['login:?', '?@club.test', false],
  ['user:backup', 'backup@mx.server.test', true],
  ['user:backup', 'root@mx.server.test', false],
  ['user:backup:<>', 'backup@mx.server.test', true],
  ['user:www-data', 'ceo@a.test', false],
  ['user:root', 'logwatch@mx.server.test', true],
  ['user:root', 'ceo@a.test', false],
  ['local:www-data@mx.server.test', 'root@mx.server.test', true],
  // Anybody may name any sender of local mail.
  ['local:ceo@b.test', 'ceo@b.test', false],
  ['local:<>', 'mailer-daemon@mx.server.test', true],
  ['client:127.0.0.1', 'monit@mx.server.test', true],
  ['client:127.0.0.1', 'ceo@b.test', false],
  ['client:192.0.2.1', 'monit@mx.server.test', false],
  ['script:/var/www/a.php', 'a@mx.server.test', false],
];
for (const [account, address, expected] of cases) {
  test(`${account} ${expected ? 'owns' : 'does not own'} ${address || 'no address'}`, () => {
    assert.equal(owns(account, address), expected);
  });
}

test('whatever the names: own means the same domain, or one below it that is nobody else’s', () => {
  const { below: roll } = dice(11);
  const labels = ['a', 'b', 'shop', 'test', 'mail', 'xa'];
  const domain = (): string =>
    Array.from({ length: 1 + roll(4) }, () => labels[roll(labels.length)]).join('.');
  for (let round = 0; round < 20_000; round++) {
    const [mine, other] = [domain(), domain()];
    const listed = new Set([domain(), domain()]);
    const of = { ...place, masqueraded: [], ownDomains: listed };
    const isOwn = ownsAddress(`joe@${mine}` as Account, `x@${other}`, of);
    const isBelow = other.endsWith(`.${mine}`) && mine.includes('.');
    const between = isBelow ? other.split('.').map((_, nth, all) => all.slice(nth).join('.')) : [];
    const isTaken = between.some((name) => name.length > mine.length && listed.has(name));
    assert.equal(isOwn, mine === other || (isBelow && !isTaken), `${mine} ${other}`);
  }
});

test('before anything is known of the mail server, a login owns its domain and no more', () => {
  const none = new Set<string>();
  const nothing: MailPlace = {
    ...place,
    hostNames: none,
    localUserDomains: none,
    ownDomains: none,
    origin: '',
  };
  assert.equal(ownsAddress('joe@a.test' as Account, 'x@a.test', nothing), true);
  for (const account of ['joe', 'user:root', 'local:<>', 'client:::1', 'client:127.0.0.1']) {
    assert.equal(ownsAddress(account as Account, 'root@mx.server.test', nothing), false);
  }
});

test('all spellings of an address have one form', () => {
  for (const spelling of [
    'Ceo@B.test',
    '<ceo@b.test>',
    '"ceo"@b.test',
    '"c\\eo"@b.test.',
    '@relay.test:ceo@b.test',
    ' ceo@b.test ',
  ]) {
    assert.equal(authorKey(spelling), 'ceo@b.test', spelling);
  }
  assert.equal(authorKey('info@BÜCHER.test'), 'info@xn--bcher-kva.test');
  assert.equal(authorKey(authorKey('info@BÜCHER.test')), 'info@xn--bcher-kva.test');
});

test('an extension is cut where Postfix cuts it', () => {
  assert.equal(withoutExtension('joe+a+b@a.test', '+'), 'joe@a.test');
  assert.equal(withoutExtension('+joe@a.test', '+'), '+joe@a.test');
  assert.equal(withoutExtension('joe+@a.test', '+'), 'joe+@a.test');
  assert.equal(withoutExtension('joe-x@a.test', '+-'), 'joe@a.test');
  assert.equal(withoutExtension('owner-list@a.test', '-'), 'owner-list@a.test');
  assert.equal(withoutExtension('joe+x@a.test', ''), 'joe+x@a.test');
});

test('the addresses under which an account gets mail', () => {
  const of = (account: string): readonly string[] => mailboxesOf(account as Account, place);
  assert.deepEqual(of('joe@a.test'), ['joe@a.test']);
  assert.deepEqual(of('joe'), ['joe', 'joe@mx.server.test']);
  assert.deepEqual(of('user:Backup'), ['backup', 'backup@mx.server.test']);
  for (const none of ['client:10.0.0.1', 'script:/a', 'local:x@a.test', 'login:?']) {
    assert.deepEqual(of(none), [], none);
  }
});

test('what reads mailboxes of this machine; a host relays what its own server received', () => {
  const is = (account: string): boolean => isOfThisMachine(account as Account);
  for (const one of ['user:vmail', 'user:vmail:<>', 'local:<>', 'script:/a', 'client:127.0.0.1']) {
    assert.equal(is(one), true, one);
  }
  for (const one of ['joe@a.test', 'joe', 'client:192.0.2.7']) assert.equal(is(one), false, one);
});
