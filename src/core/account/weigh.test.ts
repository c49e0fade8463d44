/** Which mail of a young account counts as that of a list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs } from '../../lib/time.ts';
import { mayBeList } from './weigh.ts';

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
