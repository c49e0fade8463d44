import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journalRig } from '../../../../test/ledger/journal-rig.ts';
import { sentNamesMax } from '../../../core/inbound/kept.ts';
import { dayMs, type Millis } from '../../../lib/time.ts';
import { SentNames } from './sent-names.ts';

const start = 20_000 * dayMs;
const at = (day: number, ms = 0): Millis => (start + day * dayMs + ms) as Millis;
const everything = 1_000_000;

function rig() {
  const of = journalRig();
  const rows = () => of.ledger.sentNames('sent', 0 as Millis, everything);
  return { ...of, rows, open: () => new SentNames('sent', of) };
}

test('a name is found at once, and over a restart; what came together is one row', () => {
  const { journal, open, rows } = rig();
  const names = open();
  names.see(7, at(0));
  names.see(8, at(0, 5));
  names.see(7, at(0, 6));
  assert.equal(names.find(7), at(0));
  assert.equal(names.find(9), undefined);
  journal.flushNow();
  names.see(7, at(0, 400));
  names.see(2 ** 53 - 1, at(0, 400));
  journal.flushNow();
  assert.deepEqual(
    rows().map(({ names: those }) => those),
    [[7, 8], [2 ** 53 - 1]],
    'no name twice in a day',
  );
  const next = open();
  assert.deepEqual(
    [7, 8, 2 ** 53 - 1].map((name) => next.find(name)),
    [at(0), at(0), at(0)],
  );
  assert.equal(next.size, 3);
});

test('a name that is seen again stays; others go after their time, also from the ledger', () => {
  const { journal, open, rows } = rig();
  const names = open();
  for (const day of [0, 20]) {
    for (const name of day === 0 ? [1, 2] : [2]) names.see(name, at(day));
    journal.flushNow();
  }
  assert.deepEqual([names.find(1), names.find(2)], [at(0), at(20)]);
  names.prune(at(30));
  assert.equal(names.size, 3);
  names.prune(at(31));
  journal.flushNow();
  assert.deepEqual([names.find(1), names.find(2)], [undefined, at(20)]);
  assert.equal(rows().flatMap(({ names: those }) => those).length, 1);
  assert.equal(open().size, 1);
  names.prune(at(51));
  journal.flushNow();
  assert.deepEqual(
    rows().flatMap(({ names: those }) => those),
    [],
  );
  assert.equal(open().find(2), undefined);
});

test('a flood has a limit, in memory and in the ledger: the latest stay', () => {
  const { journal, open, rows } = rig();
  const names = open();
  const all = 2 * sentNamesMax;
  for (let name = 1; name <= all; name++) {
    names.see(name, at(0, name));
    if (name % 1_000 === 0) journal.flushNow();
    assert.ok(names.size <= sentNamesMax);
  }
  assert.ok(rows().reduce((sum, row) => sum + row.names.length, 0) <= sentNamesMax);
  for (const known of [names, open()]) {
    assert.equal(known.find(1), undefined);
    const latest = all - (sentNamesMax / 8) * 7 + 1;
    for (const name of [latest, all]) assert.ok(known.find(name) !== undefined, String(name));
  }
});

test('while the ledger fails, what waits has a limit, and it is written afterwards', () => {
  const { breakDisk, journal, open, pass, rows } = rig();
  const names = open();
  breakDisk(true);
  for (let name = 1; name <= 50_000; name++) names.see(name, at(0));
  pass(1_000);
  for (let name = 50_001; name <= 50_010; name++) names.see(name, at(0));
  assert.equal(names.size, 50_010);
  breakDisk(false);
  journal.flushNow();
  const written = rows().flatMap((row) => row.names);
  assert.ok(written.length >= 20_000 && written.length <= 20_010, String(written.length));
  assert.equal(open().find(1), at(0));
});

test('after the clock was set back nothing is lost', () => {
  const { journal, open } = rig();
  const names = open();
  names.see(1, at(10));
  journal.flushNow();
  names.see(2, at(3));
  journal.flushNow();
  names.see(3, at(3));
  journal.flushNow();
  const next = open();
  for (const name of [1, 2, 3]) assert.equal(next.find(name), at(10), String(name));
});
