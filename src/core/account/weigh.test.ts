/** Which mail of a young account counts as that of a list, and what a new link is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs } from '../../lib/time.ts';
import { hasNewLink, mayBeList } from './weigh.ts';

type Args = Parameters<typeof mayBeList>;

function isList(account: string, days: number): boolean {
  const firstSeen = 20_000 * dayMs;
  const profile = { firstSeen } as unknown as Args[0];
  const at = firstSeen + days * dayMs;
  const message = { account, at, traits: { list: true } } as unknown as Args[1];
  const client = { isNewNetwork: false, standing: 'host' } as Args[2];
  return mayBeList(profile, message, client);
}

test('List-Unsubscribe begins a list, but not of a script on its first day', () => {
  const [login, script] = ['news@here.test', 'script:/srv/www/shop/x.php'];
  assert.deepEqual(
    [0, 2, 44, 46].map((days) => isList(login, days)),
    [true, true, true, false],
  );
  assert.deepEqual(
    [0, 0.9, 2, 44, 46].map((days) => isList(script, days)),
    [false, false, true, true, false],
  );
});

test('a new link: nobody here has sent it, from a new network, by a person', () => {
  type Link = Parameters<typeof hasNewLink>;
  const isKnownLink = (domain: string): boolean => domain === 'shop.example';
  const seen = { isNewNetwork: true, isNewProgram: false, standing: 'moved' } as Link[1];
  const links = ['shop.example', 'bank-login.example'];
  const mail = { account: 'ann@mail.here.example', at: 0, traits: { links } } as unknown as Link[0];
  const of = (own: readonly string[]): Link[0] => ({ ...mail, traits: { links: own } });
  const rows: readonly (readonly [boolean, Link[0], object?])[] = [
    [true, mail],
    [false, of(['shop.example'])],
    [false, of(['here.example'])],
    [true, of(['ere.example'])],
    [false, of([])],
    [false, { ...mail, script: '/srv/www/form.php' }],
    [false, mail, { isNewNetwork: false, isNewProgram: true, standing: 'ordinary' }],
    [false, mail, { standing: 'host' }],
  ];
  for (const [wanted, message, client] of rows) {
    assert.equal(hasNewLink(message, { ...seen, ...client }, { isKnownLink }), wanted);
  }
  assert.ok(!hasNewLink(mail, seen, {}), 'nobody notes links');
});
