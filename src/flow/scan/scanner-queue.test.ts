import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { ManualTime } from '../../../test/ledger/manual-time.ts';
import type { ScanReport } from '../../core/scan/report.ts';
import { TooLargeError } from '../../core/scan/too-large.ts';
import { type QueueAnswer, ScannerQueue } from './scanner-queue.ts';

const report: ScanReport = { scanner: 'spamassassin', score: 1, required: 5, rules: [], virus: '' };

/** A scanner whose answers the test gives, or that stands still until its deadline. */
function rig({ connections = 2 }: { readonly connections?: number } = {}) {
  const time = new ManualTime(1_000_000);
  const states: string[] = [];
  const asked: { octets: string; answer(): void; fail(why?: Error): void }[] = [];
  let still = false;
  const line = new ScannerQueue({
    scanner: {
      name: 'spamassassin',
      octetsMax: 1_000,
      scan: (octets, deadlineMs) =>
        new Promise((resolve, reject) => {
          const fail = (why = new Error('no answer')): void => reject(why);
          asked.push({ octets: octets.toString(), answer: () => resolve(report), fail });
          if (!still) return;
          const stop = time.every(deadlineMs, () => {
            stop();
            fail();
          });
        }),
      close: () => void states.push('closed'),
    },
    connections,
    deadlineMs: 10_000,
    world: quietWorld({
      clock: time,
      timers: time,
      log: (_, event) => void states.push(event),
    }),
    onState: (_, state) => void states.push(state),
  });
  const heard: string[] = [];
  const note = (what: QueueAnswer): void =>
    void heard.push(what.kind === 'report' ? 'report' : what.why);
  return {
    time,
    states,
    asked,
    heard,
    line,
    ask: (text = 'x', lane: 'account' | 'stranger' = 'account') =>
      line.ask(Buffer.from(text), note, lane),
    standStill: (now: boolean) => {
      still = now;
    },
  };
}

test('so many at once, the others in turn', async () => {
  const { ask, asked, heard, time } = rig();
  for (const text of ['a', 'b', 'c', 'd']) ask(text);
  assert.deepEqual(
    asked.map(({ octets }) => octets),
    ['a', 'b'],
  );
  asked[1]?.answer();
  await time.settle();
  assert.deepEqual(
    asked.map(({ octets }) => octets),
    ['a', 'b', 'c'],
  );
  assert.deepEqual(heard, ['report']);
});

test('no message waits longer than the deadline, or begins to wait for longer', async () => {
  const { ask, asked, heard, time } = rig({ connections: 1 });
  ask();
  await time.pass(4_000);
  asked[0]?.answer();
  await time.settle();
  ask(); // runs; scans take 4 s by now
  ask();
  ask();
  ask();
  assert.deepEqual(heard, ['report', 'busy']);
  await time.pass(10_250);
  assert.deepEqual(heard, ['report', 'busy', 'late', 'late']);
});

test('down: all waits end, no message waits, until a test message is scanned', async () => {
  const { ask, asked, heard, line, standStill, states, time } = rig({ connections: 3 });
  standStill(true);
  for (let sent = 0; sent < 6; sent++) ask();
  await time.pass(8_000);
  for (let sent = 0; sent < 4; sent++) ask();
  await time.pass(2_000);
  // Of the four that came later, two had come to the scanner.
  const outcomes = ['down', 'down', 'failed', 'failed', 'failed', 'late', 'late', 'late'];
  assert.deepEqual(heard.toSorted(), outcomes);
  assert.deepEqual(states, ['up', 'scan.down', 'down']);
  const before = asked.length;
  for (let sent = 0; sent < 1_000; sent++) ask();
  assert.deepEqual([heard.length, asked.length], [1_008, before]);
  await time.pass(60_000);
  const trials = asked.slice(before).map(({ octets }) => octets);
  assert.ok(trials.length >= 3 && trials.length <= 8, `${trials.length} trials`);
  assert.ok(trials.every((octets) => octets.includes('Are you there?')));
  standStill(false);
  await time.pass(70_000);
  asked.at(-1)?.answer();
  await time.settle();
  assert.deepEqual(states.slice(-2), ['scan.up', 'up']);
  ask();
  asked.at(-1)?.answer();
  await time.settle();
  assert.equal(heard.at(-1), 'report');
  line.close();
  ask();
  assert.equal(heard.at(-1), 'down');
});

test('failures with good answers between them are no reason to leave it alone', async () => {
  const { ask, asked, heard, states, time } = rig();
  for (let sent = 0; sent < 10; sent++) {
    ask();
    if (sent % 3 === 2) asked.at(-1)?.answer();
    else asked.at(-1)?.fail();
    await time.settle();
  }
  assert.deepEqual(states, ['up']);
  assert.equal(heard.filter((what) => what === 'failed').length, 7);
});

test('a clock that is set back leaves it alone no longer', async () => {
  const { ask, asked, heard, states, time } = rig();
  for (let n = 0; n < 3; n++) {
    ask();
    asked.at(-1)?.fail();
    await time.settle();
  }
  assert.deepEqual(states, ['up', 'scan.down', 'down']);
  time.jump(-7_200_000);
  await time.pass(5_000);
  asked.at(-1)?.answer();
  await time.settle();
  ask();
  asked.at(-1)?.answer();
  await time.settle();
  assert.deepEqual([states.at(-1), heard.at(-1)], ['up', 'report']);
});

test('each is answered once, also when the clock is set back while they wait', async () => {
  const { line, time } = rig({ connections: 1 });
  const heard: string[] = [];
  const ask = (name: string): void =>
    line.ask(Buffer.from(name), ({ kind }) => void heard.push(`${name} ${kind}`));
  ask('runs');
  ask('first');
  time.jump(-5_000);
  ask('second');
  await time.pass(11_000);
  assert.deepEqual(heard, ['second silence']);
  await time.pass(5_000);
  assert.deepEqual(heard, ['second silence', 'first silence']);
});

test('a clock that is set forward during a scan does not make all scans look slow', async () => {
  const { ask, asked, heard, time } = rig({ connections: 1 });
  ask();
  time.jump(3_600_000);
  asked[0]?.answer();
  await time.settle();
  for (let n = 0; n < 30; n++) {
    ask();
    await time.pass(100);
    asked.at(-1)?.answer();
    await time.settle();
  }
  ask();
  ask();
  assert.deepEqual(heard.slice(-1), ['report']);
});

test('closed by a reload: scans under way still answer, waits end', async () => {
  const { ask, asked, heard, line, states, time } = rig({ connections: 1 });
  ask();
  ask();
  line.close();
  assert.deepEqual([heard, states], [['down'], ['up']]);
  asked[0]?.answer();
  await time.settle();
  assert.deepEqual(
    [heard, states],
    [
      ['down', 'report'],
      ['up', 'closed'],
    ],
  );
});

test('too big for the scanner: it is not down, and the log says it once', async () => {
  const { ask, asked, heard, line, states, time } = rig();
  for (let n = 0; n < 5; n++) {
    ask();
    asked.at(-1)?.fail(new TooLargeError('size limit exceeded'));
    await time.settle();
  }
  assert.deepEqual(
    heard,
    Array.from({ length: 5 }, () => 'too-big'),
  );
  assert.deepEqual([line.isDown, states], [false, ['up', 'scan.too-big']]);
  ask();
  asked.at(-1)?.answer();
  await time.settle();
  assert.equal(heard.at(-1), 'report');
});

test('strangers leave a connection free, and come after accounts', async () => {
  const { ask, asked, heard, time } = rig({ connections: 3 });
  for (let nth = 0; nth < 1_990; nth++) ask(`s${nth}`, 'stranger');
  assert.deepEqual(
    asked.map(({ octets }) => octets),
    ['s0', 's1'],
  );
  for (const text of ['a', 'b', 'c']) ask(text);
  assert.deepEqual(
    asked.slice(2).map(({ octets }) => octets),
    ['a'],
    'at once',
  );
  for (const nth of [0, 1, 2]) asked[nth]?.answer();
  await time.pass(1);
  assert.deepEqual(
    asked.slice(3).map(({ octets }) => octets),
    ['b', 'c'],
  );
  assert.deepEqual(heard, ['report', 'report', 'report']);
  asked[3]?.answer();
  await time.pass(1);
  assert.deepEqual(
    asked.slice(5).map(({ octets }) => octets),
    ['s2'],
    'one connection stays free',
  );
});

test('a long line of strangers makes no account pass unscanned', async () => {
  const { ask, asked, heard, time } = rig({ connections: 1 });
  ask('first');
  await time.pass(1_000);
  asked[0]?.answer();
  await time.pass(1);
  for (let nth = 0; nth < 100; nth++) ask('s', 'stranger');
  const busy = heard.filter((what) => what === 'busy').length;
  assert.ok(busy > 80, 'strangers pass unscanned');
  ask('a');
  assert.equal(heard.filter((what) => what === 'busy').length, busy);
  asked[1]?.answer();
  await time.pass(1);
  assert.equal(asked[2]?.octets, 'a');
});
