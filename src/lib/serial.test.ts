/** The serial queue: order, no overlap, failures, and memory that is freed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as eventLoop } from 'node:timers/promises';
import fc from 'fast-check';
import { SerialQueue } from './serial.ts';

const steps = fc.array(
  fc.record({ key: fc.integer({ min: 0, max: 3 }), waits: fc.nat(3), fails: fc.boolean() }),
  { maxLength: 30 },
);

test('work of a key runs in order and never overlaps, whatever fails; then no key is left', () =>
  fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const queue = new SerialQueue<number>(100);
      const running = new Set<number>();
      const began = new Map<number, number[]>();
      const results = all.map(({ key, waits, fails }, nth) =>
        queue.run(key, async () => {
          assert.ok(!running.has(key), `two at once of ${key}`);
          running.add(key);
          began.set(key, [...(began.get(key) ?? []), nth]);
          for (let turn = 0; turn < waits; turn++) await eventLoop();
          running.delete(key);
          if (fails) throw new Error(`failed ${nth}`);
          return nth;
        }),
      );
      assert.ok(queue.keys <= 4);
      const ended = await Promise.allSettled(results);
      await queue.idle();
      for (const [nth, result] of ended.entries()) {
        const failed = result.status === 'rejected' ? String(result.reason) : undefined;
        assert.equal(failed, all[nth]?.fails === true ? `Error: failed ${nth}` : undefined);
        if (result.status === 'fulfilled') assert.equal(result.value, nth);
      }
      for (const nths of began.values()) {
        assert.deepEqual(
          nths,
          [...nths].sort((one, other) => one - other),
        );
      }
      assert.equal(queue.keys, 0);
    }),
  ));

test('different keys do not wait for each other', async () => {
  const queue = new SerialQueue<string>(10);
  const never = Promise.withResolvers<void>();
  const slow = queue.run('slow', () => never.promise);
  assert.equal(await queue.run('quick', async () => 'done'), 'done');
  never.resolve();
  await slow;
});

test('a full queue refuses more, and takes it again when there is room', async () => {
  const queue = new SerialQueue<string>(2);
  const first = Promise.withResolvers<void>();
  const running = queue.run('key', () => first.promise);
  const waiting = queue.run('key', async () => 'second');
  await assert.rejects(
    queue.run('other', async () => 'third'),
    /more than 2 things wait/,
  );
  first.resolve();
  await running;
  assert.equal(await waiting, 'second');
  await queue.idle();
  assert.equal(await queue.run('other', async () => 'fourth'), 'fourth');
});

test('work that throws at once rejects like any other', async () => {
  const queue = new SerialQueue<string>(2);
  const thrown = queue.run('key', () => {
    throw new Error('at once');
  });
  await assert.rejects(thrown, /at once/);
  assert.equal(await queue.run('key', async () => 'next'), 'next');
});
