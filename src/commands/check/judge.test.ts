/** The line that monitors read: its state, its words, its numbers, and names made by strangers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metrics } from '../../core/metrics/metrics.ts';
import { openCounters } from '../../lib/counters.ts';
import { type CheckFacts, type CheckNumbers, numbersOf } from './facts.ts';
import { judged } from './judge.ts';

const well: CheckNumbers = {
  guarding: true,
  ledgerOk: true,
  held: 3,
  heldOldestSeconds: 7_200,
  suspended: 0,
  watched: 1,
  noticesWaiting: 0,
  lanesBlocked: 0,
  lanesSlowed: 2,
  keysUnusable: 0,
  logsWanted: 1,
  logsReading: 1,
  scannersDown: [],
  messages: 40,
  upSeconds: 86_400,
};
const fine: CheckFacts = { healthy: true, why: [], numbers: well, suspendedNames: [] };
const tell = (more: Partial<CheckNumbers>, rest: Partial<CheckFacts> = {}) =>
  judged({ ...fine, numbers: { ...well, ...more }, ...rest }, {});

test('a guard that is well: one line, words before the bar, numbers after it', () => {
  const limits = { heldWarning: 20, heldCritical: 200, ageWarningMs: 86_400_000 };
  assert.deepEqual(judged(fine, limits), {
    state: 0,
    line:
      'POSTERN OK - guarding for 1 d, 40 messages judged, 3 held|held=3;20;200;0 ' +
      'held_oldest=7200s;86400;;0 suspended=0;;;0 watched=1;;;0 notices_waiting=0;;;0 ' +
      'lanes_slowed=2;;;0 lanes_blocked=0;;;0 messages=40c;;;0\n',
  });
});

test('what is wrong, and how bad it is', () => {
  const cases: readonly (readonly [Partial<CheckNumbers>, Partial<CheckFacts>, number, RegExp])[] =
    [
      [
        { suspended: 1 },
        { suspendedNames: ['joe@a.test'] },
        1,
        /1 account suspended: joe@a\.test\|/,
      ],
      [{ suspended: 7 }, { suspendedNames: ['a', 'b', 'c', 'd'] }, 1, /: a, b, c, and 4 more\|/],
      [{ suspended: 2 }, {}, 1, /- 2 accounts suspended\|/],
      [{ scannersDown: ['spamassassin'] }, {}, 1, /scanner down: spamassassin/],
      [{ logsReading: 0 }, {}, 1, /0 of 1 mail log read/],
      [{ noticesWaiting: 2 }, {}, 1, /2 notices not delivered/],
      [{ keysUnusable: 1 }, {}, 1, /1 DKIM key cannot be used/],
      [{ lanesBlocked: 1 }, {}, 1, /providers block 1 lane of mail/],
      [{ ledgerOk: false }, { healthy: false }, 2, /CRITICAL - the ledger takes no writes\|/],
      [{}, { healthy: false, why: ['the milter door is full'] }, 2, /- the milter door is full\|/],
      [{}, { healthy: false }, 2, /run postern status/],
      [{ suspended: 1 }, { healthy: false, why: ['x'] }, 2, /- x; 1 account suspended\|/],
    ];
  for (const [numbers, rest, state, line] of cases) {
    const said = tell(numbers, rest);
    assert.match(said.line, line);
    assert.equal(said.state, state, said.line);
  }
});

test('a limit is reached at its number, and the worse one counts', () => {
  const at = (limits: Parameters<typeof judged>[1]) => judged(fine, limits).state;
  assert.equal(at({ heldWarning: 4 }), 0);
  assert.equal(at({ heldWarning: 3 }), 1);
  assert.equal(at({ heldWarning: 1, heldCritical: 3 }), 2);
  assert.equal(at({ ageWarningMs: 7_200_000 }), 1);
  assert.equal(at({ ageWarningMs: 7_200_001 }), 0);
  assert.equal(at({ ageCriticalMs: 60_000 }), 2);
});

test('without the numbers only health is told', () => {
  const few = { ...fine, numbers: undefined };
  assert.equal(judged(few, {}).state, 0);
  assert.doesNotMatch(judged(few, {}).line, /\|/);
  assert.equal(judged({ ...few, healthy: false }, {}).state, 2);
});

test('a name of a stranger adds no line, no number, no markup, and does not hide the rest', () => {
  const evil = 'a|held=0\nPOSTERN OK - all well\r`id`$(id)<b>\u202eevil\u2028x'.repeat(20);
  const { line } = tell({ suspended: 1, logsReading: 0 }, { suspendedNames: [evil] });
  assert.match(line, /^POSTERN WARNING - [^|\n]*0 of 1 mail log read\|held=3;[^|\n]*\n$/);
  assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\u2028\u202e`$<>]/u);
  const long = judged({ ...fine, healthy: false, why: Array(50).fill('x'.repeat(500)) }, {});
  assert.ok(long.line.length < 2_000, String(long.line.length));
  assert.match(long.line, /and 42 more\|/);
});

test('every number is read from a metric of that name', () => {
  const counters = openCounters(metrics);
  for (const [name, value, label] of [
    ['postern_guarding', 1],
    ['postern_ledger_ok', 1],
    ['postern_held_messages', 3],
    ['postern_held_oldest_seconds', 7_200],
    ['postern_accounts', 0, 'suspended'],
    ['postern_accounts', 1, 'watched'],
    ['postern_lanes', 2, 'slowed'],
    ['postern_lanes', 5, 'blocked'],
    ['postern_notices_waiting', 6],
    ['postern_dkim_keys_unusable', 7],
    ['postern_mail_log_wanted', 2],
    ['postern_mail_log_reading', 1],
    ['postern_scan_up', 0, 'rspamd'],
    ['postern_scan_up', 1, 'clamav'],
    ['postern_up_seconds', 86_400],
  ] as const) {
    counters.set(name, value, label);
  }
  counters.count('postern_verdicts_total', 30, 'pass');
  counters.count('postern_verdicts_total', 10, 'hold');
  assert.deepEqual(numbersOf(counters.text()), {
    ...well,
    lanesBlocked: 5,
    noticesWaiting: 6,
    keysUnusable: 7,
    logsWanted: 2,
    scannersDown: ['rspamd'],
  });
  assert.equal(numbersOf('# EOF\n'), undefined);
});
