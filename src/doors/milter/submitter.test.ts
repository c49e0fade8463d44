/**
 * Whose mail it is, and which recipients count: a login, a client, sendmail(1), or mail that comes
 * in.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conversation, mta, RecordingGate, refuse } from '../../../test/mta/script.ts';
import { recipientsMax } from './message.ts';

const localMail = [
  ['127.0.0.1 without a port', mta.connect('127.0.0.1', 0, 'localhost'), {}],
  ['::1 without a port', mta.connect('::1', 0, 'localhost'), {}],
  [
    'a queue id at the connection',
    Buffer.concat([mta.macros('C', { i: '4PICK1' }), mta.connect()]),
    {},
  ],
  [
    'a daemon name that means so',
    Buffer.concat([mta.macros('C', { '{daemon_name}': 'pickup' }), mta.connect()]),
    { localDaemons: new Set(['pickup']) },
  ],
] as const;
for (const [name, connection, options] of localMail) {
  test(`mail by sendmail(1) is never refused, but held (${name})`, () => {
    const gate = new RecordingGate({ begin: () => refuse, submit: (_m, answer) => answer(refuse) });
    const talk = new Conversation(gate, options).greet(undefined, connection);
    const mail = [mta.mail('www@here.example'), mta.rcpt('ann@there.example'), mta.body('text')];
    assert.equal(talk.commands([...mail, mta.end('QUEUE1')]), 'cqa');
    assert.equal(gate.submitted[0]?.by, 'local');
    assert.equal(gate.submitted[0]?.message.account, 'local:www@here.example');
    assert.equal(gate.submitted[0]?.message.client, undefined);
  });
}

test('nor if it has a login, as requeued mail may', () => {
  const gate = new RecordingGate({ begin: () => refuse, submit: (_m, answer) => answer(refuse) });
  const talk = new Conversation(gate).greet(undefined, mta.connect('127.0.0.1', 0));
  const login = mta.macros('M', { '{auth_authen}': 'joe' });
  const mail = [login, mta.mail('www@here.example'), mta.rcpt('ann@there.example', 'smtp')];
  assert.equal(talk.commands([...mail, mta.body('text')]), 'c');
  assert.equal(gate.begun.length, 0);
});

test('a real SMTP session from this host is not sendmail(1)', () => {
  const talk = new Conversation().greet(undefined, mta.connect('127.0.0.1', 4_321, 'localhost'));
  talk.say([mta.mail('<web@here>'), mta.rcpt('<ann@there>', 'smtp'), mta.end('QUEUE1')]);
  assert.deepEqual(
    talk.gate.submitted.map(({ message, by }) => [message.account, by]),
    [['client:127.0.0.1', 'client']],
  );
});

test('the end of the mail server is known where it tells', () => {
  for (const [macros, server] of [
    [
      { '{daemon_addr}': 'IPv6:::1', '{daemon_port}': '25' },
      { address: '::1', port: 25 },
    ],
    [{ '{daemon_addr}': '127.0.0.1' }, undefined],
    [{ '{daemon_addr}': '127.0.0.1', '{daemon_port}': 'x' }, undefined],
    [{}, undefined],
  ] as const) {
    const talk = new Conversation().greet(
      undefined,
      Buffer.concat([mta.macros('C', macros), mta.connect('127.0.0.1', 4_321, 'localhost')]),
    );
    talk.say([mta.mail('<web@here>'), mta.rcpt('<ann@there>', 'smtp'), mta.end('QUEUE1')]);
    assert.deepEqual(talk.gate.submitted[0]?.message.server, server);
  }
});

test("mail that comes in is not judged; mail that leaves without a login is its client's", () => {
  const gate = new RecordingGate({ begin: () => refuse, submit: (_m, answer) => answer(refuse) });
  const inbound = new Conversation(gate).greet();
  const mail = mta.mail('<stranger@far.example>');
  assert.equal(
    inbound.commands([
      mail,
      mta.rcpt('<a@here>', 'virtual'),
      mta.rcpt('<b@here>', 'relay'),
      mta.body('x'),
      mta.end(),
    ]),
    'ccc',
  );
  assert.deepEqual([gate.begun.length, gate.submitted.length], [0, 0]);
  // The recipients that leave are refused; what is left is inbound mail.
  const [first, other] = [mta.rcpt('<c@out>', 'smtp'), mta.rcpt('<d@out>', 'smtp')];
  assert.equal(
    inbound.commands([mail, first, mta.rcpt('<a@here>', 'lmtp'), other, mta.end()]),
    'ycyc',
  );
  assert.deepEqual(gate.begun, [
    { account: 'client:192.0.2.7', by: 'client', client: '192.0.2.7' },
  ]);
  assert.equal(gate.submitted.length, 0);
});

test('where the transport is not told, own domains decide who is outside', () => {
  const talk = new Conversation(undefined, { localDomains: new Set(['here.example']) }).greet();
  talk.say([
    mta.mail('<a@b>'),
    mta.rcpt('<x@here.example>'),
    mta.rcpt('<y@out.example>'),
    mta.end('QUEUE1'),
  ]);
  const [submitted] = talk.gate.submitted;
  assert.equal(submitted?.by, 'client');
  assert.deepEqual(
    [submitted?.message.local, submitted?.message.outside],
    [['x@here.example'], ['y@out.example']],
  );
});

test('every way to write a recipient counts once, and postmaster counts like anybody', () => {
  const talk = new Conversation().greet();
  talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail('<a@b>')]);
  for (const text of [
    '<Ann@D.example>',
    'ann@d.example',
    '<@r1,@r2:ann@d.example>',
    '<"ann"@d.example.>',
  ]) {
    talk.say(mta.rcpt(text, 'smtp'));
  }
  talk.say(Array.from({ length: 998 }, (_, index) => mta.rcpt(`<p${index}@out>`, 'smtp')));
  talk.say([mta.rcpt('<postmaster@out>', 'smtp'), mta.end('QUEUE1')]);
  const outside = talk.gate.submitted[0]?.message.outside ?? [];
  assert.equal(outside.length, 1_000);
  assert.ok(outside.includes('postmaster@out'));
});

test(`recipients beyond ${recipientsMax} are sent to another message`, () => {
  const talk = new Conversation().greet();
  talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail('<a@b>')]);
  for (let index = 0; index < recipientsMax; index++) talk.say(mta.rcpt(`<p${index}@out>`, 'smtp'));
  assert.match(talk.say(mta.rcpt('<one-more@out>', 'smtp'))[0]?.text ?? '', /^452 4\.5\.3 /);
});
