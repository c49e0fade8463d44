import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inboundRow } from '../../../../test/doubles/inbound.ts';
import { quietWorld } from '../../../../test/doubles/world.ts';
import { ManualTime } from '../../../../test/ledger/manual-time.ts';
import { ScriptedQueue } from '../../../../test/ledger/scripted-hands.ts';
import { inMemory, openLedger } from '../../../ledger/sqlite/open.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../../lib/time.ts';
import type { InboundRow, LetGoList } from '../../../ports/inbound/inbound.ts';
import type { Ledger } from '../../../ports/ledger.ts';
import { openJournal } from '../../journal/journal.ts';
import { type WaitingDeps, WaitingInbound } from './waiting-inbound.ts';

const start = 1_795_000_000_000;

type Rig = {
  readonly time: ManualTime;
  readonly ledger: Ledger;
  readonly queue: ScriptedQueue;
  readonly listed: Set<string>;
  readonly troubles: (string | undefined)[];
  readonly waiting: WaitingInbound;
  said: 'release' | { readonly reasons: readonly string[] };
  listWorks: boolean;
  /** Called when a message is judged again. */
  judging: (queueId: string) => Promise<void>;
  settings: { holds: boolean; quarantineMs: number; tells: boolean };
  flush(): boolean;
  /** The guard starts anew with what the ledger has. */
  again(): WaitingInbound;
};

function rig(): Rig {
  const time = new ManualTime(start);
  const world = quietWorld({ clock: time, timers: time });
  const ledger = openLedger(inMemory);
  const journal = openJournal({ ledger, world, onState: () => undefined });
  const queue = new ScriptedQueue([]);
  const listed = new Set<string>();
  const troubles: (string | undefined)[] = [];
  const settings = { holds: true, quarantineMs: 14 * dayMs, tells: true };
  const list: LetGoList = {
    async add(id) {
      if (one.listWorks) listed.add(id);
      return one.listWorks;
    },
    async remove(ids) {
      for (const id of ids) listed.delete(id);
    },
  };
  const deps: WaitingDeps = {
    journal,
    ledger,
    mta: queue,
    list,
    troubles: { set: (_part, why) => void troubles.push(why) },
    world,
    settings,
    judgeAgain: async ({ queueId }) => {
      await one.judging(queueId);
      return one.said;
    },
    over: () => undefined,
  };
  const one: Rig = {
    time,
    ledger,
    queue,
    listed,
    troubles,
    settings,
    said: 'release',
    listWorks: true,
    judging: async () => undefined,
    waiting: new WaitingInbound(deps),
    flush: () => journal.flushNow(),
    again: () => new WaitingInbound(deps),
  };
  return one;
}

const waits = (queueId: string, more: Partial<InboundRow> = {}): InboundRow =>
  inboundRow({
    queueId,
    state: 'waiting',
    at: start as Millis,
    due: (start + 10 * minuteMs) as Millis,
    ...more,
  });

/** Written down, answered, and now in the hold queue. */
async function held(of: Rig, row: InboundRow): Promise<boolean> {
  const done = of.waiting.hold(row);
  await of.time.pass(1);
  const isHeld = await done;
  if (isHeld) of.queue.arrive(row.queueId, true);
  return isHeld;
}
const stateOf = (of: Rig, id: string): string | undefined => {
  of.flush();
  return of.ledger.inboundOne(id)?.state;
};

test('a message leaves when its time is over, and not before', async () => {
  const of = rig();
  assert.equal(await held(of, waits('W1')), true);
  assert.deepEqual([stateOf(of, 'W1'), [...of.listed]], ['waiting', ['W1']]);
  await of.time.pass(10 * minuteMs - 10);
  assert.deepEqual(of.queue.inQueue('hold'), ['W1']);
  await of.time.pass(3_000);
  assert.deepEqual([of.queue.inQueue('deferred'), stateOf(of, 'W1')], [['W1'], 'released']);
  assert.deepEqual([[...of.listed], of.waiting.waiting], [[], 0]);
});

test('spam stays in quarantine until its time is over and its recipients were told', async () => {
  const of = rig();
  of.settings.quarantineMs = 20 * minuteMs;
  of.said = { reasons: ['on a list'] };
  await held(of, waits('Q1'));
  await of.time.pass(11 * minuteMs);
  const kept = of.waiting.get('Q1');
  assert.deepEqual(
    [kept?.state, kept?.reasons, [...of.listed]],
    ['quarantined', ['on a list'], []],
  );
  assert.deepEqual([of.waiting.waiting, of.waiting.quarantined], [0, 1]);
  await of.time.pass(30 * minuteMs);
  assert.deepEqual(of.queue.inQueue('hold'), ['Q1'], 'nobody was told');
  of.waiting.told(of.waiting.all('quarantined'), of.time.now());
  await of.time.pass(20 * minuteMs);
  assert.deepEqual([of.queue.messages.size, stateOf(of, 'Q1')], [0, 'expired']);
});

test('a clock that is set back keeps no message waiting', async () => {
  const of = rig();
  await held(of, waits('B1'));
  of.time.jump(-400 * dayMs);
  await of.time.pass(3_000);
  assert.deepEqual([of.queue.inQueue('deferred'), stateOf(of, 'B1')], [['B1'], 'released']);
});

test('a clock that is wrong by weeks for some minutes deletes nothing', async () => {
  const of = rig();
  of.said = { reasons: [] };
  await held(of, waits('C1'));
  await of.time.pass(2 * hourMs);
  of.waiting.told(of.waiting.all('quarantined'), of.time.now());
  of.time.jump(40 * dayMs);
  await of.time.pass(10 * minuteMs);
  of.waiting.close();
  const next = of.again();
  await of.time.pass(10 * minuteMs);
  of.time.jump(-40 * dayMs);
  await of.time.pass(2 * hourMs);
  assert.deepEqual([of.queue.inQueue('hold'), next.get('C1')?.state], [['C1'], 'quarantined']);
});

test('whoever names the queue id of a message at the door changes nothing about it', async () => {
  const of = rig();
  of.said = { reasons: [] };
  await held(of, waits('Q7'));
  await of.time.pass(11 * minuteMs);
  const before = of.waiting.get('Q7');
  assert.equal(await of.waiting.hold(waits('Q7', { recipients: ['eve@example.net'] })), false);
  assert.deepEqual([of.waiting.get('Q7'), stateOf(of, 'Q7')], [before, 'quarantined']);
});

test('rows of strangers have room in memory, and no more', async () => {
  const of = rig();
  const recipients = Array.from({ length: 50 }, (_, n) => `${n}${'x'.repeat(300)}@example.net`);
  const rows = Array.from({ length: 4_400 }, (_, n) => waits(`R${10_000 + n}`, { recipients }));
  of.ledger.write(
    rows.map((row) => ({ kind: 'inbound', row })),
    { durable: false },
  );
  assert.equal(await of.again().hold(waits('Small')), false);
});

test('what cannot be written down on the disk, or on the list, is not held', async () => {
  const of = rig();
  of.listWorks = false;
  assert.equal(await held(of, waits('L1')), false);
  assert.deepEqual([of.waiting.waiting, stateOf(of, 'L1')], [0, 'released']);
  of.listWorks = true;
  of.ledger.close();
  const done = of.waiting.hold(waits('F1'));
  await of.time.pass(10_000);
  assert.equal(await done, false);
  assert.equal(await of.waiting.hold(waits('F2')), false, 'at once, while writing fails');
});

test('queue tools that fail: it is said, tried again, and nothing is lost', async () => {
  const of = rig();
  await held(of, waits('T1'));
  of.queue.broken = true;
  await of.time.pass(11 * minuteMs);
  assert.match(of.troubles.at(-1) ?? '', /waits longer than it should.*postsuper: no/);
  assert.equal(stateOf(of, 'T1'), 'waiting');
  of.queue.broken = false;
  await of.time.pass(minuteMs);
  assert.deepEqual([of.queue.inQueue('deferred'), stateOf(of, 'T1')], [['T1'], 'released']);
  assert.equal(of.troubles.at(-1), undefined);
});

test('after a restart what was overdue leaves, and the quarantine is known', async () => {
  const of = rig();
  of.said = { reasons: [] };
  await held(of, waits('Q2'));
  await of.time.pass(11 * minuteMs);
  of.said = 'release';
  await held(of, waits('W2', { due: (start + 20 * minuteMs) as Millis }));
  of.flush();
  of.waiting.close();
  await of.time.pass(hourMs);
  assert.deepEqual(of.queue.inQueue('hold'), ['Q2', 'W2']);
  const next = of.again();
  assert.deepEqual([next.waiting, next.quarantined], [1, 1]);
  await of.time.pass(minuteMs);
  assert.deepEqual([of.queue.inQueue('hold'), stateOf(of, 'W2')], [['Q2'], 'released']);
});

test('what the root helper released meanwhile is gone, and no quarantine', async () => {
  const of = rig();
  await held(of, waits('G1'));
  of.queue.leave('G1');
  of.said = { reasons: [] };
  await of.time.pass(11 * minuteMs);
  assert.deepEqual([stateOf(of, 'G1'), of.waiting.quarantined], ['gone', 0]);
});

test('a setting that ends the waiting releases what waits at once', async () => {
  const of = rig();
  await held(of, waits('S1'));
  of.settings.holds = false;
  of.said = { reasons: [] };
  await of.time.pass(5_000);
  assert.deepEqual(of.queue.inQueue('deferred'), ['S1']);
  assert.equal(await of.waiting.hold(waits('S2')), false);
});

test('more than may wait at the same time: delivered at once', async () => {
  const of = rig();
  const rows = Array.from({ length: 5_000 }, (_, n) => waits(`M${10_000 + n}`));
  of.ledger.write(
    rows.map((row) => ({ kind: 'inbound', row })),
    { durable: false },
  );
  assert.equal(await of.again().hold(waits('More')), false);
});

test('by hand: released or dropped, whatever its time is', async () => {
  const of = rig();
  await held(of, waits('H1'));
  await held(of, waits('H2'));
  const [one, other] = [of.waiting.get('H1'), of.waiting.get('H2')];
  assert.ok(one !== undefined && other !== undefined);
  assert.deepEqual([...(await of.waiting.byHand([one], 'released', 'op'))], ['H1']);
  assert.deepEqual([...(await of.waiting.byHand([other], 'dropped', 'op'))], ['H2']);
  assert.deepEqual([stateOf(of, 'H1'), stateOf(of, 'H2')], ['released', 'dropped']);
  assert.deepEqual([of.queue.inQueue('deferred'), [...of.listed]], [['H1'], []]);
});

test('an operator is faster than the second judgement: what was done stays done', async () => {
  for (const said of ['release', { reasons: ['on a list'] }] as const) {
    const of = rig();
    of.said = said;
    await held(of, waits('R1'));
    of.judging = async () => {
      const row = of.waiting.get('R1');
      assert.ok(row !== undefined);
      await of.waiting.byHand([row], 'released', 'ann');
    };
    await of.time.pass(11 * minuteMs);
    assert.equal(stateOf(of, 'R1'), 'released');
    assert.equal(of.ledger.inboundOne('R1')?.by, 'ann');
    assert.deepEqual([of.waiting.waiting, of.waiting.quarantined], [0, 0]);
  }
});

test('an operator is faster than the disk: no quarantine of what was delivered', async () => {
  const of = rig();
  of.said = { reasons: ['on a list'] };
  await held(of, waits('R2'));
  const { onHold } = of.queue;
  of.queue.onHold = async (ids) => {
    const found = await onHold.call(of.queue, ids);
    const row = of.waiting.get('R2');
    if (row !== undefined) await of.waiting.byHand([row], 'released', 'ann');
    return found;
  };
  await of.time.pass(11 * minuteMs);
  assert.deepEqual([stateOf(of, 'R2'), of.waiting.quarantined], ['released', 0]);
});

test('messages that cannot be deleted keep no other one waiting', async () => {
  const of = rig();
  of.settings.quarantineMs = minuteMs;
  of.said = { reasons: [] };
  for (let nth = 100; nth < 160; nth++) await held(of, waits(`Q${nth}`));
  await of.time.pass(12 * minuteMs);
  assert.equal(of.waiting.quarantined, 60);
  of.waiting.told(of.waiting.all('quarantined'), of.time.now());
  of.queue.drop = async () => ({ done: new Set(), fault: new Error('postsuper: no') });
  of.said = 'release';
  await held(of, waits('W9', { at: of.time.now(), due: (of.time.now() + minuteMs) as Millis }));
  await of.time.pass(3 * minuteMs);
  assert.deepEqual([of.queue.inQueue('deferred'), of.waiting.quarantined], [['W9'], 60]);
});

test('a message that its client gave up is not judged every few seconds', async () => {
  const of = rig();
  const judged: string[] = [];
  of.judging = async (id) => void judged.push(id);
  const done = of.waiting.hold(waits('V1', { due: (start + minuteMs) as Millis }));
  await of.time.pass(1);
  assert.equal(await done, true);
  await of.time.pass(6 * minuteMs);
  assert.equal(stateOf(of, 'V1'), 'gone');
  assert.ok(judged.length < 30, `${judged.length} times`);
});
