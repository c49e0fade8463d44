/** What the bound of an account contains besides its limits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newProfile } from '../../core/account/profile.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import { accountBound } from './account-bound.ts';

const now = (20_000 * dayMs) as Millis;
const about = {
  at: now,
  policy: { accountRecipientsPerDay: 0, accountRecipientsPerHour: 0 },
  isExempt: false,
  weakPassword: '',
  expected: 0,
};

test('who was silent for a month may be answered twice as often at once', () => {
  const invited = (silentDays: number): number => {
    const profile = { ...newProfile((now - 200 * dayMs) as Millis), usualInvited: 3 };
    profile.learnedDay = 20_000 - silentDays;
    return accountBound(profile, about).invited.month;
  };
  assert.equal(invited(0), 140);
  assert.equal(invited(30), 279);
  assert.equal(invited(150), 279);
});
