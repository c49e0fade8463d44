/** Mail of webmails at the milter door, and logins that a client only claims (XCLIENT). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conversation, mta, RecordingReading } from '../../../test/mta/script.ts';

const host = '192.0.2.7';
const webmail = {
  field: 'X-Originating-IP',
  isHost: (client: string) => client === host,
  services: new Set(['postern_webmail']),
};
const body = [mta.header('From', 'joe@here.example'), mta.body('text'), mta.end('QUEUE1')];

function mail(auth: string, login = 'boss@here.example'): Buffer {
  return Buffer.concat([
    mta.macros('M', { '{auth_authen}': login, '{auth_type}': auth }),
    mta.mail('<joe@here.example>'),
    mta.rcpt('<ann@there.example>', 'smtp'),
    mta.header('X-Originating-IP', '203.0.113.7'),
  ]);
}

test('the field, the port and the service are told to the flow, which decides', () => {
  const macros = mta.macros('C', { '{daemon_name}': 'postern_webmail' });
  for (const [address, connection, more] of [
    [host, mta.connect(host), { clientPort: 40_001 }],
    ['192.0.2.8', mta.connect('192.0.2.8'), {}],
    [
      '192.0.2.8',
      Buffer.concat([macros, mta.connect('192.0.2.8')]),
      { service: 'postern_webmail' },
    ],
  ] as const) {
    const talk = new Conversation(undefined, { webmail }).greet(undefined, connection);
    talk.say([mail('PLAIN'), ...body]);
    const [one] = talk.gate.submitted;
    const { client, clientField, clientPort, service } = one?.message ?? {};
    assert.equal(client, address);
    assert.equal(clientField, '203.0.113.7');
    const want = { clientPort: undefined, service: undefined, ...more };
    assert.deepEqual({ clientPort, service }, want);
  }
});

test('where no webmail is named no field is read', () => {
  const talk = new Conversation().greet();
  talk.say([mail('PLAIN'), ...body]);
  assert.equal(talk.gate.submitted[0]?.message.clientField, undefined);
});

test('a login that anybody here can claim does not count: all who claim one are one client', () => {
  const reading = new RecordingReading([]);
  const options = { believesXclient: () => false, mayRelay: () => false };
  for (const address of ['127.0.0.1', '203.0.113.9']) {
    const talk = new Conversation(undefined, options, reading);
    talk.greet(undefined, mta.connect(address));
    talk.say([mail('XCLIENT'), ...body]);
    const [one] = talk.gate.submitted;
    const { account, client, clientPort } = one?.message ?? {};
    assert.deepEqual(
      [one?.by, account, client, clientPort],
      ['client', 'client:?', undefined, undefined],
    );
    assert.ok(talk.counted.includes('postern_milter_faults_total claimed-login'));
    assert.deepEqual(
      [reading.started.at(-1)?.by, reading.started.at(-1)?.account],
      [undefined, undefined],
    );
  }
});

test('a claimed login to our own people is mail that comes in', () => {
  const talk = new Conversation(undefined, { believesXclient: () => false }).greet();
  const start = [
    mta.macros('M', { '{auth_authen}': 'boss@here.example', '{auth_type}': 'XCLIENT' }),
    mta.mail('<boss@here.example>'),
    mta.rcpt('<joe@here.example>', 'virtual'),
  ];
  talk.say([...start, ...body]);
  assert.deepEqual([talk.gate.begun, talk.gate.submitted], [[], []]);
});

test('a password counts although logins can be claimed', () => {
  const talk = new Conversation(undefined, { believesXclient: () => false }).greet();
  talk.say([mail('PLAIN'), ...body]);
  assert.equal(talk.gate.submitted[0]?.message.account, 'boss@here.example');
});

test('a proxy on a host of its own may claim logins', () => {
  const talk = new Conversation().greet();
  talk.say([mail('XCLIENT'), ...body]);
  assert.equal(talk.gate.submitted[0]?.message.account, 'boss@here.example');
});
