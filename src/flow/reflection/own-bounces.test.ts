/** Notices of our mail server about undelivered mail: counted by cause, a burst is told once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { LogEvent } from '../../core/event.ts';
import { openLogLines } from '../../core/logs/log-lines.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import { OwnBounces } from './own-bounces.ts';

const at = Date.UTC(2026, 10, 2, 10) as Millis;

/** What the log says of one message that came in and was returned. */
function events(nth: number, sender: string): readonly LogEvent[] {
  const lines = openLogLines({ defaultDomain: '', writtenAt: at });
  const id = `4${String(nth).padStart(9, '0')}`;
  const stamp = new Date(at + nth).toISOString();
  return [
    `qmgr[1]: ${id}: from=<${sender}>, size=500, nrcpt=1 (queue active)`,
    `lmtp[1]: ${id}: to=<x@ours.example>, relay=backend.example[192.0.2.3]:24, delay=1, ` +
      `delays=0/0/0/1, dsn=5.1.1, status=bounced (host said: 550 5.1.1 no such user)`,
    `bounce[1]: ${id}: sender non-delivery notification: 5${id.slice(1)}`,
  ]
    .flatMap((text) => lines.take(`${stamp} mail postfix/${text}`))
    .concat(lines.end());
}

function rig(limit: number) {
  const troubles: string[] = [];
  const counted: string[] = [];
  const state = { now: at as number };
  let tick = (): void => {};
  const bounces = new OwnBounces({
    world: quietWorld({
      clock: { now: () => state.now as Millis },
      count: (_name, _by, label = '') => void counted.push(label),
      timers: {
        every: (_ms, run) => {
          tick = run;
          return () => {};
        },
        soon: () => {},
      },
    }),
    troubles: { set: (part, why) => void troubles.push(why === undefined ? `${part} over` : why) },
    localDomains: new Set(['ours.example']),
    limit: () => limit,
  });
  return { bounces, counted, state, tick: () => tick(), troubles };
}

test('notices to other servers are counted by cause; those to our own people are not', () => {
  const { bounces, counted, troubles } = rig(10);
  for (const event of events(1, 'victim@forged.example')) bounces.seen(event);
  for (const event of events(2, 'ann@ours.example')) bounces.seen(event);
  assert.deepEqual(counted, ['unknown']);
  assert.deepEqual(troubles, []);
});

test('a burst is a trouble until an hour has passed', () => {
  const { bounces, state, tick, troubles } = rig(3);
  for (let nth = 1; nth <= 4; nth++) {
    for (const event of events(nth, 'victim@forged.example')) bounces.seen(event);
  }
  assert.match(troubles.at(-1) ?? '', /sent 4 notices .* \(limit: 3\).*recipient does not exist/);
  state.now += 2 * hourMs;
  tick();
  assert.equal(troubles.at(-1), 'own bounces over');
});

test('a flood takes no memory, and is over an hour after its last notice', () => {
  const { bounces, state, tick, troubles } = rig(3);
  const burst = [1, 2, 3, 4].map((nth) => events(nth, 'victim@forged.example'));
  for (let nth = 0; nth < 20_000; nth++)
    for (const event of burst[nth % 4] ?? []) bounces.seen(event);
  assert.match(troubles.at(-1) ?? '', /sent 20000 notices/);
  state.now += hourMs / 2;
  tick();
  assert.match(troubles.at(-1) ?? '', /sent 20000 notices/);
  state.now += hourMs;
  tick();
  assert.equal(troubles.at(-1), 'own bounces over');
});
