import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../../lib/time.ts';
import { checkDkimKeys, checkQueueLifetime, type DkimKeyFacts } from './dkim-keys.ts';

const now = (10 * dayMs) as Millis;
const key = (more: Partial<DkimKeyFacts> = {}): DkimKeyFacts => ({
  domain: 'example.org',
  selector: 's',
  state: 'signing',
  since: 0 as Millis,
  todo: '',
  fault: '',
  canSend: true,
  ...more,
});
const said = (...keys: readonly DkimKeyFacts[]): string =>
  checkDkimKeys(keys, now)
    .map(({ kind, found }) => `${kind}: ${found}`)
    .join();

test('keys: unusable ones fail, what waits for the operator too long is a warning', () => {
  assert.equal(said(), '');
  assert.equal(said(key({ state: 'gone', todo: 'x' })), '');
  assert.equal(
    said(key(), key({ domain: 'a.example' }), key({ state: 'retiring' })),
    'ok: signing with 2 keys for 2 domains; 1 more being introduced or retired',
  );
  const waits = key({ state: 'published', todo: 'publish its record' });
  assert.equal(said(key(), waits), 'warn: s of example.org: publish its record');
  assert.match(said(key(), { ...waits, since: (9 * dayMs) as Millis }), /^ok/);
  const broken = key({ fault: 'the key is not there' });
  assert.equal(said(waits, broken), 'fail: s of example.org: the key is not there');
  assert.match(said(broken, broken, broken, broken, broken), /; and 2 more$/);
});

test('the longest life in Postfix’s queue', () => {
  for (const [value, wrong] of [
    [undefined, false],
    ['5d', false],
    ['10d', true],
    ['240h', true],
    ['2w', true],
    ['9', false],
    ['$other', false],
  ] as const) {
    assert.equal(checkQueueLifetime(value, 10 * dayMs).length === 1, wrong, String(value));
  }
});
