/** Old logs become the events that the guard would have seen, in the order of time. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import type { ReplayEvent } from '../../core/event.ts';
import type { Millis } from '../../lib/time.ts';
import { openHistory } from './history.ts';

const golden = join(import.meta.dirname, '../../../test/golden/log');
const lines = readFileSync(join(golden, 'history.in'), 'utf8').trimEnd().split('\n');
const reader = { defaultDomain: 'example.test', writtenAt: Date.UTC(2026, 2, 5) as Millis };

function eventsOf(some: readonly string[]): ReplayEvent[] {
  const history = openHistory();
  return [...some.flatMap((line) => history.take(line, reader)), ...history.end()];
}

test('a log, joined', (t) => {
  const out = eventsOf(lines).map(({ at, ...event }) =>
    JSON.stringify({ at: new Date(at).toISOString(), ...event }),
  );
  t.assert.fileSnapshot(`${out.join('\n')}\n`, join(golden, 'history.ref'), {
    serializers: [String],
  });
});

test('events are handed out after 15 minutes of log time', () => {
  const history = openHistory();
  const early = lines.slice(0, -3).flatMap((line) => history.take(line, reader));
  assert.deepEqual(early, []);
  const due = history.take(lines.at(-3) ?? '', reader);
  assert.deepEqual(due, eventsOf(lines).slice(0, due.length));
  assert.ok(due.length > 5);
});

test('lines lost, doubled, cut or out of order never stop it, and its events stay in order', () => {
  const cut = fc
    .tuple(fc.nat(lines.length - 1), fc.nat(400))
    .map(([nth, length]) => (lines[nth] ?? '').slice(0, 60 + length));
  fc.assert(
    fc.property(fc.array(fc.oneof(cut, fc.string()), { maxLength: 80 }), (some) => {
      const events = eventsOf(some);
      for (const [nth, event] of events.entries()) {
        assert.ok(event.at >= (events[nth - 1]?.at ?? 0) || nth === 0 || wentBack(some));
        if (event.kind === 'send') assert.ok(event.outside.length + event.local.length > 0);
      }
    }),
  );
});

/** True if time went back by more than 15 minutes: earlier events were handed out already. */
function wentBack(some: readonly string[]): boolean {
  const last = some.findIndex((line) => line.startsWith('2026-03-04T10'));
  return last >= 0 && some.slice(last).some((line) => line.startsWith('2026-03-04T09'));
}

test('20,000 messages are joined quickly', () => {
  const { value: events, ms } = timed(eventsOfManyMessages);
  assert.equal(events, 40_000);
  assert.ok(ms < 10_000, 'far more than it takes');
});

function eventsOfManyMessages(): number {
  const history = openHistory();
  let events = 0;
  for (let nth = 0; nth < 20_000; nth++) {
    const at = new Date(Date.UTC(2026, 2, 4) + nth * 500).toISOString();
    const id = `Q${String(nth).padStart(11, '0')}`;
    const say = (text: string): void => {
      events += history.take(`${at} mail postfix/${text}`, reader).length;
    };
    say(`smtpd[1]: ${id}: client=x[192.0.2.7], sasl_method=PLAIN, sasl_username=joe`);
    say(`qmgr[1]: ${id}: from=<joe@example.test>, size=1, nrcpt=1 (queue active)`);
    say(
      `smtp[1]: ${id}: to=<a@world.test>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/0/1, ` +
        'dsn=2.0.0, status=sent (ok)',
    );
    say(`qmgr[1]: ${id}: removed`);
  }
  return events + history.end().length;
}
