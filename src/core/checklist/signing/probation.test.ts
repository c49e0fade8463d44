import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { DkimKeyFacts } from './dkim-keys.ts';
import { checkProbation } from './probation.ts';

const key = (domain: string, more: Partial<DkimKeyFacts> = {}): DkimKeyFacts => ({
  domain,
  selector: 's',
  state: 'signing',
  since: 0 as Millis,
  todo: '',
  fault: '',
  canSend: true,
  ...more,
});
const settings = { enabled: true, expires: '10d', expiresMs: 10 * dayMs };
const said = (keys: readonly DkimKeyFacts[], lifetime?: string, enabled = true): string =>
  checkProbation(keys, { ...settings, enabled }, lifetime)
    .map(({ kind, found }) => `${kind}: ${found}`)
    .join();

test('probation keys: what is missing is named, nothing while they are off', () => {
  const domain = key('a.test');
  const spare = key('a.test', { holder: '' });
  const held = key('a.test', { holder: 'joe@a.test' });
  assert.equal(said([domain, spare, held]), 'ok: 1 account with keys of their own; 1 ready');
  assert.equal(said([domain, spare], undefined, false), '');
  assert.equal(said([]), '');
  assert.match(said([domain, held]), /^warn: none is ready for a\.test: /);
  const fixed = ['b', 'c', 'd', 'e'].map((name) => key(`${name}.test`, { canSend: false }));
  assert.match(
    said([domain, spare, ...fixed]),
    /^warn: none for b\.test, c\.test, d\.test and 1 more: /,
  );
});

test('a signature must last longer than mail may wait in Postfix', () => {
  const keys = [key('a.test'), key('a.test', { holder: '' })];
  assert.match(said(keys, '10d'), /^warn: signatures expire after 10d, and mail may wait .* 10d/);
  assert.match(said(keys, '9d'), /^ok/);
});
