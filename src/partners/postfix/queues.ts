/**
 * The queues of all instances of Postfix on this machine as one. A message is moved in the queue in
 * which it is: so before a message is released or dropped, the hold queue of each instance is read.
 */
import type { HeldMessages, MovedMessages, Mta } from '../../ports/mail-server.ts';

/** `queues` is asked for each call: instances are connected while the guard runs. */
export function allQueues(queues: () => readonly Mta[]): Mta {
  const move = async (what: 'release' | 'drop', ids: readonly string[]): Promise<MovedMessages> => {
    const all = queues();
    const [only] = all;
    if (only !== undefined && all.length === 1) return only[what](ids);
    const moved = await Promise.all(all.map((queue) => moveIn(queue, what, ids)));
    const done = union(moved.map((one) => one.done));
    // A queue that cannot be read does not matter once all are found in others.
    return { done, fault: ids.every((id) => done.has(id)) ? undefined : firstFault(moved) };
  };
  return {
    async hold(messages, before): Promise<HeldMessages> {
      const held = await Promise.all(queues().map((queue) => queue.hold(messages, before)));
      return {
        done: union(held.map(({ done }) => done)),
        already: union(held.map(({ already }) => already)),
        fault: firstFault(held),
      };
    },
    release: (ids) => move('release', ids),
    drop: (ids) => move('drop', ids),
    async onHold(ids) {
      const found = await Promise.all(queues().map((queue) => queue.onHold(ids)));
      return new Map(found.flatMap((one) => [...one]));
    },
    serves: (instance) => instance === '' || queues().some((queue) => queue.serves(instance)),
    async spent(ids) {
      return union(await Promise.all(queues().map((queue) => queue.spent(ids))));
    },
    async queue(limit) {
      const listed = await Promise.all(queues().map((queue) => queue.queue(limit)));
      return listed.flat().slice(0, limit);
    },
  };
}

/** Of an instance whose queue cannot be read, nothing is moved. */
async function moveIn(
  queue: Mta,
  what: 'release' | 'drop',
  ids: readonly string[],
): Promise<MovedMessages> {
  try {
    const there = [...(await queue.onHold(ids)).keys()];
    return there.length === 0 ? { done: new Set(), fault: undefined } : await queue[what](there);
  } catch (error) {
    const fault = error instanceof Error ? error : new Error(String(error));
    return { done: new Set(), fault };
  }
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((set) => [...set]));
}

function firstFault(moved: readonly MovedMessages[]): Error | undefined {
  return moved.find(({ fault }) => fault !== undefined)?.fault;
}
