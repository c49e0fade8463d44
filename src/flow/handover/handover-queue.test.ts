/**
 * The order in which messages go to the mail server, and what a message that does not get there
 * does to the others.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { SendOutcome } from '../../ports/handover.ts';
import { HandoverQueue, type HandoverQueueDeps } from './handover-queue.ts';

class MailServer {
  readonly sent: string[] = [];
  readonly over: string[] = [];
  readonly logged: string[] = [];
  knocks = 0;
  runs = true;
  readonly deps: HandoverQueueDeps;
  readonly queue: HandoverQueue;
  #tick = (): void => {};

  /** `send`: what becomes of a message; `shows`: whether it is shown to us at once. */
  constructor(of: { send?(token: string): SendOutcome; shows?(token: string): boolean } = {}) {
    this.deps = {
      files: {
        send: async (token, how) => {
          this.sent.push(how === 'again' ? `${token} again` : token);
          const outcome = of.send?.(token) ?? { kind: 'sent' };
          if (outcome.kind === 'sent' && of.shows?.(token) !== false) {
            setImmediate(() => this.queue.seen(token, this.#uid(token)));
          }
          return outcome;
        },
      },
      world: quietWorld({
        timers: {
          every: (_, tick) => {
            this.#tick = tick;
            return () => {};
          },
          soon: setImmediate,
        },
        log: (_level, event) => void this.logged.push(event),
      }),
      wakePickup: async () => {
        this.knocks++;
        return this.runs;
      },
      over: (token) => void this.over.push(token),
    };
    this.queue = new HandoverQueue(this.deps);
  }

  #uid(token: string): number {
    return Number(token.split('-')[0]);
  }

  add(...tokens: readonly string[]): void {
    for (const token of tokens) this.queue.add(token, this.#uid(token), 'new');
  }

  /** Time goes by, a second a tick. */
  async pass(seconds: number): Promise<void> {
    for (let at = 0; at < seconds; at++) {
      for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
      this.#tick();
    }
    for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

test('one user’s in order, one at a time; nobody waits for another user', async () => {
  const shown = new Set<string>();
  const server = new MailServer({ shows: (token) => token.startsWith('2') || shown.has(token) });
  server.queue.start();
  server.add('1-a', '1-b', '2-a', '2-b');
  await server.pass(2);
  assert.deepEqual(server.sent, ['1-a', '2-a', '2-b']);
  assert.ok(server.knocks > 0);
  shown.add('1-b');
  server.queue.seen('1-a', 1);
  await server.pass(1);
  assert.deepEqual(server.sent, ['1-a', '2-a', '2-b', '1-b']);
});

test('what the mail server took and did not show for a minute is told', async () => {
  const server = new MailServer({ shows: (token) => token.startsWith('2') });
  server.queue.start();
  server.add('1-a', '1-b', '2-a');
  await server.pass(30);
  assert.deepEqual(server.queue.unmet(), { count: 0, forMs: 0 });
  await server.pass(31);
  assert.deepEqual(server.queue.unmet(), { count: 1, forMs: 61_000 });
  await server.pass(20);
  assert.equal(server.queue.unmet().count, 2);
  server.runs = false;
  await server.pass(20);
  const { forMs } = server.queue.unmet();
  assert.ok(forMs < 90_000, 'the time in which the mail server does not run is not counted');
  for (const token of ['1-a', '1-b']) server.queue.seen(token, 1);
  assert.equal(server.queue.unmet().count, 0);
});

test('nothing goes out before the start, and then by time', async () => {
  const server = new MailServer();
  server.add('1-b', '1-a');
  await server.pass(3);
  assert.deepEqual(server.sent, []);
  server.queue.start();
  await server.pass(1);
  assert.deepEqual(server.sent, ['1-a', '1-b']);
});

test('a message that the mail server discards delays one other message, for a while', async () => {
  const server = new MailServer({ shows: (token) => token !== '1-a' });
  server.queue.start();
  server.add('1-a', '1-b', '1-c', '1-d');
  await server.pass(10);
  assert.deepEqual(server.sent, ['1-a']);
  await server.pass(10);
  assert.deepEqual(server.sent, ['1-a', '1-b', '1-c', '1-d']);
  await server.pass(6 * 3_600);
  assert.deepEqual(server.over, ['1-a']);
  assert.deepEqual(server.logged, ['sendmail.unseen']);
});

test('a message that is never taken stops no others, and is tried again, more rarely', async () => {
  const server = new MailServer({
    send: (token) => (token === '1-a' ? { kind: 'refused', why: 'no' } : { kind: 'sent' }),
  });
  server.queue.start();
  server.add('1-a', '1-b', '1-c');
  await server.pass(60);
  assert.ok(server.sent.includes('1-b') && server.sent.includes('1-c'), String(server.sent));
  const tries = server.sent.filter((one) => one.startsWith('1-a')).length;
  await server.pass(600);
  const more = server.sent.filter((one) => one.startsWith('1-a')).length - tries;
  assert.ok(more >= 8 && more <= 20, `${more} tries in ten minutes`);
});

test('what was shown before we ended, and is not shown again, is over', async () => {
  const server = new MailServer();
  server.queue.add('1-a', 1, 'shown');
  server.queue.add('1-b', 1, 'going');
  server.queue.start();
  await server.pass(3);
  assert.deepEqual([server.sent, server.over], [[], []]);
  await server.pass(5);
  assert.deepEqual([server.sent, server.over], [['1-b again'], ['1-a']]);
});

test('while the mail server does not run, no message loses its user (slow)', async () => {
  const server = new MailServer({ shows: () => false });
  server.runs = false;
  server.queue.start();
  server.add('1-a');
  await server.pass(3 * 24 * 3_600);
  assert.deepEqual(server.over, []);
  server.runs = true;
  await server.pass(6 * 3_600 + 60);
  assert.deepEqual(server.over, ['1-a']);
});

test('users take turns, however much the first ones send', async () => {
  const server: MailServer = new MailServer({
    shows: () => false,
    // It is shown before sendmail has ended.
    send(token) {
      server.queue.seen(token, Number(token.split('-')[0]));
      return { kind: 'sent' };
    },
  });
  server.queue.start();
  const users = Array.from({ length: 12 }, (_, nth) => nth + 1);
  for (const user of users) {
    server.add(
      ...Array.from({ length: 50 }, (_, nth) => `${user}-${String(nth).padStart(2, '0')}`),
    );
  }
  await server.pass(30);
  assert.equal(server.sent.length, 600);
  const last = server.sent.indexOf('12-10');
  const before = server.sent.slice(0, last).filter((token) => token.startsWith('1-')).length;
  assert.ok(before < 20, `${before} of the first user before the eleventh of the last`);
});

test('the end waits for what is being handed over', async () => {
  let done = (_: SendOutcome): void => {};
  const server = new MailServer({ shows: () => false });
  const queue = new HandoverQueue({
    ...server.deps,
    files: {
      send: () =>
        new Promise((resolve) => {
          done = resolve;
        }),
    },
  });
  queue.start();
  queue.add('1-a', 1, 'new');
  let closed = false;
  void queue.close().then(() => {
    closed = true;
  });
  await server.pass(0);
  assert.equal(closed, false);
  done({ kind: 'sent' });
  await server.pass(0);
  assert.ok(closed);
});
