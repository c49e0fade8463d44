/** A notice of a suspension names at most five addresses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { incidentRow } from '../../../test/ledger/samples.ts';
import type { Millis } from '../../lib/time.ts';
import { suspensionNotice } from './suspension-notice.ts';

const from = { host: 'h', at: 1 as Millis, iso: (at: Millis) => new Date(at).toISOString() };
const many = Array.from({ length: 40 }, (_, nth) => `r${nth}@x.test`);

test('five recipients, and fewer where the reasons name addresses', () => {
  const plain = incidentRow({ reasons: [] });
  assert.equal(suspensionNotice(plain, many, from).reached?.length, 5);
  const numbers = { saw: 1, usual: 0, weight: 1 };
  const identity = { signal: 'new-identity', ...numbers, from: 'ceo@here.test' } as const;
  const named = incidentRow({ reasons: [identity, identity] });
  assert.equal(suspensionNotice(named, many, from).reached?.length, 3);
  assert.equal('reached' in suspensionNotice(plain, [], from), false);
});
