/** Days leave as whole files, at their time; mail of an incident stays longer. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { Account } from '../../../src/core/account-name.ts';
import { findInDays } from '../../../src/ledger/fates/find.ts';
import { Retention } from '../../../src/ledger/fates/retention.ts';
import { type Fact, FateWriter, type Keeping } from '../../../src/ledger/fates/writer.ts';
import { dayMs, hourMs, type Millis } from '../../../src/lib/time.ts';
import type { IncidentMail } from '../../../src/ports/fate.ts';
import { freshFolder } from './folder.ts';
import { attempt, judged, later, noon, weekly } from './rig.ts';

const joe = 'joe@example.org' as Account;
const zoe = 'zoe@example.org' as Account;

type Turn = {
  readonly now: Millis;
  readonly keeping?: Keeping;
  readonly incidents?: readonly IncidentMail[];
};

function rig(t: TestContext) {
  const folder = freshFolder(t);
  const retention = new Retention(folder);
  let stopwatch = 0;
  const one = ({ now, keeping = weekly, incidents = [] }: Turn) =>
    retention.run({ now, keeping, incidents, sinceStartMs: stopwatch });
  return {
    folder,
    write(facts: readonly Fact[], now: Millis = noon) {
      const writer = new FateWriter(folder, weekly);
      const done = writer.write(facts, now);
      writer.close();
      return done;
    },
    one,
    /** Two rounds, far enough apart. */
    rounds(turn: Turn) {
      one(turn);
      stopwatch += hourMs;
      return one(turn);
    },
    days: () =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.key'))
        .map((name) => name.slice(9, 19)),
    pass: (ms: number) => {
      stopwatch += ms;
    },
  };
}

const onDay = (day: number, more: Parameters<typeof judged>[0] = {}): Fact => ({
  kind: 'judged',
  message: judged({ queueId: `4day${day}`, messageId: `m${day}`, at: later(day * dayMs), ...more }),
});

test('a day leaves a week after its end, also if days between were missed', (t) => {
  const { days, folder, rounds, write } = rig(t);
  write([onDay(0)]);
  write([onDay(1)], later(dayMs));
  write([onDay(4)], later(4 * dayMs));
  const end = later(12 * hourMs); // of the first day
  rounds({ now: later(7 * dayMs - 1, end) });
  assert.deepEqual(days(), ['2026-11-20', '2026-11-21', '2026-11-24']);
  const { removed } = rounds({ now: later(8 * dayMs, end) });
  assert.deepEqual([...removed].sort(), ['2026-11-20', '2026-11-21']);
  assert.deepEqual(days(), ['2026-11-24']);
  assert.ok(readdirSync(folder).every((name) => name.includes('2026-11-24')));
});

test('a clock that is wrong for a short time removes nothing', (t) => {
  const { days, one, pass, rounds, write } = rig(t);
  write([onDay(0)]);
  one({ now: later(4_000 * dayMs) });
  pass(10 * 60_000);
  one({ now: noon });
  pass(hourMs);
  one({ now: later(4_000 * dayMs) });
  one({ now: noon });
  // Back by years: the day has not come yet.
  rounds({ now: later(-4_000 * dayMs) });
  rounds({ now: later(-4_000 * dayMs) });
  assert.deepEqual(days(), ['2026-11-20']);
});

test('a day that a wrong clock made does not stay for years', (t) => {
  const { days, one, pass, write } = rig(t);
  write([onDay(4_000)], later(4_000 * dayMs));
  one({ now: noon });
  pass(dayMs);
  one({ now: noon });
  assert.deepEqual(days(), []);
});

test('the key is overwritten and removed with its day', (t) => {
  const { folder, rounds, write } = rig(t);
  write([onDay(0)]);
  const path = join(folder, 'messages-2026-11-20.key');
  assert.equal(readFileSync(path).length, 32);
  rounds({ now: later(9 * dayMs) });
  assert.deepEqual(readdirSync(folder), []);
});

test('clear text leaves earlier as a file of its own; recipients are found by address', (t) => {
  const { folder, rounds, write } = rig(t);
  write([onDay(0), onDay(0, { queueId: '4held', messageId: 'h', verdict: 'hold' })]);
  const keeping = { keepMs: 7 * dayMs, keepClearMs: dayMs };
  rounds({ now: later(2 * dayMs), keeping });
  assert.ok(!existsSync(join(folder, 'messages-2026-11-20-clear.db')));
  const { found } = findInDays(folder, { recipient: 'anna@example.net', limit: 10 });
  assert.deepEqual(
    found.map((one) => [one.judged?.queueId, one.judged?.subject, one.recipients[0]?.recipient]),
    [
      ['4held', 'Lunch on Friday', 'anna@example.net'],
      ['4day0', '', ''],
    ],
  );
});

test('clear text that is turned off leaves at the next round', (t) => {
  const { folder, one, write } = rig(t);
  write([onDay(0)]);
  one({ now: noon, keeping: { keepMs: 7 * dayMs, keepClearMs: 0 } });
  assert.ok(!existsSync(join(folder, 'messages-2026-11-20-clear.db')));
});

test('of a day with an incident, the mail of its account stays 30 days', (t) => {
  const { days, folder, rounds, write } = rig(t);
  write([
    onDay(0),
    { kind: 'attempted', attempt: attempt({ queueId: '4day0', reply: '250 2.0.0 Ok: 77aa' }) },
    onDay(0, {
      queueId: '4zoe',
      messageId: 'z',
      account: zoe,
      sender: zoe,
      headerFrom: zoe,
      recipients: ['carl@example.net'],
      subject: 'Private',
    }),
  ]);
  const incidents = [{ account: joe, since: later(-1), until: undefined }];
  // Written before the account was suspended, when clear text was kept only for a day.
  const keeping = { keepMs: 7 * dayMs, keepClearMs: dayMs };
  rounds({ now: later(hourMs), keeping, incidents });
  rounds({ now: later(3 * dayMs), keeping, incidents });
  const { shortened } = rounds({ now: later(8 * dayMs), keeping, incidents });
  assert.deepEqual(shortened, ['2026-11-20']);
  const { found } = findInDays(folder, { limit: 10 });
  assert.deepEqual(
    found.map((one) => [one.judged?.subject, one.recipients[0]?.recipient]),
    [['Lunch on Friday', 'anna@example.net']],
  );
  assert.equal(found[0]?.recipients[0]?.attempts[0]?.reply, '250 2.0.0 Ok: 77aa');
  const all = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join();
  assert.ok(!all.includes('zoe@example.org') && !all.includes('Private'));
  for (const { recipient } of [{ recipient: 'anna@example.net' }]) {
    assert.equal(findInDays(folder, { recipient, limit: 10 }).found.length, 1);
  }
  rounds({ now: later(29 * dayMs), keeping, incidents });
  assert.deepEqual(days(), ['2026-11-20']);
  rounds({ now: later(31 * dayMs), keeping, incidents });
  assert.deepEqual(days(), []);
});

test('what comes later about a message that was cut away begins no new one', (t) => {
  const { rounds, write, folder } = rig(t);
  write([onDay(0, { account: zoe }), onDay(0, { queueId: '4joe', messageId: 'j' })]);
  const incidents = [{ account: joe, since: noon, until: undefined }];
  rounds({ now: later(8 * dayMs), incidents });
  const facts: readonly Fact[] = ['4day0', '4joe'].map((queueId) => ({
    kind: 'attempted',
    attempt: attempt({ queueId, at: later(8 * dayMs), delaySeconds: 8 * 86_400 }),
  }));
  assert.equal(write(facts, later(8 * dayMs)).outOfRange, 1);
  assert.equal(findInDays(folder, { limit: 10 }).found.length, 1);
});

test('nothing is kept if the setting says so', (t) => {
  const { days, one, write } = rig(t);
  write([onDay(0)]);
  one({ now: noon, keeping: { keepMs: 0, keepClearMs: 0 } });
  assert.deepEqual(days(), []);
});

test('a damaged file is set aside, said, and leaves with its day', (t) => {
  const { folder, rounds, write } = rig(t);
  write([onDay(0)]);
  const path = join(folder, 'messages-2026-11-20.db');
  writeFileSync(path, 'This is no database, and never was one. '.repeat(200));
  assert.match(findInDays(folder, { limit: 10 }).partial, /2026-11-20 cannot be read/);
  assert.deepEqual(write([onDay(0)]).damaged, [path]);
  assert.equal(findInDays(folder, { limit: 10 }).found.length, 1);
  assert.ok(existsSync(`${path}.damaged`));
  rounds({ now: later(9 * dayMs) });
  assert.deepEqual(readdirSync(folder), []);
});

test('a file of a newer Postern is left as it is, and said; other days are written', (t) => {
  const { folder, write } = rig(t);
  write([onDay(0)]);
  const path = join(folder, 'messages-2026-11-20.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  const done = write([onDay(0), onDay(1)], later(dayMs));
  assert.match(String(done.unusable), /format 99/);
  assert.equal(done.outOfRange, 1);
  const { found, partial } = findInDays(folder, { limit: 10 });
  assert.deepEqual(
    found.map((one) => one.judged?.queueId),
    ['4day1'],
  );
  assert.match(partial, /2026-11-20 cannot be read: .*format 99/);
});

for (const [fault, spoil] of [
  ['is damaged', (main: string) => writeFileSync(main, Buffer.alloc(65_536, 7))],
  ['has lost its key', (main: string) => rmSync(main.replace(/db$/, 'key'))],
  ['is of a newer Postern', (main: string) => setFormat(main, 99)],
] as const) {
  test(`a day that ${fault} leaves at its time, also while an incident is open`, (t) => {
    const { folder, rounds, write } = rig(t);
    write([onDay(0)]);
    spoil(join(folder, 'messages-2026-11-20.db'));
    const incidents = [{ account: joe, since: noon, until: undefined }];
    const keeping = { keepMs: 7 * dayMs, keepClearMs: dayMs };
    rounds({ now: later(2 * dayMs), keeping, incidents });
    assert.ok(!existsSync(join(folder, 'messages-2026-11-20-clear.db')));
    rounds({ now: later(8 * dayMs), keeping, incidents });
    assert.deepEqual(readdirSync(folder), []);
  });
}

function setFormat(path: string, format: number): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA user_version = ${format}`);
  database.close();
}

test('a file without its key is put aside: a new key would lead nowhere in it', (t) => {
  const { folder, write } = rig(t);
  write([onDay(0)]);
  rmSync(join(folder, 'messages-2026-11-20.key'));
  assert.deepEqual(write([onDay(0, { queueId: '4new' })]).damaged, [
    join(folder, 'messages-2026-11-20.db'),
  ]);
  const { found } = findInDays(folder, { recipient: 'anna@example.net', limit: 10 });
  assert.deepEqual(
    found.map((one) => one.judged?.queueId),
    ['4new'],
  );
});
