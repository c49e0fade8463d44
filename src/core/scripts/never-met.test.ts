/** What the operator reads when mail of programs is not met at the milter door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNeverMet, neverMet } from './never-met.ts';

test('how many, for how long, and the likely cause', () => {
  const removed = neverMet({ count: 3, forMs: 305_000, unmarked: 2 });
  assert.match(removed, /door: 3 messages, the oldest for 5 minutes; .* removes it/);
  const nothing = neverMet({ count: 1, forMs: 60_000, unmarked: 0 });
  assert.match(nothing, /door: 1 message, the oldest for a minute; .*non_smtpd_milters/);
  assert.deepEqual([removed, nothing, 'the disk is full'].map(isNeverMet), [true, true, false]);
});
