/** What the bypass meter counts and what it does not, from lines as Postfix logs them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BypassRig, bypassRig, joe, outsider, start } from '../../../test/doubles/bypass.ts';
import { hourMs, minuteMs, secondMs } from '../../lib/time.ts';

/** Name, what happens, what it counts as. */
const ways: readonly (readonly [
  string,
  (rig: BypassRig) => void,
  Readonly<Record<string, number>>,
])[] = [
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
    'the Message-ID of a notice, used by a login, by a website, for many messages',
    ({ came, goes }) => {
      came('BBBBB1', { login: joe }, '<notice@mail.test>');
      goes('BBBBB1');
      came('CCCCC1', { uid: 33 }, '<notice@mail.test>');
      goes('CCCCC1');
      for (let nth = 0; nth < 10; nth++) {
        came(`MANY${nth}`, {}, '<notice@mail.test>');
        goes(`MANY${nth}`);
      }
    },
    { bypassed: 9, own: 3 },
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
      goes('AAAAA1', { relay: 'other', service: 'postfix/lmtp' });
    },
    { judged: 1 },
  ],
  [
    'a client that may relay, to an address that Postfix rewrites',
    ({ came, goes }) => {
      const forms = ['a%world.test', 'a%world.test@example.test', 'world.test!a', 'a@world'];
      for (const [nth, original] of forms.entries()) {
        came(`AAAAA${nth}`);
        goes(`AAAAA${nth}`, { recipient: 'a@world.test', original });
      }
      came('BBBBB1');
      goes('BBBBB1', { recipient: 'op@world.test', original: 'root' });
    },
    { bypassed: 4, 'came-in': 1 },
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
    'such a pipe for each recipient of a message',
    ({ came, goes, judged }) => {
      came('AAAAA1', { login: joe });
      judged('AAAAA1');
      const copies = Array.from({ length: 20 }, (_, nth) => `COPY${10 + nth}`);
      for (const id of copies) came(id, { uid: 65_534 }, '<AAAAA1@x>');
      for (const _ of copies) goes('AAAAA1', { service: 'postfix/pipe' });
      for (const id of copies) goes(id);
    },
    { judged: 20 },
  ],
  [
    'a message that was held for a day, and then goes through a filter that says no id',
    ({ came, goes, judged, pass }) => {
      came('AAAAA1', { login: joe });
      judged('AAAAA1');
      pass(24 * hourMs);
      came('BBBBB1', {}, '<AAAAA1@x>');
      goes('AAAAA1', { relay: 'here' });
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
    const one = bypassRig();
    happens(one);
    assert.deepEqual(one.counts(), want);
  });
}

test('more than a few within ten minutes are a trouble, until mail is judged again', () => {
  const { came, goes, judged, meter, pass, troubles } = bypassRig();
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
  const { came, goes, pass, troubles } = bypassRig();
  for (const id of ['AAAAA1', 'AAAAA2', 'AAAAA3', 'AAAAA4']) {
    assert.deepEqual(troubles, []);
    came(id, { login: joe });
    goes(id);
    pass(5 * hourMs);
  }
  assert.equal(troubles.length, 1);
});

test('a trickle beside judged mail: more than twenty in a day', () => {
  const { came, goes, judged, pass, troubles } = bypassRig();
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
  const { came, goes, meter, pass } = bypassRig();
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
