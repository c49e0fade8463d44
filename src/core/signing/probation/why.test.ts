import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../../lib/time.ts';
import { type AccountStanding, probationWhy } from './why.ts';

const now = (100 * dayMs) as Millis;
const standing = (more: Partial<AccountStanding> = {}): AccountStanding => ({
  state: 'clear',
  firstSeen: 0 as Millis,
  hasWeakPassword: false,
  ...more,
});
const why = (more: Partial<AccountStanding>, newForMs = 30 * dayMs) =>
  probationWhy(standing(more), now, newForMs);

test('an account is on probation while it is new, watched, suspended or easy to guess', () => {
  assert.equal(why({}), undefined);
  assert.equal(why({ state: 'watched' }), 'watched');
  assert.equal(why({ state: 'suspended', hasWeakPassword: true }), 'suspended');
  assert.equal(why({ hasWeakPassword: true }), 'weak-password');
  assert.equal(why({ firstSeen: (now - 30 * dayMs + 1) as Millis }), 'new');
  assert.equal(why({ firstSeen: (now - 30 * dayMs) as Millis }), undefined);
});

test('a clock that was set back makes an account new; with 0s none is', () => {
  assert.equal(why({ firstSeen: (now + dayMs) as Millis }), 'new');
  assert.equal(why({ firstSeen: now }, 0), undefined);
});
