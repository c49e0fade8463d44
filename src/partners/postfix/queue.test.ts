/**
 * What we read of Postfix's tools; the tools themselves are driven in
 * test/integration/partners.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Millis } from '../../lib/time.ts';
import type { PrivilegedTools, ToolVerb } from '../privileged-tools.ts';
import { helperTools, isLoginName, ownTools } from '../privileged-tools.ts';
import { lineSplitter, programLineBytesMax } from '../program.ts';
import { postfix, queuedMessage } from './queue.ts';

const entry = {
  queue_name: 'deferred',
  queue_id: '36FCC20C8CA',
  arrival_time: 1_795_458_172,
  message_size: 4_711,
  sender: 'a@b.test',
  recipients: [{ address: 'c@d.test', delay_reason: 'said "no"' }, { address: 'e@f.test' }],
};
const arrivedAt = 1_795_458_172_000;
const want = {
  queueId: '36FCC20C8CA',
  queue: 'deferred',
  arrivedAt,
  sender: 'a@b.test',
  recipients: 2,
  to: 'c@d.test',
  bytes: 4_711,
};

test('a queue line is read', () => assert.deepEqual(queuedMessage(JSON.stringify(entry)), want));
test('a queue line that was cut counts what it shows', () => {
  const line = JSON.stringify(entry);
  assert.deepEqual(queuedMessage(line.slice(0, -3)), want);
});
test('a line that is not a queue entry gives no message', () => {
  for (const line of ['', 'null', '[]', '{}', '{"queue_id":7}', 'Mail queue is empty']) {
    assert.equal(queuedMessage(line), undefined, line);
  }
});
test('reading a queue line never throws', () => {
  fc.assert(fc.property(fc.string(), (line) => void queuedMessage(line)));
});

test('lines survive any chunking', () => {
  const lines = fc.array(fc.string().map((text) => text.replace(/\n/g, '')));
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: 7 }), (want, step) => {
      const bytes = Buffer.from(want.map((line) => `${line}\n`).join(''));
      const split = lineSplitter();
      const got: string[] = [];
      for (let at = 0; at < bytes.length; at += step)
        got.push(...split(bytes.subarray(at, at + step)));
      got.push(...split(undefined));
      assert.deepEqual(
        got,
        want.map((line) => Buffer.from(line).toString('utf8')),
      );
    }),
  );
});
test('an endless line is cut', () => {
  const split = lineSplitter();
  const chunk = Buffer.alloc(1_048_576, 'x');
  for (let n = 0; n < 8; n++) assert.deepEqual(split(chunk), []);
  const [line, next] = split(Buffer.from('y\nz\n'));
  assert.equal(line?.length, programLineBytesMax);
  assert.equal(next, 'z');
});

const names = [
  ['joe@example.org', true],
  ["o'brien+x@example.org", true],
  ['*', false],
  ['joe?', false],
  ['-A', false],
  ['#joe', false],
  ['joe:x', false],
  ['a b', false],
  ['joe\n*', false],
  ['', false],
  ['x'.repeat(255), false],
] as const;
for (const [name, good] of names) {
  test(`login ${JSON.stringify(name).slice(0, 20)} is ${good ? '' : 'not '}taken`, () =>
    assert.equal(isLoginName(name), good));
}

test('bad names are refused before anything runs', async () => {
  const signal = new AbortController().signal;
  for (const tools of [ownTools(), helperTools('/nonexistent/socket')]) {
    for (const [verb, name] of [
      ['hold', 'ALL'],
      ['drop', '-d'],
      ['kick', '*'],
    ] as const) {
      await assert.rejects(tools.run(verb, [name], signal).next(), /will not/);
    }
  }
});

/** Tools that say what the test tells them to. */
function scripted(
  said: Partial<Record<ToolVerb, readonly string[]>>,
): PrivilegedTools & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    async *run(verb, given) {
      calls.push(`${verb} ${given.length}`);
      yield* said[verb] ?? [];
    },
  };
}

const inQueue = (queue_id: string, queue_name: string, laterSeconds = 0): string =>
  JSON.stringify({
    ...entry,
    queue_id,
    queue_name,
    arrival_time: entry.arrival_time + laterSeconds,
  });
const row = (queueId: string) => ({ queueId, at: arrivedAt as Millis });

const noted = async (): Promise<void> => undefined;

test('hold moves what is queued, and tells apart what was on hold before', async () => {
  const queue = [inQueue('AAAAAA', 'active'), inQueue('DDDDDD', 'deferred')];
  const tools = scripted({
    hold: ['postsuper: AAAAAA: placed on hold'],
    queue: [...queue, inQueue('BBBBBB', 'hold')],
  });
  const mta = postfix({ tools });
  const rows = ['AAAAAA', 'BBBBBB', 'CCCCCC', 'ALL'].map(row);
  const before: string[] = [];
  const { already, done } = await mta.hold(rows, async (ids) => {
    before.push(...ids);
    assert.deepEqual(tools.calls, ['queue 0'], 'noted before it is moved');
  });
  assert.deepEqual([[...done], [...already], before], [['AAAAAA'], ['BBBBBB'], ['AAAAAA']]);
  assert.deepEqual(tools.calls, ['queue 0', 'hold 1']);
  await mta.hold([row('ALL')], noted);
  assert.equal(tools.calls.length, 2, 'nothing to ask for');
});

test('an id that came again with a later message is left alone', async () => {
  const queue = [
    inQueue('LATER1', 'deferred', 121),
    inQueue('SLOW01', 'deferred', -3_600),
    inQueue('CLOCK1', 'deferred', 119),
    inQueue('LATER2', 'hold', 9_000),
  ];
  const tools = scripted({ queue });
  const held: string[] = [];
  const { done } = await postfix({
    tools: {
      run(verb, ids, signal) {
        held.push(...ids);
        return tools.run(verb, ids, signal);
      },
    },
  }).hold(['LATER1', 'SLOW01', 'CLOCK1', 'LATER2'].map(row), noted);
  assert.deepEqual(held, ['SLOW01', 'CLOCK1']);
  assert.equal(done.size, 0);
});

test('a message in no list is asked for when it is young; one of a week ago is not', async () => {
  for (const [age, calls] of [
    [60_000, ['queue 0', 'hold 1']],
    [604_800_000, ['queue 0']],
  ] as const) {
    const tools = scripted({});
    await postfix({ tools, now: () => arrivedAt + age }).hold([row('MOVING')], noted);
    assert.deepEqual(tools.calls, calls);
  }
});

test('a queue that cannot be read to its end: what was found is held', async () => {
  const asked: string[] = [];
  const tools: PrivilegedTools = {
    async *run(verb, ids) {
      asked.push(...ids);
      yield verb === 'queue' ? inQueue('AAAAAA', 'deferred') : 'postsuper: AAAAAA: placed on hold';
      if (verb === 'queue') throw new Error('it took too long');
    },
  };
  const mta = postfix({ tools, now: () => arrivedAt + 604_800_000 });
  const { done, fault } = await mta.hold(['AAAAAA', 'BBBBBB'].map(row), noted);
  assert.deepEqual([asked, [...done]], [['AAAAAA'], ['AAAAAA']]);
  assert.match(String(fault), /too long/);
});

test('what is being sent is held before the long rest of the queue is read', async () => {
  const rest = Array.from({ length: 300 }, (_, n) => inQueue(`OLD${1_000 + n}`, 'deferred'));
  const tools = scripted({ queue: [inQueue('AAAAAA', 'active'), ...rest] });
  const ids = ['AAAAAA', ...Array.from({ length: 300 }, (_, n) => `OLD${1_000 + n}`)];
  await postfix({ tools }).hold(ids.map(row), noted);
  assert.deepEqual(tools.calls, ['queue 0', 'hold 1', 'hold 200', 'hold 100']);
});

test('many ids go in calls of two hundred, nothing goes for none', async () => {
  const tools = scripted({});
  const mta = postfix({ tools });
  await mta.release(Array.from({ length: 401 }, (_, n) => `ID${n + 1_000}`));
  assert.deepEqual(tools.calls, ['release 200', 'release 200', 'release 1']);
  await mta.drop([]);
  assert.equal(tools.calls.length, 3);
});

test('the queue is read up to the limit', async () => {
  const lines = Array.from({ length: 50 }, () => JSON.stringify(entry));
  assert.equal((await postfix({ tools: scripted({ queue: lines }) }).queue(7)).length, 7);
});

test('held messages are found after any number of others; half a queue is a fault', async () => {
  const other = JSON.stringify(entry);
  const held = (id: string): string =>
    JSON.stringify({ ...entry, queue_name: 'hold', queue_id: id });
  const before = Array.from({ length: 30_000 }, () => other);
  const lines = [...before, held('AAAAAA'), held('BBBBBB')];
  const asked = ['AAAAAA', 'CCCCCC', entry.queue_id];
  const whole = postfix({ tools: scripted({ queue: lines }) });
  assert.deepEqual([...(await whole.onHold(asked)).keys()], ['AAAAAA']);
  const garbled = postfix({ tools: scripted({ queue: ['{"queue_na', ...lines] }) });
  await assert.rejects(garbled.onHold(asked), /unreadable line/);
  const cut: PrivilegedTools = {
    async *run() {
      yield other;
      throw new Error('it took too long');
    },
  };
  await assert.rejects(postfix({ tools: cut }).onHold(asked), /too long/);
});

test('what was done before a call failed is told with the fault', async () => {
  let calls = 0;
  const tools: PrivilegedTools = {
    async *run(_verb, ids) {
      calls++;
      yield `postsuper: ${ids[0]}: released from hold`;
      if (calls === 2) throw new Error('it took too long');
    },
  };
  const ids = Array.from({ length: 401 }, (_, n) => `ID${n + 1_000}`);
  const { done, fault } = await postfix({ tools }).release(ids);
  assert.deepEqual([...done], ['ID1000', 'ID1200']);
  assert.match(String(fault), /too long/);
  assert.equal(calls, 2, 'and it was the last');
});
