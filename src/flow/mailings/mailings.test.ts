/**
 * An announced mailing: in force at once and after a restart, counted down by what passes, ended by
 * time, by use and by hand. It does not excuse content.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import type { Scan } from '../../core/scan/report.ts';
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';
import type { MailingWanted } from '../../ports/mailings/mailings.ts';

const club = 'club@here.test';
const members = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, nth) => `member${from + nth}@elsewhere.test`);

type Rig = ReturnType<typeof openRig>;

function expect(rig: Rig, more: Partial<MailingWanted> = {}) {
  const until = (rig.time.now() + dayMs) as Millis;
  const wanted = { recipients: 300, until, fromNow: false, note: 'meeting', ...more };
  return rig.admin.mailings.expect(club, wanted, 'op');
}

const leftOf = (rig: Rig): number | undefined => rig.admin.account(club)?.account.expected?.left;

test('as many new recipients as announced pass, in one message or in many', async () => {
  for (const each of [300, 1]) {
    const rig = openRig();
    assert.match((await expect(rig)).text, /club@here.test: 300 new recipients announced until/);
    for (let from = 0; from < 300; from += each) {
      const { kind } = await rig.mail({ account: club, to: members(each, from) });
      assert.equal(kind, 'pass', `${from}`);
    }
    assert.equal(leftOf(rig), 0);
    assert.equal(rig.counted.get('postern_expected_recipients_total'), 300);
    const more = await rig.mail({ account: club, to: members(100, 300) });
    assert.equal(more.kind, 'hold', 'others count as without it');
  }
});

test('without an announcement, and for another account, the same mail is held', async () => {
  const rig = openRig();
  await expect(rig);
  assert.equal((await rig.mail({ account: 'x@here.test', to: members(300) })).kind, 'hold');
  assert.equal((await openRig().mail({ account: club, to: members(300) })).kind, 'hold');
});

test('people that the account knows use up nothing', async () => {
  const rig = openRig();
  await rig.mail({ account: club, to: members(3) });
  await expect(rig);
  await rig.mail({ account: club, to: members(5) });
  assert.equal(leftOf(rig), 298);
  await rig.mail({ account: club, to: members(5) });
  assert.equal(leftOf(rig), 298);
});

test('it is written down: a restart goes on with what is left', async () => {
  const rig = openRig();
  await expect(rig);
  await rig.mail({ account: club, to: members(120) });
  await rig.time.pass(10_000);
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  assert.equal(leftOf(again), 180);
  const [row] = again.ledger.audit({ account: club, limit: 1 });
  assert.deepEqual([row?.by, row?.action], ['op', 'expect']);
  assert.match(row?.detail ?? '', /300 new recipients announced until 2026-01-06T10.*: meeting/);
});

test('it ends by time, and by hand', async () => {
  const rig = openRig();
  await expect(rig, { until: (rig.time.now() + hourMs) as Millis });
  await rig.time.pass(hourMs);
  assert.deepEqual(rig.admin.mailings.list(), []);
  assert.equal((await rig.mail({ account: club, to: members(300) })).kind, 'hold');

  const other = openRig();
  await expect(other);
  const done = await other.admin.mailings.cancel(club, 'called off', 'op');
  assert.match(done.text, /taken back, 300 of 300 left/);
  assert.equal((await other.mail({ account: club, to: members(300) })).kind, 'hold');
  const none = await other.admin.mailings.cancel(club, '', 'op');
  assert.ok(!none.ok && none.isUnknown);
});

test('a second announcement keeps what is used up, unless it counts from now', async () => {
  const rig = openRig();
  await expect(rig);
  await rig.mail({ account: club, to: members(100) });
  assert.match(
    (await expect(rig, { recipients: 400 })).text,
    /400 new .*, 300 of them left; this replaces 300 until \d/,
  );
  await expect(rig, { recipients: 400, fromNow: true });
  assert.equal(leftOf(rig), 400);
});

test('bounds: no more than 100,000 recipients and 30 days, and no end in the past', async () => {
  const rig = openRig();
  const now = rig.time.now();
  assert.equal((await expect(rig, { recipients: 100_001 })).ok, false);
  assert.equal((await expect(rig, { until: (now + 32 * dayMs) as Millis })).ok, false);
  assert.equal((await expect(rig, { until: now })).ok, false);
  assert.equal((await expect(rig, { recipients: 100_000 })).ok, true);
});

test('it does not end a suspension, and says how; held mail stays held', async () => {
  const rig = openRig();
  await rig.mail({ account: club, to: members(300) });
  assert.match((await expect(rig)).text, /postern held release --account club@here.test/);
  await rig.admin.suspend(club, 'op', '');
  assert.match((await expect(rig)).text, /still suspended: .*--false-alarm/);
  assert.equal((await rig.mail({ account: club, to: ['a@elsewhere.test'] })).kind, 'hold');
});

test('spam in it still counts, and uses up nothing', async () => {
  const rig = openRig();
  await expect(rig);
  const scan: Scan = {
    by: 'rspamd',
    score: 9,
    required: 5,
    likeness: 1.8,
    rules: [],
    masked: [],
    virus: '',
    suspected: '',
    missing: [],
    tooBig: [],
    scans: 1,
    reused: 0,
    tookMs: 1,
  };
  let held = 0;
  for (let nth = 0; nth < 40; nth++) {
    const { kind } = await rig.mail({ account: club, to: members(1, nth), scan });
    if (kind === 'hold') held++;
  }
  assert.ok(held > 20, `${held} held`);
  assert.equal(leftOf(rig), 300 - (40 - held));
});

test('in mode observe too', async () => {
  const rig = openRig({ settings: { mode: 'observe' } });
  await expect(rig);
  await rig.mail({ account: club, to: members(250) });
  assert.equal(leftOf(rig), 50);
  assert.equal(rig.counted.get('postern_observed_verdicts_total hold'), undefined);
});

test('for mail that only the policy door sees', async () => {
  const rig = openRig();
  await expect(rig);
  rig.gate.passed({
    kind: 'send',
    id: 'p1',
    at: rig.time.now(),
    account: club as Account,
    outside: members(20),
    local: [],
  });
  assert.equal(leftOf(rig), 280);
});

test('a mailing that has begun and is held goes on from now, if that is said', async () => {
  for (const fromNow of [true, false]) {
    const rig = openRig();
    for (let nth = 0; nth < 60; nth++) await rig.mail({ account: club, to: members(1, nth) });
    assert.equal((await rig.mail({ account: club, to: members(1, 99) })).kind, 'hold');
    const { text } = await expect(rig, { fromNow });
    assert.equal(/--from-now counts from now/.test(text), !fromNow, text);
    const { kind } = await rig.mail({ account: club, to: members(100, 100) });
    assert.equal(kind, fromNow ? 'pass' : 'hold');
  }
});

test('a thief who uses the announcement from many networks is stopped all the same', async () => {
  const rig = openRig();
  await expect(rig);
  let passed = 0;
  for (let nth = 0; nth < 100; nth++) {
    const client = `198.${18 + (nth % 2)}.${nth}.7`;
    const { kind } = await rig.mail({ account: club, to: members(1, nth), client });
    if (kind === 'pass') passed++;
  }
  assert.ok(passed < 20, `${passed} passed`);
});
