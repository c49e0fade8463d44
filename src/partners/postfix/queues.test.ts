/** Two queues as one: each message is moved where it is, and a queue that fails hides no other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Millis } from '../../lib/time.ts';
import type { PrivilegedTools } from '../privileged-tools.ts';
import { postfix } from './queue.ts';
import { allQueues } from './queues.ts';

const noted = async (): Promise<void> => undefined;

/** A queue of these messages, by id, that says what it is asked. */
function queueOf(instance: string, messages: Record<string, string>, broken = false) {
  const asked: string[] = [];
  const words = { hold: 'placed on hold', release: 'released from hold', drop: 'removed' } as const;
  const tools: PrivilegedTools = {
    async *run(verb, ids) {
      if (broken) throw new Error(`${instance} is broken`);
      if (verb === 'queue') {
        for (const [queue_id, queue_name] of Object.entries(messages)) {
          yield JSON.stringify({
            queue_id,
            queue_name,
            arrival_time: 1,
            sender: '',
            recipients: [],
          });
        }
      } else if (verb === 'hold' || verb === 'release' || verb === 'drop') {
        asked.push(...ids.map((id) => `${verb} ${id}`));
        for (const id of ids) if (messages[id]) yield `postsuper: ${id}: ${words[verb]}`;
      }
    },
  };
  return { asked, mta: postfix({ tools, instance, now: () => 1_000 }) };
}

test('messages are released and dropped in the instance that holds them', async () => {
  const one = queueOf('', { AAAAA: 'hold', BBBBB: 'deferred' });
  const two = queueOf('/etc/two', { CCCCC: 'hold', AAAAB: 'hold' });
  const all = allQueues(() => [one.mta, two.mta]);
  const ids = ['AAAAA', 'BBBBB', 'CCCCC', 'DDDDD'];
  assert.deepEqual(
    [...(await all.onHold(ids))].map(([id, { instance }]) => [id, instance]),
    [
      ['AAAAA', ''],
      ['CCCCC', '/etc/two'],
    ],
  );
  const { done, fault } = await all.release(ids);
  assert.deepEqual([[...done], fault], [['AAAAA', 'CCCCC'], undefined]);
  await all.drop(['CCCCC']);
  assert.deepEqual(one.asked, ['release AAAAA']);
  assert.deepEqual(two.asked, ['release CCCCC', 'drop CCCCC']);
  assert.deepEqual(['', '/etc/two', '/etc/three'].map(all.serves), [true, true, false]);
});

test('one queue is not read before a message in it is moved', async () => {
  const only = queueOf('', { AAAAA: 'hold' });
  const { done } = await allQueues(() => [only.mta]).release(['AAAAA', 'BBBBB']);
  assert.deepEqual([[...done], only.asked], [['AAAAA'], ['release AAAAA', 'release BBBBB']]);
});

test('a broken queue: the other is worked on, and what is held is not guessed', async () => {
  const good = queueOf('', { AAAAA: 'hold', BBBBB: 'deferred' });
  const bad = queueOf('/etc/two', {}, true);
  const all = allQueues(() => [bad.mta, good.mta]);
  const released = await all.release(['AAAAA', 'CCCCC']);
  assert.deepEqual([...released.done], ['AAAAA']);
  assert.match(String(released.fault), /two is broken/);
  const found = await all.release(['AAAAA']);
  assert.deepEqual([[...found.done], found.fault], [['AAAAA'], undefined], 'all were elsewhere');
  const held = await all.hold([{ queueId: 'BBBBB', at: 1_000 as Millis }], noted);
  assert.deepEqual([...held.done], ['BBBBB']);
  assert.match(String(held.fault), /two is broken/);
  await assert.rejects(all.onHold(['AAAAA']), /two is broken/);
});
