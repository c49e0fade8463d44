/** Reminders: when they come, how often, and that they stop. The clock is the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowRig, openRig, type RigOptions } from '../../../test/ledger/flow-rig.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';
import { remindedAfterMs } from './reminders.ts';

const joe = 'joe@here.test';
const ann = 'ann@here.test';
const many = (from: number): string[] =>
  Array.from({ length: 30 }, (_, nth) => `s${from + nth}@elsewhere.test`);
/** One channel, so that each reminder is one entry. */
const one = (more: RigOptions = {}): FlowRig => openRig({ channels: ['webhook'], ...more });
const reminders = (rig: FlowRig) =>
  rig.taken.map(({ notice }) => notice).filter(({ event }) => event === 'account.waiting');

/** Hours after `began` at which a reminder came, over so many days. */
async function remindedAt(rig: FlowRig, began: number, days: number): Promise<readonly number[]> {
  const hours: number[] = [];
  while (rig.time.now() - began < days * dayMs) {
    const before = reminders(rig).length;
    rig.time.jump(hourMs - minuteMs);
    await rig.time.pass(minuteMs);
    if (reminders(rig).length > before) hours.push(Math.round((rig.time.now() - began) / hourMs));
  }
  return hours;
}

test('a suspension: the times between reminders grow, and after 30 days they end', async () => {
  const rig = one();
  await rig.time.pass(minuteMs);
  const began = rig.time.now();
  await rig.hijack(joe);
  const hours = await remindedAt(rig, began, 90);
  assert.equal(hours.length, remindedAfterMs.length);
  for (const [nth, afterMs] of remindedAfterMs.entries()) {
    const late = (hours[nth] ?? 0) - afterMs / hourMs;
    assert.ok(late >= 0 && late <= 2, `${hours[nth]} hours`);
  }
  assert.equal(rig.accounts.known(joe as never)?.state, 'suspended', 'nothing else happened');
  const [first] = reminders(rig);
  assert.equal(first?.account, joe);
  assert.match(first?.reasons[0]?.text ?? '', /^joe@here\.test: suspended for 4 hours, \d+ of/);
  assert.equal(first?.undo, `postern accounts release ${joe} --false-alarm`);
});

test('held mail of an account that is not suspended, until it is released', async () => {
  const rig = one();
  await rig.time.pass(minuteMs);
  const began = rig.time.now();
  const { id } = rig.send({ account: joe, to: many(0) });
  assert.deepEqual(
    await remindedAt(rig, began, 2),
    [4, 24].map((hour) => hour + 1),
  );
  await rig.admin.releaseHeld({ ids: [id] }, 'op');
  assert.deepEqual(await remindedAt(rig, began, 40), []);
  assert.equal(rig.accounts.known(joe as never)?.state !== 'suspended', true);
});

test('nobody is reminded of what a person decided, and nobody in mode observe', async () => {
  const told = one();
  await told.time.pass(minuteMs);
  await told.hijack(joe);
  await told.admin.suspend(joe, 'op', '', true);
  assert.deepEqual(await remindedAt(told, told.time.now(), 10), []);
  const observing = one({ settings: { mode: 'observe' } });
  await observing.time.pass(minuteMs);
  await observing.hijack(joe);
  assert.deepEqual(await remindedAt(observing, observing.time.now(), 2), []);
});

test('what is due at once is one notice, a restart repeats none, and none is lost', async () => {
  const rig = one();
  await rig.time.pass(minuteMs);
  await rig.hijack(joe);
  await rig.hijack(ann);
  rig.time.jump(3 * hourMs);
  await rig.time.pass(2 * minuteMs);
  rig.journal.close();
  // The guard is away when the reminder is due.
  const later = one({ ledger: rig.ledger, at: rig.time.now() + 2 * hourMs });
  await later.time.pass(2 * minuteMs);
  assert.equal(reminders(later).length, 1);
  assert.deepEqual(
    reminders(later)[0]?.reasons.map(({ text }) => text.split(':')[0]),
    [joe, ann],
  );
  assert.equal(reminders(later)[0]?.account, '');
  later.journal.close();
  const last = one({ ledger: later.ledger, at: later.time.now() + minuteMs });
  await last.time.pass(30 * minuteMs);
  assert.deepEqual(reminders(last), []);
});

test('a clock that is set back repeats no reminder', async () => {
  const rig = one();
  await rig.time.pass(minuteMs);
  await rig.hijack(joe);
  rig.time.jump(5 * hourMs);
  await rig.time.pass(2 * minuteMs);
  assert.equal(reminders(rig).length, 1);
  rig.time.jump(-minuteMs * 30);
  await rig.time.pass(2 * minuteMs);
  rig.time.jump(2 * hourMs);
  await rig.time.pass(2 * minuteMs);
  assert.equal(reminders(rig).length, 1);
});
