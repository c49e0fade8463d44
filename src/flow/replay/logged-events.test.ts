/** What a log says becomes the events that the guard would have seen, in the order of time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  byLogin,
  delivered,
  entered,
  named,
  queued,
  removed,
  second,
  toFilter,
  whole,
} from '../../../test/doubles/log-facts.ts';
import type { Account } from '../../core/account-name.ts';
import type { LogEvent, ReplayEvent } from '../../core/event.ts';
import { type LoggedEvents, openLoggedEvents } from './logged-events.ts';

const joe = 'joe@example.test';
const friend = 'friend@world.test';

function replayed(
  facts: readonly LogEvent[],
  logged: LoggedEvents = openLoggedEvents(),
): readonly ReplayEvent[] {
  return [...facts.flatMap((fact) => logged.take(fact)), ...logged.end()];
}

/** `0 joe@example.test: friend@world.test`. */
function shown(events: readonly ReplayEvent[]): readonly string[] {
  return events.map((event) => {
    const at = (event.at - second(0)) / 1_000;
    if (event.kind === 'send') {
      const local = event.local.length === 0 ? '' : ` | ${event.local.join(' ')}`;
      return `${at} ${event.account}: ${event.outside.join(' ')}${local}`;
    }
    if (event.kind === 'delivery') return `${at} ${event.recipient} ${event.outcome}`;
    return event.kind === 'login' ? `${at} ${event.account} ${event.ok ? 'in' : 'failed'}` : '';
  });
}

const login = (at: number, ok: boolean, more: Partial<LogEvent> = {}): LogEvent =>
  ({
    kind: 'login',
    host: 'mail',
    at: second(at),
    account: joe as Account,
    client: '192.0.2.7',
    ok,
    times: 1,
    ...more,
  }) as LogEvent;

test('a message whose first delivery is tried hours later is judged at its hand-over', () => {
  const late = [byLogin('A', 0), queued('A', 0)];
  const other = whole('B', 60, 'other@world.test');
  const facts = [...late, ...other, delivered('A', 20_000, friend), removed('A', 20_000)];
  assert.deepEqual(shown(replayed(facts)), [`0 ${joe}: ${friend}`, `60 ${joe}: other@world.test`]);
});

test('a login tells how its client spoke, and so does the message', () => {
  const how = { auth: 'PLAIN', tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384' };
  const [entered, ...rest] = whole('A', 1, friend);
  const told = { ...(entered ?? assert.fail()), ...how } as LogEvent;
  const smtp = { protocol: 'smtp', ...how } as const;
  const events = replayed([login(0, true, smtp), told, ...rest]);
  assert.deepEqual(
    events.map((event) => (event.kind === 'send' ? event.traits : event)),
    [{ kind: 'login', at: second(0), account: joe, client: '192.0.2.7', ok: true, ...smtp }, how],
  );
});

test('recipients that no line names are counted, and a message needs a queue', () => {
  const logged = openLoggedEvents();
  const facts = [
    ...[byLogin('A', 0), queued('A', 0, { recipientCount: 3 }), delivered('A', 1, friend)],
    byLogin('B', 2),
    ...[byLogin('C', 3), { kind: 'held', host: 'mail', at: second(3), queueId: 'C' } as const],
  ];
  assert.deepEqual(shown(replayed(facts, logged)), [
    `0 ${joe}: ${friend} unnamed-1@a.invalid unnamed-2@a.invalid`,
  ]);
  assert.deepEqual(logged.unnamed(), { messages: 1, recipients: 2 });
  const { neverQueued, onHold } = logged.leftOut();
  assert.deepEqual([neverQueued, onHold], [1, 1]);
});

test('through a filter by pipe a message counts once, and its recipients are not local', () => {
  const facts = [
    ...[byLogin('A', 0), named('A', 0, 'one@x.test'), queued('A', 0)],
    ...[entered('B', 1, { uid: 117, sender: joe }), named('B', 1, 'one@x.test'), queued('B', 1)],
    delivered('A', 1, friend, { service: 'postfix/pipe', mxHost: '', mxAddress: '' }),
    removed('A', 1),
    delivered('B', 2, friend, { outcome: 'bounced' }),
    removed('B', 2),
  ];
  assert.deepEqual(shown(replayed(facts)), [`0 ${joe}: ${friend}`, `2 ${friend} bounced`]);
});

test('a program that keeps the mail here has local recipients', () => {
  const facts = [
    byLogin('A', 0),
    queued('A', 0, { recipientCount: 2 }),
    delivered('A', 1, 'ann@here.test', { service: 'postfix/lmtp' }),
    delivered('A', 1, 'ben@example.test'),
  ];
  assert.deepEqual(shown(replayed(facts)), [`0 ${joe}:  | ann@here.test ben@example.test`]);
});

test('a host whose clock is behind is judged, and so are files in the wrong order', () => {
  const slow = whole('S', 100, friend, 'ann@example.test').map((fact) => ({
    ...fact,
    host: 'slow',
    at: (fact.at - 3_600_000) as LogEvent['at'],
  }));
  const newer = [...whole('B', 5_000, friend), ...whole('C', 5_100, friend)];
  const older = whole('A', 0, friend);
  const logged = openLoggedEvents();
  const events = replayed([...newer, ...slow, ...older], logged);
  assert.deepEqual(shown(events), [
    `-3500 ann@example.test: ${friend}`,
    `0 ${joe}: ${friend}`,
    `5000 ${joe}: ${friend}`,
    `5100 ${joe}: ${friend}`,
  ]);
});

test('with little memory: a slow host follows as it arrives, and an older file is counted', () => {
  const logged = openLoggedEvents({ waitingMax: 2 });
  const quick = Array.from({ length: 10 }, (_, nth) => whole(`Q${nth}`, 10_000 + nth, friend));
  const slow = Array.from({ length: 10 }, (_, nth) =>
    whole(`S${nth}`, 4_000 + nth, friend, 'ann@example.test').map((fact) => ({
      ...fact,
      host: 'slow',
    })),
  );
  const old = Array.from({ length: 5 }, (_, nth) => whole(`O${nth}`, nth, friend));
  const mixed = quick.flatMap((facts, nth) => [...facts, ...(slow[nth] ?? [])]);
  const events = replayed([...mixed, ...old.flat()], logged);
  const times = events.map(({ at }) => at);
  assert.deepEqual(
    times,
    times.toSorted((one, other) => one - other),
  );
  const ofSlow = events.filter((event) => event.kind === 'send' && event.account !== joe);
  assert.equal(ofSlow.length, 10);
  assert.equal(logged.leftOut().outOfOrder, 5);
});

test('the same lines again: messages and logins count once', () => {
  const lines = [login(0, true), login(1, false), ...whole('A', 2, friend), login(900, true)];
  const logged = openLoggedEvents();
  const events = replayed([...lines, ...lines], logged);
  assert.deepEqual(shown(events), [
    `0 ${joe} in`,
    `1 ${joe} failed`,
    `2 ${joe}: ${friend}`,
    `900 ${joe} in`,
    // Two logins of one second may be two: what is newest is not known to be read again.
    `900 ${joe} in`,
  ]);
  assert.equal(logged.leftOut().twice, 1);
});

test('a failed login whose account another line names', () => {
  const facts = [
    {
      kind: 'mismatch',
      host: 'mail',
      at: second(0),
      account: joe as Account,
      client: '192.0.2.7',
    } as const,
    login(1, false, { account: undefined } as Partial<LogEvent>),
    login(60, false, { account: undefined } as Partial<LogEvent>),
  ];
  assert.deepEqual(shown(replayed(facts)), [`1 ${joe} failed`]);
});

test('mail that came in is not judged, and a refused message was not sent', () => {
  const logged = openLoggedEvents();
  const facts: LogEvent[] = [
    ...[entered('A', 0), queued('A', 0), delivered('A', 1, joe)],
    ...[queued('M', 0), delivered('M', 1, joe)],
    byLogin('B', 2),
    {
      kind: 'rejected',
      host: 'mail',
      at: second(3),
      queueId: 'B',
      stage: 'END-OF-MESSAGE',
      byMilter: true,
      client: '',
      sender: '',
      recipient: '',
      login: undefined,
      reply: '',
    },
  ];
  assert.deepEqual(replayed(facts, logged), []);
  const { refused, startMissing } = logged.leftOut();
  assert.deepEqual([logged.cameIn(), startMissing, refused], [1, 1, 1]);
});

test('facts lost, doubled or out of order: events stay in order, and none is made up', () => {
  const all = [
    ...whole('AAAAA', 0, friend),
    ...[byLogin('BBBBB', 5), named('BBBBB', 5, 'b@x.test'), queued('BBBBB', 5)],
    ...[entered('CCCCC', 6, { client: '127.0.0.1' }), named('CCCCC', 6, 'b@x.test')],
    ...[queued('CCCCC', 6), toFilter('BBBBB', 6, friend, { requeuedAs: 'CCCCC' })],
    ...[removed('BBBBB', 6), delivered('CCCCC', 7, friend), removed('CCCCC', 7)],
    ...[login(8, true), login(9, false)],
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...all), { maxLength: 60 }), (facts) => {
      const events = replayed(facts, openLoggedEvents({ waitingMax: 5 }));
      for (const [nth, event] of events.entries()) {
        assert.ok(event.at >= (events[nth - 1]?.at ?? 0));
        if (event.kind === 'send') assert.ok(event.outside.length + event.local.length > 0);
      }
      assert.ok(events.filter(({ kind }) => kind === 'send').length <= 3 * facts.length);
    }),
  );
});

test('a try to which no other server answered is no reply to the sender', () => {
  const tried = (at: number, more: Partial<LogEvent>): LogEvent =>
    ({ ...delivered('A', at, friend), ...more }) as LogEvent;
  const events = replayed([
    ...[byLogin('A', 0), queued('A', 0)],
    tried(1, { outcome: 'deferred', relay: 'none' } as Partial<LogEvent>),
    tried(2, { outcome: 'deferred', relay: 'other', mxHost: 'mx.b.example' } as Partial<LogEvent>),
    tried(3, { outcome: 'bounced', relay: 'here', mxHost: 'localhost' } as Partial<LogEvent>),
  ]);
  assert.deepEqual(
    events.flatMap((one) => (one.kind === 'delivery' ? [[one.outcome, one.mxHost]] : [])),
    [
      ['deferred', 'mx.b.example'],
      ['bounced', ''],
    ],
  );
});
