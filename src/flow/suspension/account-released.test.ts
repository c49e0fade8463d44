/**
 * The end of a suspension: what becomes of held mail when it was a hijack, when it was honest, and
 * when nobody says.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import { hourMs, minuteMs } from '../../lib/time.ts';

const joe = 'joe@here.test';
const hijacked = { by: 'op', note: '', falseAlarm: false, keepHeld: true };

/**
 * A hijack that was stopped: some of its mail was pulled back from the queue, some held on arrival.
 */
async function stopped(
  settings: Parameters<typeof openRig>[0] = {},
): Promise<{ readonly rig: FlowRig; readonly queued: string[]; readonly held: string[] }> {
  const rig = openRig(settings);
  await rig.hijack(joe);
  await rig.time.pass(minuteMs);
  const rows = rig.journal.live.held({ state: 'held', limit: 99 });
  const idsOf = (why: string): string[] =>
    rows
      .filter((row) => row.why === why)
      .map(({ queueId }) => queueId)
      .sort();
  const [queued, held] = [idsOf('queue'), idsOf('verdict')];
  assert.ok(queued.length > 0 && held.length > 0);
  assert.deepEqual([...rig.queue.inQueue('hold')].sort(), [...queued, ...held].sort());
  return { rig, queued, held };
}

const unsaid = 'released, mail pulled back from the queue delivered';
const honest = 'false alarm, held mail delivered';
const cases = [
  ['nobody says what it was: the queue gets back its own', false, false, 'queue', unsaid],
  ['a hijack: all stays held', false, true, 'none', 'hijacked, its held mail kept'],
  ['a false alarm: all goes out', true, false, 'all', honest],
  ['a false alarm is stronger', true, true, 'all', honest],
] as const;
for (const [name, falseAlarm, keepHeld, back, record] of cases) {
  test(name, async () => {
    const { rig, queued, held } = await stopped();
    const done = await rig.admin.release(joe, { by: 'op', note: 'x', falseAlarm, keepHeld });
    await rig.time.settle();
    const want = { none: [], queue: queued, all: [...queued, ...held] }[back];
    assert.ok(done.ok && done.count === want.length, done.text);
    assert.deepEqual([...rig.queue.inQueue('deferred')].sort(), [...want].sort());
    assert.equal(rig.admin.account(joe)?.account.state, 'clear');
    assert.equal(rig.admin.audit({ limit: 1 })[0]?.detail, `${record}: x`);
    assert.equal(done.text.includes(`postern held drop --account ${joe}`), back !== 'all');
  });
}

test('a false alarm of an account that was not suspended says so, and delivers', async () => {
  const rig = openRig();
  const honest = { by: 'op', note: '', falseAlarm: true, keepHeld: false };
  const quiet = rig.send({ account: joe, to: ['a@elsewhere.test'] });
  await rig.time.settle();
  assert.equal(quiet.answers[0]?.kind, 'pass');
  const none = await rig.admin.release(joe, honest);
  assert.equal(none.text, `${joe} was not suspended; none of its mail is held`);
  const strangers = Array.from({ length: 30 }, (_, nth) => `late${nth}@elsewhere.test`);
  const late = rig.send({ account: joe, to: strangers });
  await rig.time.settle();
  assert.equal(late.answers[0]?.kind, 'hold');
  const done = await rig.admin.release(joe, honest);
  assert.equal(done.text, `${joe} was not suspended; 1 message is back in the queue`);
});

test('mail held before a release never leaves automatically; mail held later does', async () => {
  const { rig, queued, held } = await stopped({ settings: { calmAfterMs: hourMs } });
  await rig.admin.release(joe, hijacked);
  // Few enough to leave automatically, but for the suspension.
  await rig.admin.dropHeld({ ids: held.splice(2) }, 'op');
  await rig.time.pass(minuteMs);
  const strangers = Array.from({ length: 30 }, (_, nth) => `late${nth}@elsewhere.test`);
  const late = rig.send({ account: joe, to: strangers });
  await rig.time.settle();
  assert.equal(late.answers[0]?.kind, 'hold');
  for (let hour = 0; hour < 240; hour++) {
    rig.time.jump(hourMs);
    await rig.review();
  }
  assert.deepEqual(rig.queue.inQueue('deferred'), [late.id]);
  assert.deepEqual([...rig.queue.inQueue('hold')].sort(), [...queued, ...held].sort());
});
