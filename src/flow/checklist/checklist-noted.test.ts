import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checklistItem } from '../../../test/doubles/checklist.ts';
import { quietWorld } from '../../../test/doubles/world.ts';
import { ManualTime } from '../../../test/ledger/manual-time.ts';
import type { ChecklistItem, ItemState } from '../../core/checklist/items/item.ts';
import { nightlyName } from '../../core/checklist/memory/remember.ts';
import type { Notice } from '../../core/notice.ts';
import type { OwnCommand } from '../../core/own-command.ts';
import { inMemory, openLedger } from '../../ledger/sqlite/open.ts';
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';
import { openJournal } from '../journal/journal.ts';
import { openChecklist } from './checklist-noted.ts';

const start = (20_775 * dayMs) as Millis;
const own: OwnCommand = {
  program: '/opt/p/postern',
  options: [['--state', '/srv/p']],
  sudo: 'as-said',
};
type States = Readonly<Record<string, ItemState>>;

function rig() {
  const time = new ManualTime(start);
  const world = quietWorld({ clock: time, timers: time });
  const ledger = openLedger(inMemory);
  const journal = openJournal({ ledger, world, onState: () => undefined });
  const told: Notice[] = [];
  const prepare = (notice: Notice): readonly [] => {
    told.push(notice);
    return [];
  };
  const send = (): void => undefined;
  const iso = (at: Millis): string => new Date(at).toISOString();
  const open = () =>
    openChecklist({
      ledger,
      journal,
      notices: { prepare, send },
      world,
      host: 'mail.test',
      iso,
      own,
    });
  let checklist = open();
  let run = 0;
  const itemsOf = (states: States): readonly ChecklistItem[] =>
    Object.entries(states).map(([id, state]) => checklistItem(id, { state }));
  return {
    told,
    ledger,
    time,
    get checklist() {
      return checklist;
    },
    restart: () => {
      checklist = open();
    },
    async noted<Result>(work: Promise<Result>): Promise<Result> {
      await Promise.resolve();
      journal.flushNow();
      return await work;
    },
    /** The reasons of the mail of this night; empty without a mail. */
    async night(states: States, asRoot = false): Promise<readonly string[]> {
      time.jump(dayMs);
      told.length = 0;
      const part = { run: `${++run}`, items: itemsOf(states), isLast: true, asRoot, nightly: true };
      const { ok } = await this.noted(checklist.note(part, nightlyName));
      assert.ok(ok);
      assert.ok(told.length <= 1, 'one mail a night');
      return told.flatMap(({ reasons }) => reasons.map(({ text }) => text));
    },
    async look(states: States, by = 'op', asRoot = false): Promise<void> {
      time.jump(hourMs);
      const part = {
        run: `${++run}`,
        items: itemsOf(states),
        isLast: true,
        asRoot,
        nightly: false,
      };
      assert.ok((await this.noted(checklist.note(part, by))).ok);
    },
    stateOf: (id: string) => checklist.view().items.find((one) => one.id === id)?.state,
  };
}

test('a night tells what changed since the last one, once, also over a restart', async () => {
  const r = rig();
  assert.deepEqual(await r.night({ a: 'broken', b: 'done' }), [], 'nothing came before');
  assert.deepEqual(await r.night({ a: 'broken', b: 'done' }), []);
  r.restart();
  const [first = '', ...others] = await r.night({ a: 'done', b: 'done' });
  assert.match(first, /^a is in place \(a\): done \(was broken\)/);
  assert.deepEqual(others, []);
  assert.deepEqual(await r.night({ a: 'done', b: 'done' }), []);
  const news = await r.night({ a: 'done', b: 'broken', c: 'missing', d: 'broken' });
  assert.deepEqual(
    news.map((text) => text.slice(0, 1)),
    ['b', 'd'],
    'of new items, only broken ones are news',
  );
  assert.equal(r.told[0]?.event, 'checklist.changed');
  assert.equal(r.told[0]?.page, '/checklist');
});

test('what changed and changed back by day is in the history with names, and no news', async () => {
  const r = rig();
  await r.night({ a: 'done' });
  await r.look({ a: 'broken' }, 'ann');
  await r.look({ a: 'done' }, 'bob');
  assert.deepEqual(await r.night({ a: 'done' }), []);
  assert.deepEqual(
    r.checklist.history({ id: 'a', limit: 9 }).map(({ by, from, to }) => [from, to, by]),
    [
      ['broken', 'done', 'bob'],
      ['done', 'broken', 'ann'],
      [undefined, 'done', nightlyName],
    ],
  );
});

test('unknown is no change before the third night, and what root saw stays', async () => {
  const r = rig();
  await r.night({ a: 'done', b: 'done' });
  for (const night of [1, 2]) {
    assert.deepEqual(await r.night({ a: 'unknown', b: 'done' }), [], `night ${night}`);
    assert.equal(r.stateOf('a'), 'done');
  }
  assert.match((await r.night({ a: 'unknown', b: 'done' }))[0] ?? '', /unknown for 3 nights/);
  assert.equal(r.stateOf('a'), 'unknown');
  await r.look({ a: 'done', b: 'done' }, 'root', true);
  await r.night({ a: 'unknown', b: 'done' });
  for (let night = 0; night < 5; night++) await r.night({ a: 'unknown', b: 'done' });
  assert.equal(r.stateOf('a'), 'done', 'this run sees less than root did');
  assert.match(r.checklist.view().items[0]?.unknownWhy ?? '', /as it should be/);
});

test('an item that changes again and again is told once', async () => {
  const r = rig();
  await r.night({ a: 'done' });
  const told: string[] = [];
  for (let night = 0; night < 12; night++) {
    told.push(...(await r.night({ a: night % 2 === 0 ? 'broken' : 'done' })));
  }
  assert.equal(told.filter((text) => /changed 4 times in 7 days/.test(text)).length, 1);
  assert.equal(told.length, 4, 'three changes, then the one word about all that follow');
  for (let night = 0; night < 6; night++) assert.deepEqual(await r.night({ a: 'broken' }), []);
  const after = [await r.night({ a: 'broken' }), await r.night({ a: 'broken' })].flat();
  assert.equal(after.length <= 1, true);
  assert.match((await r.night({ a: 'done' }))[0] ?? '', /done \(was broken\)/, 'calm again');
});

test('an acknowledgement ends with its days, when the item gets worse or is done', async () => {
  const r = rig();
  await r.night({ a: 'broken', b: 'missing', c: 'broken', d: 'done' });
  const ack = (id: string, days: number) =>
    r.noted(r.checklist.acknowledge(id, { days, note: 'known', by: 'ann' }));
  for (const id of ['a', 'b', 'c']) assert.ok((await ack(id, 3)).ok);
  const refused = await ack('d', 3);
  assert.deepEqual([refused.ok, /nothing to acknowledge/.test(refused.text)], [false, true]);
  r.restart();
  assert.deepEqual(
    r.checklist.acknowledgements().map(({ id }) => id),
    ['a', 'b', 'c'],
  );
  const news = await r.night({ a: 'broken', b: 'broken', c: 'done', d: 'done' });
  assert.deepEqual(
    r.checklist.acknowledgements().map(({ id }) => id),
    ['a'],
  );
  assert.ok(news.some((text) => /^b .*acknowledgement has ended: it got worse/.test(text)));
  await r.night({ a: 'broken', b: 'broken', c: 'done', d: 'done' });
  const over = await r.night({ a: 'broken', b: 'broken', c: 'done', d: 'done' });
  assert.deepEqual(over.length, 1);
  assert.match(over[0] ?? '', /^a .*its time is over/);
  assert.deepEqual(r.ledger.acknowledgements(), []);
  const words = r.ledger.audit({ limit: 9 }).map(({ by, detail }) => `${by} ${detail}`);
  assert.ok(
    words.includes('ann a (broken) acknowledged until 2026-11-22: known'),
    words.join('\n'),
  );
});

test('an acknowledgement is taken back; a wrong name is answered with near ones', async () => {
  const r = rig();
  await r.look({ 'dns.spf': 'broken' });
  const asked = { days: 90, note: '', by: 'ann' };
  const wrong = await r.checklist.acknowledge('dns.spv', asked);
  assert.equal(wrong.ok, false);
  assert.equal('hint' in wrong ? wrong.hint : '', 'near: dns.spf');
  assert.equal((await r.checklist.acknowledge('dns.spf', { ...asked, days: 0 })).ok, false);
  assert.ok((await r.noted(r.checklist.acknowledge('dns.spf', asked))).ok);
  assert.ok((await r.noted(r.checklist.acknowledge('dns.spf', { ...asked, days: 0 }))).ok);
  assert.deepEqual(r.checklist.acknowledgements(), []);
  assert.deepEqual(
    r.checklist.history({ limit: 2 }).map(({ by, text, what }) => [what, by, text]),
    [
      ['acknowledgement ended', 'ann', 'taken back'],
      ['acknowledged', 'ann', ''],
    ],
  );
});

test('a run counts when its last part is there; an item not listed any more goes', async () => {
  const r = rig();
  await r.look({ a: 'done', b: 'done' });
  const part = { run: 'parts', asRoot: false, nightly: false };
  await r.checklist.note({ ...part, items: [checklistItem('a')], isLast: false }, 'op');
  assert.equal(r.checklist.view().items.length, 2);
  const last = { ...part, items: [checklistItem('c')], isLast: true };
  assert.ok((await r.noted(r.checklist.note(last, 'op'))).ok);
  assert.deepEqual(
    r.checklist
      .view()
      .items.map(({ id }) => id)
      .sort(),
    ['a', 'c'],
  );
  assert.deepEqual(
    r.ledger.checklistItems().map(({ item }) => item.id),
    ['a', 'c'],
  );
  assert.equal(r.checklist.view().last?.by, 'op');
  const many = Array.from({ length: 2_001 }, (_, nth) => checklistItem(`m${nth}`));
  const refused = await r.checklist.note({ ...last, run: 'many', items: many }, 'op');
  assert.equal(refused.ok, false);
  assert.equal(r.checklist.view().items.length, 2);
});

test('an address is forgotten, in memory and in the ledger', async () => {
  const r = rig();
  const found = 'key of "ann.o\'hara"@here.test, and of Ann@here.test: weak';
  const item = checklistItem('a', { state: 'broken', found });
  const part = { run: 'x', items: [item], isLast: true, asRoot: false, nightly: false };
  assert.ok((await r.noted(r.checklist.note(part, 'op'))).ok);
  const how = { days: 3, note: 'ask ann@here.test', by: 'op' };
  assert.ok((await r.noted(r.checklist.acknowledge('a', how))).ok);
  r.checklist.forgetAddress('ann@here.test');
  r.ledger.forget({ address: 'ann@here.test', hashes: [] }, { dryRun: false });
  const kept = [r.checklist.view(), r.checklist.acknowledgements()];
  const stored = [r.ledger.checklistItems(), r.ledger.acknowledgements()];
  const history = r.checklist.history({ limit: 9 });
  for (const one of [...kept, ...stored, history]) {
    assert.doesNotMatch(JSON.stringify(one), /ann@here\.test/i);
  }
  assert.equal(r.stateOf('a'), 'broken');
});

test('the history of one item is bounded, and the others keep theirs', async () => {
  const r = rig();
  await r.look({ a: 'done', b: 'done' });
  for (let nth = 0; nth < 210; nth++)
    await r.look({ a: nth % 2 === 0 ? 'broken' : 'done', b: 'done' });
  assert.equal(r.ledger.checklistChanges({ id: 'a', limit: 999 }).length, 200);
  assert.equal(r.ledger.checklistChanges({ id: 'b', limit: 999 }).length, 1);
});

test('commands are as they work on this machine, on the page and in the nightly mail', async () => {
  const r = rig();
  await r.night({ a: 'done' });
  r.time.jump(dayMs);
  r.told.length = 0;
  const due = { at: (r.time.now() + 5 * dayMs) as Millis, what: 'the certificate' };
  const broken = { state: 'broken', command: 'sudo postern dkim rotate' } as const;
  const items = [
    checklistItem('a', { ...broken, fix: 'look: postern dkim keys' }),
    checklistItem('b', { state: 'done', due }),
  ];
  const part = { run: 'last', items, isLast: true, asRoot: true, nightly: true };
  assert.ok((await r.noted(r.checklist.note(part, nightlyName))).ok);
  const [first = '', second = ''] = r.told.flatMap(({ reasons }) =>
    reasons.map(({ text }) => text),
  );
  assert.match(first, /next: sudo \/opt\/p\/postern --state \/srv\/p dkim rotate$/);
  assert.match(second, /breaks in 5 days .*\/opt\/p\/postern --state \/srv\/p checklist show b$/);
  const view = r.checklist.view();
  assert.equal(view.command, 'sudo /opt/p/postern --state /srv/p checklist');
  const [item] = view.items;
  assert.equal(item?.command, 'sudo /opt/p/postern --state /srv/p dkim rotate');
  assert.equal(item?.fix, 'look: /opt/p/postern --state /srv/p dkim keys');
});

test('what breaks soon is told at 14 and at 3 days, unless it is acknowledged', async () => {
  const r = rig();
  const at = (start + 21 * dayMs) as Millis;
  const nights: number[] = [];
  const acked: number[] = [];
  for (let night = 1; night <= 21; night++) {
    r.time.jump(dayMs);
    r.told.length = 0;
    if (night === 2) await r.noted(r.checklist.acknowledge('b', { days: 60, note: '', by: 'op' }));
    if (night === 10) r.restart();
    const due = { at, what: 'the certificate' };
    const items = [
      checklistItem('a', { state: 'done', due }),
      checklistItem('b', { state: 'missing', due }),
    ];
    const part = { run: `n${night}`, items, isLast: true, asRoot: true, nightly: true };
    assert.ok((await r.noted(r.checklist.note(part, nightlyName))).ok);
    for (const { text } of r.told.flatMap(({ reasons }) => reasons)) {
      (text.startsWith('a ') ? nights : acked).push(night);
    }
  }
  assert.deepEqual([nights, acked], [[7, 18], []]);
});

test('a run with a lost part is not kept: no item is gone, no acknowledgement ends', async () => {
  const r = rig();
  await r.look({ a: 'broken', b: 'done' });
  const how = { days: 9, note: '', by: 'op' };
  assert.ok((await r.noted(r.checklist.acknowledge('a', how))).ok);
  const of = { isLast: true, asRoot: false, nightly: false };
  const b = checklistItem('b', { state: 'done' });
  for (const part of [
    { ...of, run: 'half', items: [b], total: 2 },
    { ...of, run: 'none', items: [] },
  ]) {
    const said = await r.noted(r.checklist.note(part, 'op'));
    assert.ok(!said.ok);
    assert.match(said.text, /the run is not kept/);
  }
  assert.equal(r.stateOf('a'), 'broken');
  assert.deepEqual(
    r.checklist.acknowledgements().map(({ id }) => id),
    ['a'],
  );
});
