/** The bound of an account as it is printed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type BoundFacts, reachBound } from '../../core/reach/bound.ts';
import type { Millis } from '../../lib/time.ts';
import type { AccountView } from '../../ports/admin.ts';
import { boundText } from './bound-text.ts';

const every = 'every account';
const least: BoundFacts['limits'] = {
  day: { count: 32, from: every },
  week: { count: 88, from: every },
  month: { count: 120, from: every },
};

function printed(facts: Partial<BoundFacts>, exemptUntil?: number): string {
  const bound = reachBound({
    limits: least,
    reached: { day: 1, week: 6, month: 21 },
    invited: { day: 0, week: 0, month: 0 },
    expected: 0,
    isExempt: exemptUntil !== undefined,
    ceilings: { hour: 0, day: 0 },
    hasWeakPassword: false,
    ...facts,
  });
  const view = { account: 'joe@example.org', bound, exemptUntil: exemptUntil as Millis };
  return stripVTControlCharacters(boundText(view as AccountView));
}

test('an account like every one', () => {
  assert.equal(
    printed({}),
    `joe@example.org: at most 32 strangers in a day, 88 in a week, 120 in 30 days
Whoever has its password reaches no more before mail is held or you are told, whatever
they do. Strangers are people that the account has not written to before, and who have
not written to it first.

WITHIN   AT MOST  REACHED NOW  COMES FROM
a day         32            1  what every account may reach before you are told
a week        88            6  what every account may reach before you are told
30 days      120           21  what every account may reach before you are told

What lowers it
  Set fixed ceilings for all accounts: account_recipients_per_day and
  account_recipients_per_hour under [ceilings]
`,
  );
});

test('its own mail makes room, the password was guessed, a mailing is announced', () => {
  const limits: BoundFacts['limits'] = {
    day: { count: 32, from: every },
    week: { count: 400, from: 'its own mail' },
    month: { count: 1_500, from: 'a notice before' },
  };
  const invited = { day: 0, week: 0, month: 93 };
  const text = printed({ limits, invited, expected: 300, hasWeakPassword: true });
  assert.match(
    text,
    /\n0 a day, 0 a week and 93 in 30 days of these may be people who seem to have\nwritten to/,
  );
  assert.match(text, /a week {7}700 +6 {2}1\.5 times what its own mail usually reaches/);
  assert.match(text, /30 days {5}1893 +21 {2}up to twice what you were told of lately/);
  assert.match(text, /The numbers contain 300 recipients of an announced mailing\./);
  assert.match(text, /postern passwords require-change joe@example\.org\n/);
  assert.match(text, /postern accounts expect joe@example\.org --recipients 300 --until tomorrow/);
});

test('an exempt account has no bound, and the text says how to end that', () => {
  const text = printed({}, 1_800_000_000_000);
  assert.match(text, /^joe@example\.org: no bound\. It is exempt until 2027-01-15/);
  assert.match(text, /postern accounts allow joe@example\.org --until now/);
});
