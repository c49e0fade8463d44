/** What is removed after a drill: mail of the canary to the sink, its closed login; no more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../core/account-name.ts';
import type { Millis } from '../../lib/time.ts';
import type { LoginDoor, MovedMessages, Mta, QueuedMessage } from '../../ports/mail-server.ts';
import { sinkDomain } from './drill-mail.ts';
import { canaryTraces, removeLeftovers } from './leftovers.ts';

const account = 'canary@here.test' as Account;
const canary = { account, sender: 'canary@here.test' };
const clock = { now: () => 1_000 as Millis };

function message(queueId: string, queue: string, sender: string, to: string): QueuedMessage {
  return { queueId, queue, sender, to, arrivedAt: 0 as Millis, recipients: 1, bytes: 1 };
}

const queue = [
  message('AAAAA1', 'deferred', 'canary@here.test', `pass-x@${sinkDomain}`),
  message('AAAAA2', 'hold', 'Canary@HERE.test', `hold-x@${sinkDomain}`),
  message('BBBBB1', 'hold', 'canary@here.test', 'friend@world.test'),
  message('BBBBB2', 'hold', 'joe@here.test', `pass-x@${sinkDomain}`),
  message('BBBBB3', 'hold', 'joe@here.test', 'friend@world.test'),
  message('BBBBB4', 'deferred', 'canary@here.test', ''),
  message('BBBBB5', 'deferred', '', `x@not-${sinkDomain}`),
];

function mailServer(fault?: Error): { readonly mta: Mta; readonly calls: string[] } {
  const calls: string[] = [];
  const moved = (what: string, ids: readonly string[]): MovedMessages => {
    calls.push(`${what} ${ids.join(' ')}`);
    return { done: new Set(ids), fault };
  };
  const mta: Mta = {
    hold: async (messages) => {
      const ids = messages.map(({ queueId }) => queueId);
      return { ...moved('hold', ids), already: new Set() };
    },
    release: async (ids) => moved('release', ids),
    drop: async (ids) => moved('drop', ids),
    onHold: async () => new Map(),
    serves: () => true,
    spent: async () => new Set(),
    queue: async () => queue,
  };
  return { mta, calls };
}

function logins(closed: readonly string[], calls: string[]): LoginDoor {
  return {
    close: async () => undefined,
    open: async (name) => void calls.push(`open ${name}`),
    closedNames: async () => new Set(closed),
  };
}

test('only mail of the canary to the sink is removed, and only its login is opened', async () => {
  const { mta, calls } = mailServer();
  const door = logins(['joe@here.test', account], calls);
  assert.deepEqual(await removeLeftovers({ canary, mta, logins: door, clock }), []);
  assert.deepEqual(calls, [`open ${account}`, 'hold AAAAA1', 'drop AAAAA1 AAAAA2']);
});

test('a login that is not closed is not opened', async () => {
  const { mta, calls } = mailServer();
  await removeLeftovers({ canary, mta, logins: logins(['joe@here.test'], calls), clock });
  assert.deepEqual(calls, ['hold AAAAA1', 'drop AAAAA1 AAAAA2']);
});

test('what cannot be removed is told, and does not stop the rest', async () => {
  const { mta, calls } = mailServer(new Error('postsuper failed'));
  const door = {
    ...logins([account], calls),
    open: () => Promise.reject(new Error('deny file not written')),
  };
  const faults = await removeLeftovers({ canary, mta, logins: door, clock });
  assert.deepEqual(faults, ['deny file not written', 'postsuper failed', 'postsuper failed']);
});

test('the traces say where the mail is, and whether the login is closed', async () => {
  const { mta, calls } = mailServer();
  const traces = await canaryTraces({ canary, mta, logins: logins([account], calls), clock });
  assert.deepEqual(traces.queue, [
    { queueId: 'AAAAA1', queue: 'deferred' },
    { queueId: 'AAAAA2', queue: 'hold' },
  ]);
  assert.deepEqual([traces.isDenied, traces.faults], [true, []]);
  const without = await canaryTraces({ canary, mta: undefined, logins: undefined, clock });
  assert.deepEqual([without.queue, without.isDenied], [undefined, undefined]);
  assert.equal(without.faults.length, 1);
});
