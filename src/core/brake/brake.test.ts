/** When the brake comes on, when it ends, and what it remembers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { Brake, type BrakeChange } from './brake.ts';
import type { Stop } from './stop.ts';
import { brakeView } from './view.ts';

const start = 1_767_603_600_000;
const at = (ms: number): Millis => (start + ms) as Millis;

function opened(stored?: string) {
  const changes: BrakeChange[] = [];
  const brake = new Brake((change) => void changes.push(change), stored);
  return { brake, changes };
}

/** So many accounts have sent for days. */
function busy(brake: Brake, accounts: number, ms = 0): void {
  for (let nth = 0; nth < accounts; nth++) brake.sent(at(ms), at(ms - 2 * dayMs));
}

function stop(account: number, ms: number, more: Partial<Stop> = {}): Stop {
  const facts = [{ what: 'rule', value: 'BAD_RULE' }] as const;
  const kinds = ['content'] as const;
  const about = { kinds, facts, suspends: false, isFresh: true, ...more };
  return { account: `a${account}@x.example` as Account, at: at(ms), ...about };
}

test('the sixth account that is newly stopped within an hour pulls it, not the fifth', () => {
  const { brake, changes } = opened();
  for (let nth = 0; nth < 5; nth++) brake.stopped(stop(nth, nth * minuteMs));
  for (let again = 0; again < 50; again++) brake.stopped(stop(2, 10 * minuteMs + again));
  assert.equal(brake.isOn, false);
  brake.stopped(stop(5, 59 * minuteMs));
  assert.equal(brake.isOn, true);
  assert.deepEqual(
    changes.map(({ kind, episode }) => [kind, episode.stopped, episode.kinds]),
    [['on', 6, ['content']]],
  );
});

test('accounts that one user of this machine makes are one: nobody pulls it at will', () => {
  const { brake } = opened();
  const maker = 'user:joe' as Account;
  for (let nth = 0; nth < 40; nth++)
    brake.stopped(stop(nth, nth * 1_000, { maker, suspends: true }));
  assert.equal(brake.isOn, false);
  const again = opened(brake.encode()).brake;
  for (let nth = 40; nth < 44; nth++) again.stopped(stop(nth, nth * 1_000));
  assert.equal(again.isOn, false, 'one and four');
  again.stopped(stop(44, 44_000));
  assert.equal(again.isOn, true);
  assert.equal(brakeView(again, at(60_000)).text.includes(': 6 accounts were stopped'), true);
});

test('stops that are further apart, or half a percent of a large server, do not', () => {
  const slow = opened().brake;
  for (let nth = 0; nth < 40; nth++) slow.stopped(stop(nth, nth * 13 * minuteMs));
  assert.equal(slow.isOn, false);
  const large = opened().brake;
  busy(large, 4_000);
  for (let nth = 0; nth < 20; nth++) large.stopped(stop(nth, nth * minuteMs));
  assert.equal(large.isOn, false);
  large.stopped(stop(20, 30 * minuteMs));
  assert.equal(large.isOn, true);
});

test('no sixth account is suspended within a day', () => {
  const { brake } = opened();
  const suspended: number[] = [];
  for (let nth = 0; nth < 12; nth++) {
    brake.stopped(stop(nth, nth * 100 * minuteMs, { suspends: true }));
    if (!brake.isOn) suspended.push(nth);
  }
  assert.deepEqual(suspended, [0, 1, 2, 3, 4]);
});

test('an hour as usual ends it, if people send; a night says nothing, three days do', () => {
  const { brake, changes } = opened();
  busy(brake, 40);
  for (let nth = 0; nth < 20; nth++) brake.stopped(stop(nth, nth * 1_000));
  const night = at(10 * hourMs);
  brake.review(night);
  assert.equal(brake.isOn, true, 'nobody has sent in this hour');
  busy(brake, 12, 20 * hourMs);
  brake.review(at(21 * hourMs));
  assert.equal(brake.isOn, false);
  assert.equal(changes.at(-1)?.episode.endedBy, 'guard');

  const quiet = opened().brake;
  for (let nth = 0; nth < 6; nth++) quiet.stopped(stop(nth, nth));
  quiet.review(at(2 * hourMs));
  quiet.review(at(2 * dayMs));
  assert.equal(quiet.isOn, true);
  quiet.review(at(4 * dayMs));
  assert.equal(quiet.isOn, false);
});

test('it stays on while accounts would still be stopped by what they send now', () => {
  const { brake } = opened();
  busy(brake, 40);
  for (let hour = 0; hour < 30; hour++) {
    busy(brake, 30, hour * hourMs);
    for (let nth = 0; nth < 20; nth++) brake.stopped(stop(nth, hour * hourMs + nth * minuteMs));
    brake.review(at(hour * hourMs + 50 * minuteMs));
    assert.equal(brake.isOn, true, `hour ${hour}`);
  }
  // The scanner is repaired: the sums are still high, but no message adds to them.
  for (let hour = 30; hour < 32; hour++) {
    busy(brake, 30, hour * hourMs);
    for (let nth = 0; nth < 20; nth++)
      brake.stopped(stop(nth, hour * hourMs + nth * minuteMs, { isFresh: false }));
    brake.review(at(hour * hourMs + 50 * minuteMs));
  }
  assert.equal(brake.isOn, false);
});

test('a fault of ours is forgotten: what was said of the mail, never its numbers', () => {
  const { brake } = opened();
  busy(brake, 30);
  const kinds = ['content', 'numbers'] as const;
  for (let nth = 0; nth < 20; nth++) brake.stopped(stop(nth, nth, { kinds }));
  busy(brake, 30, 3 * hourMs);
  brake.review(at(3 * hourMs));
  busy(brake, 30, 4 * hourMs);
  brake.review(at(4 * hourMs + 1));
  assert.equal(brake.isOn, false);
  assert.deepEqual(brake.forgives(at(hourMs)), ['content']);
  assert.deepEqual(brake.forgives(at(-2 * hourMs)), [], 'sent before it');
  assert.deepEqual(brake.forgives(at(5 * hourMs)), [], 'has sent since');
});

test('six of many accounts are no fault of ours: nothing is forgotten, and six are usual', () => {
  const { brake } = opened();
  busy(brake, 300);
  const kinds = ['numbers', 'client'] as const;
  for (let nth = 0; nth < 6; nth++) brake.stopped(stop(nth, nth, { kinds }));
  assert.equal(brake.isOn, true);
  busy(brake, 300, hourMs);
  brake.review(at(2 * hourMs - 1));
  busy(brake, 1, 2 * hourMs);
  brake.review(at(2 * hourMs + minuteMs));
  assert.equal(brake.isOn, false);
  assert.deepEqual(brake.forgives(at(minuteMs)), []);
  for (let nth = 10; nth < 16; nth++) brake.stopped(stop(nth, 5 * hourMs + nth));
  assert.equal(brake.isOn, false);
  brake.stopped(stop(16, 5 * hourMs + 16));
  assert.equal(brake.isOn, true);
});

test('by hand: it stays on until it is ended; right stops keep it off for a day', () => {
  const { brake } = opened();
  brake.pullByHand(at(0), 'op');
  busy(brake, 30, 2 * hourMs);
  brake.review(at(9 * dayMs));
  assert.equal(brake.isOn, true);
  brake.endByHand(at(9 * dayMs), 'op', true);
  assert.equal(brake.isOn, false);
  for (let nth = 0; nth < 30; nth++) brake.stopped(stop(nth, 9 * dayMs + nth));
  assert.equal(brake.isOn, false);
  // So many are usual now.
  for (let nth = 40; nth < 70; nth++) brake.stopped(stop(nth, 11 * dayMs + nth));
  assert.equal(brake.isOn, false);
  brake.stopped(stop(70, 11 * dayMs + 70));
  assert.equal(brake.isOn, true);
});

test('after a jump of the clock, or with an old ledger, three stops are enough', () => {
  const cases = [
    ['ahead', [0, minuteMs, 26 * hourMs], 'clock'],
    ['back', [0, minuteMs, -3 * hourMs], 'clock'],
    ['the same', [0, minuteMs, 2 * minuteMs], undefined],
  ] as const;
  for (const [name, ticks, what] of cases) {
    const { brake } = opened();
    for (const ms of ticks) brake.tick(at(ms));
    const now = ticks[2] + minuteMs;
    for (let nth = 0; nth < 3; nth++) brake.stopped(stop(nth, now + nth));
    assert.equal(brake.isOn, what !== undefined, name);
    if (what === undefined) continue;
    assert.match(brakeView(brake, at(now + 9)).why[0] ?? '', /clock of this machine jumped/);
  }
  const before = opened().brake;
  before.tick(at(0));
  before.stopped(stop(1, 0));
  const { brake } = opened(before.encode());
  brake.tick(at(7 * dayMs));
  for (let nth = 0; nth < 3; nth++) brake.stopped(stop(nth + 5, 7 * dayMs + hourMs + nth));
  assert.equal(brake.isOn, true);
  const { why } = brakeView(brake, at(7 * dayMs + 2 * hourMs));
  assert.match(why[0] ?? '', /no entry of the last 7 days .* older copy was restored/);
});

test('a restart after quiet days is no sign: that Postern ran is stored every hour', () => {
  const before = opened().brake;
  let stored: string | undefined;
  for (let ms = 0; ms < 3 * dayMs; ms += minuteMs) {
    before.tick(at(ms));
    stored = before.encode() ?? stored;
  }
  const { brake } = opened(stored);
  brake.tick(at(3 * dayMs + hourMs));
  assert.deepEqual(brake.memory.signs, []);
});

test('what the stops have in common is named, the most particular first', () => {
  const { brake } = opened();
  for (let nth = 0; nth < 7; nth++) {
    const network = { what: 'network', value: `192.0.${nth % 2}.0/24` } as const;
    const rule = { what: 'rule', value: nth < 6 ? 'NEW_RULE' : 'OTHER' } as const;
    brake.stopped(stop(nth, nth, { facts: [network, rule] }));
  }
  const { text, why } = brakeView(brake, at(hourMs));
  assert.match(text, /^The brake is on since 2026-01-05 09:00 UTC: 6 accounts were stopped/);
  assert.deepEqual(
    why,
    [
      'the evidence of 6 of 6 is what a scanner says of the content',
      '6 of 6 have the scanner rule NEW_RULE',
    ].reverse(),
  );
});

test('it survives a restart, whatever it has seen', () => {
  const stops = fc.array(
    fc.record({
      account: fc.nat(40),
      ms: fc.nat(3 * dayMs),
      suspends: fc.boolean(),
      isFresh: fc.boolean(),
    }),
    { maxLength: 120 },
  );
  fc.assert(
    fc.property(stops, fc.nat(3 * dayMs), (seen, more) => {
      const first = opened().brake;
      const sorted = seen.toSorted((one, other) => one.ms - other.ms);
      for (const { account, ms, ...about } of sorted) first.stopped(stop(account, ms, about));
      first.tick(at(more));
      const again = opened(first.encode()).brake;
      assert.equal(again.isOn, first.isOn);
      const now = at(3 * dayMs + more);
      for (const brake of [first, again]) {
        for (let nth = 0; nth < 4; nth++) brake.stopped(stop(50 + nth, 3 * dayMs + more + nth));
        brake.review(now);
      }
      assert.deepEqual(brakeView(again, now), brakeView(first, now));
    }),
    { numRuns: 60 },
  );
});
