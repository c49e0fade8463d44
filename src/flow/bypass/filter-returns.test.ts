/** Mail that a filter hands back is told by its user, from the door or from the mail log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { Millis } from '../../lib/time.ts';
import { openFilterReturns } from './filter-returns.ts';
import type { Trail } from './queue-trails.ts';

const trail = (uid: number, at: number): Trail => ({
  at: at as Millis,
  service: 'postfix/pickup',
  client: '',
  firstClient: '',
  login: undefined,
  uid,
  nth: 1,
  messageId: '',
  filtered: 0,
  filteredAt: at as Millis,
  returned: 0,
});

function rig(uids: readonly number[]) {
  let now = 1_000_000;
  let tick: (() => void) | undefined;
  const known = new Map<string, Trail>();
  const world = quietWorld();
  const returns = openFilterReturns({
    trails: { of: (id) => known.get(id) },
    filterUids: () => new Set(uids),
    world: {
      ...world,
      clock: { now: () => now as Millis },
      timers: {
        ...world.timers,
        every(_ms, run) {
          tick = run;
          return () => {
            tick = undefined;
          };
        },
      },
    },
  });
  const said: boolean[] = [];
  return {
    said,
    ask: (uid?: number) => returns.isReturned({ id: 'Q', uid }, (one) => said.push(one)),
    logs: (uid: number, at = now) => known.set('Q', trail(uid, at)),
    later(ms: number) {
      now += ms;
      tick?.();
    },
    waits: () => tick !== undefined,
  };
}

test('the user that the door knows decides at once', () => {
  const one = rig([110]);
  one.ask(110);
  one.ask(33);
  assert.deepEqual([one.said, one.waits()], [[true, false], false]);
});

test('the user that the log has told already decides at once', () => {
  const one = rig([110]);
  one.logs(110);
  one.ask();
  one.logs(33);
  one.ask();
  assert.deepEqual([one.said, one.waits()], [[true, false], false]);
});

test('a line that comes later is waited for', () => {
  const one = rig([110]);
  one.ask();
  one.later(50);
  assert.deepEqual([one.said, one.waits()], [[], true]);
  one.logs(110);
  one.later(50);
  assert.deepEqual([one.said, one.waits()], [[true], false]);
});

test('without a line it is mail of this machine, after a while', () => {
  const one = rig([110]);
  one.ask();
  one.later(6_000);
  assert.deepEqual([one.said, one.waits()], [[false], false]);
});

test('an old message with the same queue id says nothing', () => {
  const one = rig([110]);
  one.logs(110, 0);
  one.ask();
  assert.deepEqual([one.said, one.waits()], [[], true]);
});

test('where there is no such filter, nothing waits', () => {
  const one = rig([]);
  one.ask();
  one.ask(110);
  assert.deepEqual([one.said, one.waits()], [[false, false], false]);
});
