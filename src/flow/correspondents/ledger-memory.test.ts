/** Who wrote to which mailbox: over a restart, with limits, and while the ledger takes nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { ManualTime } from '../../../test/ledger/manual-time.ts';
import { inMemory, openLedger } from '../../ledger/sqlite/open.ts';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Change } from '../../ports/ledger.ts';
import { openJournal } from '../journal/journal.ts';
import { LedgerMemory } from './ledger-memory.ts';

const ann = 'ann@here.test';
const carol = 'carol@far.example';
const today = 20_000;
const at = (day: number): Millis => (day * dayMs) as Millis;

function rig() {
  const time = new ManualTime(at(today));
  const ledger = openLedger(inMemory);
  const world = quietWorld({ clock: time, timers: time });
  const journal = openJournal({ ledger, world, onState: () => undefined });
  const open = (): LedgerMemory => new LedgerMemory({ journal, ledger, seed: () => 7 });
  return { journal, ledger, open };
}

test('what was noted is known at once, and after a restart', () => {
  const { journal, open } = rig();
  const memory = open();
  memory.wrote(ann, carol, today);
  memory.used('link', 'shop.example', { firstAt: at(today), users: [4_294_967_295, today] });
  const check = (of: LedgerMemory, when: string): void => {
    assert.equal(of.lastDay(ann, carol), today, when);
    assert.equal(of.lastDay(carol, ann), undefined, when);
    assert.deepEqual(of.use('link', 'shop.example')?.users, [4_294_967_295, today], when);
    assert.equal(of.use('written-to', 'shop.example'), undefined, when);
  };
  check(memory, 'at once');
  journal.flushNow();
  check(memory, 'when it is written');
  check(open(), 'after a restart');
  memory.wrote(ann, carol, today + 1);
  journal.flushNow();
  assert.deepEqual([open().lastDay(ann, carol), open().writersTo(ann)], [today + 1, 1]);
});

test('all that comes before a write is one change', () => {
  const { journal, ledger } = rig();
  const kinds: Change['kind'][] = [];
  const add = (change: Change): void => {
    kinds.push(change.kind);
    journal.add(change);
  };
  const memory = new LedgerMemory({ journal: { add }, ledger, seed: () => 7 });
  for (let nth = 0; nth < 100; nth++) memory.wrote(ann, `${nth}@far.example`, today);
  assert.equal(kinds.length, 1);
  journal.flushNow();
  memory.wrote(ann, carol, today);
  journal.flushNow();
  assert.deepEqual([kinds.length, ledger.countCorrespondents()], [2, 101]);
});

test('of a full mailbox, who wrote longest ago is forgotten', () => {
  const { journal, ledger, open } = rig();
  const memory = open();
  memory.wrote(ann, 'first@far.example', today - 9);
  for (let nth = 1; nth < 5_000; nth++) memory.wrote(ann, `${nth}@far.example`, today - 3);
  memory.wrote('joe@here.test', carol, today - 9);
  journal.flushNow();
  assert.equal(ledger.countCorrespondents(), 5_001);
  memory.wrote(ann, carol, today);
  journal.flushNow();
  assert.equal(ledger.countCorrespondents(), 4_502, 'some go at once');
  const after = open();
  assert.deepEqual(
    [
      after.lastDay(ann, 'first@far.example'),
      after.lastDay(ann, carol),
      after.lastDay('joe@here.test', carol),
    ],
    [undefined, today, today - 9],
  );
});

test('while the ledger takes nothing, memory stays bounded and what is new is known', () => {
  const { ledger } = rig();
  const changes: Change[] = [];
  const add = (change: Change): void => void changes.push(change);
  const memory = new LedgerMemory({ journal: { add }, ledger, seed: () => 7 });
  for (let nth = 0; nth < 30_000; nth++) memory.wrote(`${nth}@here.test`, carol, today);
  memory.wrote(ann, carol, today);
  assert.equal(memory.lastDay(ann, carol), today);
  const [change] = changes;
  assert.ok(change?.kind === 'correspondents' && changes.length === 1);
  assert.equal(change.row.pairs().length, 10_000);
  // It could not be written: asked for once more, and room is not counted twice.
  assert.equal(change.row.pairs().length, 10_000);
  memory.wrote(ann, 'dave@far.example', today);
  assert.equal(changes.length, 2);
});

test('what is too old goes: people after 60 days, domains after 180', () => {
  const { journal, ledger, open } = rig();
  const memory = open();
  memory.wrote(ann, carol, today);
  memory.used('written-to', 'far.example', { firstAt: at(today), users: [1, today] });
  journal.flushNow();
  const zero = 0 as Millis;
  const others = {
    messages: zero,
    stories: zero,
    statistics: zero,
    deferred: zero,
    imports: zero,
    known: [],
  };
  const left = (day: number): readonly number[] => {
    const correspondents = memory.olderThan(at(day));
    while (ledger.prune({ ...others, correspondents }));
    return [ledger.countCorrespondents(), ledger.countDomainUses('written-to')];
  };
  assert.deepEqual(
    [60, 61, 180, 181].map((days) => left(today + days)),
    [
      [1, 1],
      [0, 1],
      [0, 1],
      [0, 0],
    ],
  );
});

test('a person who is forgotten is gone as sender and as mailbox', () => {
  const { journal, ledger, open } = rig();
  const memory = open();
  memory.wrote(ann, carol, today);
  memory.wrote(ann, 'dave@far.example', today);
  memory.wrote('joe@here.test', 'dave@far.example', today);
  memory.forgetAddress();
  journal.flushNow();
  const forget = (address: string, dryRun = false): number =>
    ledger.forget({ address, hashes: [hash53(address, 7)] }, { dryRun });
  assert.equal(forget(carol, true), 1);
  assert.equal(forget(carol), 1);
  assert.deepEqual(
    [memory.lastDay(ann, carol), memory.lastDay(ann, 'dave@far.example')],
    [undefined, today],
  );
  assert.equal(forget(ann), 1);
  assert.equal(ledger.countCorrespondents(), 1);
});
