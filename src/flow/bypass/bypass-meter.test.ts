/** What the bypass meter counts and what it does not, from lines as Postfix logs them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { Account } from '../../core/account-name.ts';
import type { LogEvent, LogFact } from '../../core/event.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { MessageRow } from '../../ports/ledger.ts';
import { openBypassMeter } from './bypass-meter.ts';
import { openDoorNotes } from './door-notes.ts';
import { openQueueTrails } from './queue-trails.ts';

const start = Date.UTC(2026, 2, 4, 12) as Millis;
const joe = 'joe@example.test' as Account;
const own = '127.0.0.1';
const outsider = '192.0.2.9';
type Entered = Extract<LogFact, { kind: 'entered' }>;
type Delivered = Extract<LogFact, { kind: 'delivery' }>;

function rig() {
  let now: Millis = start;
  const rows = new Map<string, MessageRow>();
  const left = new Map<string, number>();
  const troubles: string[] = [];
  const notes = openDoorNotes({ now: () => now }, () => 7);
  const meter = openBypassMeter({
    trails: openQueueTrails(),
    notes,
    journal: { live: { message: (id) => rows.get(id) } },
    world: quietWorld({
      clock: { now: () => now },
      count(name, by = 1, label = '') {
        if (name === 'postern_mail_left_total') left.set(label, (left.get(label) ?? 0) + by);
      },
    }),
    troubles: { set: (part, why) => void troubles.push(why === undefined ? `${part} over` : why) },
    localDomains: new Set(['example.test']),
    mayRelay: (client) => client === own,
    isNotice: (messageId, to) => messageId === '<notice@mail.test>' && to === 'op@world.test',
    cause: () => 'CAUSE',
  });
  const seen = (fact: LogFact): void => meter.seen({ ...fact, at: now } as LogEvent);
  return {
    meter,
    left,
    troubles,
    notes,
    seen,
    pass(ms: number) {
      now = (now + ms) as Millis;
    },
    /** A message comes in, with a Message-ID of its own unless it is told one. */
    came(queueId: string, more: Partial<Entered> = {}, messageId = `<${queueId}@x>`) {
      const service = more.uid === undefined ? 'postfix/smtpd' : 'postfix/pickup';
      const rest = { service, client: own, firstClient: '', login: undefined, uid: undefined };
      seen({ kind: 'entered', queueId, ...rest, previousId: '', ...more });
      seen({ kind: 'named', queueId, messageId });
    },
    goes(queueId: string, more: Partial<Delivered> = {}) {
      const recipient = more.recipient ?? 'friend@world.test';
      const to = { recipient, original: recipient, outcome: 'sent', reply: '250 ok' } as const;
      const how = { requeuedAs: '', service: 'postfix/smtp', relay: 'other' } as const;
      seen({ kind: 'delivery', queueId, ...to, ...how, ...more });
    },
    judged(queueId: string) {
      const rest = { recipients: 1, client: own, sender: joe, messageId: '' };
      rows.set(queueId, { queueId, at: now, account: joe, verdict: 'pass', ...rest });
    },
    counts: () => Object.fromEntries(left),
  };
}
type Rig = ReturnType<typeof rig>;

/** Name, what happens, what it counts as. */
const ways: readonly (readonly [string, (rig: Rig) => void, Readonly<Record<string, number>>])[] = [
  [
    'a login whose message no door judged',
    ({ came, goes }) => {
      came('AAAAA1', { login: joe });
      goes('AAAAA1');
    },
    { bypassed: 1 },
  ],
  [
    'a login whose message was judged before a restart: the ledger knows it',
    ({ came, goes, judged }) => {
      came('AAAAA1', { login: joe });
      judged('AAAAA1');
      goes('AAAAA1');
    },
    { judged: 1 },
  ],
  [
    'a queue id that was judged long ago and is used again',
    ({ came, goes, judged, pass }) => {
      judged('AAAAA1');
      pass(hourMs);
      came('AAAAA1', { login: joe });
      goes('AAAAA1');
    },
    { bypassed: 1 },
  ],
  [
    'many recipients: one message',
    ({ came, goes }) => {
      came('AAAAA1', { uid: 33 });
      for (let nth = 0; nth < 9; nth++) goes('AAAAA1', { recipient: `x${nth}@world.test` });
    },
    { bypassed: 1 },
  ],
  [
    'a website by sendmail(1)',
    ({ came, goes }) => {
      came('AAAAA1', { uid: 33 });
      goes('AAAAA1');
    },
    { bypassed: 1 },
  ],
  [
    'a client of mynetworks, by the relay transport',
    ({ came, goes }) => {
      came('AAAAA1');
      goes('AAAAA1', { service: 'postfix/relay/smtp' });
    },
    { bypassed: 1 },
  ],
  [
    'mail that is delivered here, or goes to a server of our own domain, or finds no server',
    ({ came, goes }) => {
      came('AAAAA1', { uid: 33 });
      goes('AAAAA1', { service: 'postfix/local' });
      goes('AAAAA1', { service: 'postfix/lmtp' });
      goes('AAAAA1', { recipient: 'ann@example.test' });
      goes('AAAAA1', { outcome: 'deferred', relay: 'none' });
    },
    {},
  ],
  [
    'mail that was in the queue before the log was read',
    ({ goes }) => goes('AAAAA1'),
    { unknown: 1 },
  ],
  [
    'a bounce and other mail that Postfix makes',
    ({ goes, seen }) => {
      seen({ kind: 'named', queueId: 'AAAAA1', messageId: '<1@mail.test>' });
      goes('AAAAA1');
    },
    { own: 1 },
  ],
  [
    'a bounce under a queue id that a login had',
    ({ came, goes, pass, seen }) => {
      came('AAAAA1', { login: joe });
      pass(2 * hourMs);
      seen({ kind: 'named', queueId: 'AAAAA1', messageId: '<1@mail.test>' });
      goes('AAAAA1');
    },
    { own: 1 },
  ],
  [
    'mail from outside that a virtual alias forwards',
    ({ came, goes }) => {
      came('AAAAA1', { client: outsider });
      goes('AAAAA1', { original: 'info@example.test' });
    },
    { 'came-in': 1 },
  ],
  [
    'mail from outside that local(8) forwards under a new id',
    ({ came, goes, notes, seen }) => {
      came('AAAAA1', { client: outsider });
      notes.cameIn('AAAAA1');
      seen({ kind: 'named', queueId: 'BBBBB1', messageId: '<AAAAA1@x>' });
      goes('AAAAA1', { service: 'postfix/local', reply: 'forwarded as BBBBB1' });
      goes('BBBBB1');
    },
    { 'came-in': 1 },
  ],
  [
    'mail of a website that local(8) forwards under a new id',
    ({ came, goes, seen }) => {
      came('AAAAA1', { uid: 33 });
      seen({ kind: 'named', queueId: 'BBBBB1', messageId: '<AAAAA1@x>' });
      goes('AAAAA1', { service: 'postfix/local', reply: 'forwarded as BBBBB1' });
      goes('BBBBB1');
    },
    { bypassed: 1 },
  ],
  [
    'mail from outside with a copy for an archive elsewhere: the door saw it come in',
    ({ came, goes, notes }) => {
      came('AAAAA1', { client: outsider });
      notes.cameIn('AAAAA1');
      goes('AAAAA1', { recipient: 'archive@world.test' });
    },
    { 'came-in': 1 },
  ],
  [
    'mail from outside for a domain that is only passed on',
    ({ came, goes }) => {
      came('AAAAA1', { client: outsider });
      goes('AAAAA1', { service: 'postfix/relay/smtp' });
    },
    { 'came-in': 1 },
  ],
  [
    'mail from outside that leaves without an alias: an open relay',
    ({ came, goes }) => {
      came('AAAAA1', { client: outsider });
      goes('AAAAA1');
    },
    { bypassed: 1 },
  ],
  [
    'a notice of Postern',
    ({ came, goes }) => {
      came('AAAAA1', {}, '<notice@mail.test>');
      goes('AAAAA1', { recipient: 'op@world.test' });
    },
    { own: 1 },
  ],
  [
    'the Message-ID of a notice, used for another recipient, by a login, by a website',
    ({ came, goes }) => {
      came('AAAAA1', {}, '<notice@mail.test>');
      goes('AAAAA1');
      came('BBBBB1', { login: joe }, '<notice@mail.test>');
      goes('BBBBB1', { recipient: 'op@world.test' });
      came('CCCCC1', { uid: 33 }, '<notice@mail.test>');
      goes('CCCCC1', { recipient: 'op@world.test' });
    },
    { bypassed: 3 },
  ],
  [
    'a filter behind the queue that says the new id',
    ({ came, goes, judged }) => {
      came('AAAAA1', { login: joe });
      judged('AAAAA1');
      came('BBBBB1', {}, '<AAAAA1@x>');
      goes('AAAAA1', { relay: 'here', requeuedAs: 'BBBBB1' });
      goes('BBBBB1');
    },
    { judged: 1 },
  ],
  [
    'a filter behind the queue that says the old id (XFORWARD)',
    ({ came, goes, judged }) => {
      came('AAAAA1', { login: joe });
      judged('AAAAA1');
      came('BBBBB1', { previousId: 'AAAAA1' }, '<other@x>');
      goes('BBBBB1');
    },
    { judged: 1 },
  ],
  [
    'the door stands behind the filter: the first part of the way does not leave',
    ({ came, goes, judged }) => {
      came('AAAAA1', { login: joe });
      came('BBBBB1', {}, '<AAAAA1@x>');
      judged('BBBBB1');
      goes('AAAAA1', { relay: 'here' });
      goes('BBBBB1');
    },
    { judged: 1 },
  ],
  [
    'a tunnel on this machine is no filter',
    ({ came, goes }) => {
      came('AAAAA1', { login: joe });
      goes('AAAAA1', { relay: 'here', requeuedAs: 'FARAWAY1' });
    },
    { bypassed: 1 },
  ],
  [
    'a pipe that comes back by sendmail(1)',
    ({ came, goes, judged }) => {
      came('AAAAA1', { login: joe });
      judged('AAAAA1');
      came('BBBBB1', { uid: 65_534 }, '<AAAAA1@x>');
      goes('AAAAA1', { service: 'postfix/pipe', reply: 'delivered via spamassassin service' });
      goes('BBBBB1');
    },
    { judged: 1 },
  ],
  [
    'a website that uses the Message-ID of a message that went through such a pipe',
    ({ came, goes, judged }) => {
      came('AAAAA1', { login: joe });
      judged('AAAAA1');
      came('BBBBB1', { uid: 65_534 }, '<AAAAA1@x>');
      goes('AAAAA1', { service: 'postfix/pipe' });
      goes('BBBBB1');
      for (const id of ['CCCCC1', 'DDDDD1', 'EEEEE1']) {
        came(id, { uid: 33 }, '<AAAAA1@x>');
        goes(id);
      }
    },
    { judged: 1, bypassed: 3 },
  ],
  [
    'a filter before the queue: the login that Postfix logged without a queue id',
    ({ came, goes, seen }) => {
      seen({ kind: 'proxied', client: outsider, login: joe });
      came('AAAAA1', { firstClient: outsider });
      goes('AAAAA1');
    },
    { bypassed: 1 },
  ],
  [
    'mail from outside that passes a filter before the queue, and an alias',
    ({ came, goes }) => {
      came('AAAAA1', { firstClient: outsider });
      goes('AAAAA1', { original: 'info@example.test' });
    },
    { 'came-in': 1 },
  ],
  [
    'mail that an operator put back into the queue (postsuper -r)',
    ({ came, goes, judged }) => {
      came('AAAAA1', { login: joe });
      judged('AAAAA1');
      came('BBBBB1', { uid: 102, previousId: 'AAAAA1' });
      goes('BBBBB1');
    },
    { judged: 1 },
  ],
  [
    'a Postfix whose macros do not tell the queue id',
    ({ came, goes, notes }) => {
      came('AAAAA1', { login: joe }, '<one@x>');
      const about = { account: joe, at: start, outside: [], local: [], messageId: 'one@x' };
      notes.judged({ kind: 'send', id: '', ...about });
      goes('AAAAA1');
    },
    { judged: 1 },
  ],
];
for (const [name, happens, want] of ways) {
  test(name, () => {
    const one = rig();
    happens(one);
    assert.deepEqual(one.counts(), want);
  });
}

test('a few messages are counted, more within ten minutes are a trouble until mail is judged', () => {
  const { came, goes, judged, meter, pass, troubles } = rig();
  const bypass = (id: string): void => {
    came(id, { uid: 33 });
    goes(id);
  };
  const passes = (id: string): void => {
    came(id, { login: joe });
    judged(id);
    goes(id);
  };
  for (const id of ['AAAAA1', 'AAAAA2', 'AAAAA3']) {
    bypass(id);
    passes(`J${id}`);
    pass(minuteMs);
  }
  assert.deepEqual(troubles, []);
  assert.equal(meter.view().messages, 3);
  bypass('AAAAA4');
  assert.equal(troubles.length, 1);
  assert.match(troubles[0] ?? '', /4 messages .*in by postfix\/pickup for user id 33.*CAUSE$/);
  passes('JUDGED1');
  assert.equal(troubles.length, 1, 'one judged message is not the end');
  pass(11 * minuteMs);
  passes('JUDGED2');
  assert.equal(troubles.at(-1), 'bypass meter over');
  const { ways, watched } = meter.view();
  assert.deepEqual(
    ways.map(({ messages, uid }) => [messages, uid]),
    [[4, 33]],
  );
  assert.equal(watched, 'off', 'nothing was read');
});

test('a quiet server: four in a row without a judged message', () => {
  const { came, goes, pass, troubles } = rig();
  for (const id of ['AAAAA1', 'AAAAA2', 'AAAAA3', 'AAAAA4']) {
    assert.deepEqual(troubles, []);
    came(id, { login: joe });
    goes(id);
    pass(5 * hourMs);
  }
  assert.equal(troubles.length, 1);
});

test('a trickle beside judged mail: more than twenty in a day', () => {
  const { came, goes, judged, pass, troubles } = rig();
  for (let nth = 0; nth < 21; nth++) {
    assert.deepEqual(troubles, []);
    came(`BYPASS${nth}`, { uid: 33 });
    goes(`BYPASS${nth}`);
    came(`JUDGED${nth}`, { login: joe });
    judged(`JUDGED${nth}`);
    goes(`JUDGED${nth}`);
    pass(hourMs);
  }
  assert.equal(troubles.length, 1);
});

test('the view says whether anything is read, and keeps few ways', () => {
  const { came, goes, meter, pass } = rig();
  meter.reading(0, 1);
  assert.equal(meter.view().watched, 'unread');
  meter.reading(1, 1);
  assert.equal(meter.view().watched, 'yes');
  for (let nth = 0; nth < 1_000; nth++) {
    came(`WAY${nth}XX`, { uid: 1_000 + nth });
    goes(`WAY${nth}XX`);
    pass(secondMs);
  }
  const { messages, ways } = meter.view();
  assert.equal(messages, 1_000);
  assert.equal(ways.length, 10);
  assert.equal(ways[0]?.uid, 1_999, 'the latest first');
});
