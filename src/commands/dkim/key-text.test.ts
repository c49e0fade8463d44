import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Millis } from '../../lib/time.ts';
import type { KeyView } from '../../ports/admin.ts';
import { keyListText } from './key-text.ts';

const key = (selector: string, more: Partial<KeyView> = {}): KeyView => ({
  domain: 'example.org',
  selector,
  algorithm: 'rsa-sha256',
  bits: 2_048,
  state: 'signing',
  since: 0 as Millis,
  file: 'f',
  note: '',
  sight: 'everywhere',
  sightAt: undefined,
  sightText: '',
  record: { name: `${selector}._domainkey.example.org`, text: '', ttlSeconds: 300 },
  next: `next of ${selector}`,
  todo: '',
  fault: '',
  canSend: true,
  update: undefined,
  ...more,
});

test('spare probation keys are counted; those of accounts or with a fault are listed', () => {
  const text = keyListText([
    key('r1'),
    key('k1', { holder: '' }),
    key('k2', { holder: '' }),
    key('k3', { holder: 'joe@example.org' }),
    key('k4', { holder: '', fault: 'the file is gone' }),
  ]);
  const listed = ['r1', 'k1', 'k2', 'k3', 'k4'].filter((one) => text.includes(` ${one} `));
  assert.deepEqual(listed, ['r1', 'k3', 'k4']);
  assert.match(text, /^2 more probation keys ready for accounts that need one\.$/m);
});
