/** Statistics read in a thread: in turn, within limits, and again after it was late or died. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import {
  type StatisticsReader,
  statisticsReader,
} from '../../src/ledger/sqlite/statistics-reader.ts';
import type { StatsAnswer, StatsQuery } from '../../src/ports/stats.ts';
import { stateFolder } from '../command-line.ts';

/** Answers with the question and how many it was asked; what is asked `by` is what it is to do. */
const scripted = new URL(
  `data:text/javascript,${encodeURIComponent(`
  import { parentPort } from 'node:worker_threads';
  let keys = 0;
  parentPort.on('message', (query) => {
    if (query.by === 'rule') throw new Error('the disk is broken');
    if (query.by === 'script') process.exit(3);
    if (query.by !== 'domain') parentPort.postMessage({ query, keys: ++keys });
  });
`)}`,
);
const asks = (by: StatsQuery['by'], limit = 1): StatsQuery => ({
  by,
  order: 'messages',
  since: 1,
  until: 2,
  limit,
});
const code = (wanted: string) => ({ name: 'OperatorError', code: wanted });

type Rig = StatisticsReader & { readonly logged: string[]; [Symbol.dispose](): void };

function rig(deadlineMs: number, path?: string): Rig {
  const logged: string[] = [];
  const reader = statisticsReader(path ?? 'none', {
    log: (level, event, fields) => logged.push(`${level} ${event}: ${String(fields?.['why'])}`),
    deadlineMs,
    ...(path === undefined ? { thread: scripted } : {}),
  });
  return { ...reader, logged, [Symbol.dispose]: () => reader.stop() };
}

test('questions are answered in turn by one thread', async () => {
  using reader = rig(5_000);
  const answers = await Promise.all([1, 2, 3].map((limit) => reader.ask(asks('day', limit))));
  const got = answers.map(({ query, keys }: StatsAnswer) => [query.limit, keys]);
  assert.deepEqual(got, [
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  assert.deepEqual(reader.logged, []);
});

test('a late answer: told so, and the next question has a new thread', async ({ mock }) => {
  // By the test's clock: how long a thread takes to start is the machine's affair.
  mock.timers.enable({ apis: ['setTimeout'] });
  using reader = rig(400);
  const late = assert.rejects(reader.ask(asks('domain')), code('statistics-late'));
  const behind = assert.rejects(reader.ask(asks('day')), code('statistics-late'));
  mock.timers.tick(400);
  await Promise.all([late, behind]);
  assert.equal((await reader.ask(asks('day'))).keys, 1);
  assert.deepEqual(reader.logged, [
    'warn ledger.statistics-thread-ended: it did not answer in time',
  ]);
});

test('a thread that dies is logged and started again, for those who wait too', async () => {
  using reader = rig(5_000);
  const dies = assert.rejects(reader.ask(asks('rule')), {
    ...code('statistics-failed'),
    message: 'the numbers cannot be read now: the disk is broken',
  });
  const behind = reader.ask(asks('day'));
  await dies;
  assert.equal((await behind).keys, 1);
  await assert.rejects(reader.ask(asks('script')), code('statistics-failed'));
  assert.equal((await reader.ask(asks('day'))).keys, 1);
  assert.deepEqual(reader.logged, [
    'warn ledger.statistics-thread-ended: the disk is broken',
    'warn ledger.statistics-thread-ended: it ended on its own',
  ]);
});

test('too many questions are refused at once, and those before them answered', async () => {
  using reader = rig(5_000);
  const first = Array.from({ length: 17 }, () => reader.ask(asks('day')));
  await assert.rejects(reader.ask(asks('day')), code('statistics-busy'));
  const keys = (await Promise.all(first)).map((answer) => answer.keys);
  assert.deepEqual(
    keys,
    Array.from({ length: 17 }, (_, n) => n + 1),
  );
});

test('stopped: whoever asks is told so', async () => {
  const reader = rig(5_000);
  const asked = [reader.ask(asks('day')), reader.ask(asks('day'))];
  const told = asked.map((one) => assert.rejects(one, /the guard is ending/));
  reader.stop();
  await Promise.all(told);
  await assert.rejects(reader.ask(asks('day')), /the guard is ending/);
  assert.deepEqual(reader.logged, []);
});

test('a ledger that is not there, and then is', async () => {
  await using state = await stateFolder();
  const path = join(state.path, 'ledger.db');
  using reader = rig(5_000, path);
  await assert.rejects(reader.ask(asks('day')), /there is no ledger/);
  openLedger(path).close();
  assert.deepEqual((await reader.ask(asks('day'))).lines, []);
});
