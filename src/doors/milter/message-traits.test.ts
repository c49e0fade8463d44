/** What the milter door sees of a client's program and of the text, in its conversation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { submitter } from '../../../test/doubles/mail.ts';
import { Conversation, mta, oldOffer, RecordingGate } from '../../../test/mta/script.ts';
import type { Traits } from '../../core/event.ts';
import { handoverField, handoverToken } from '../../core/scripts/handover-field.ts';
import type { HandoverLookup } from '../../ports/handover.ts';

const login = {
  '{auth_authen}': 'joe',
  '{auth_type}': 'plain',
  '{tls_version}': 'TLSv1.3',
  '{cipher}': 'TLS_AES_256_GCM_SHA384',
};
const program: readonly (readonly [string, string])[] = [
  ['From', 'joe@here.example'],
  ['DATE', ' Sun, 29 Nov 2026 18:42:43 +0100 (CET)'],
  ['Message-ID', '<1b2c3d4e-5f60-7a8b-9c0d-1e2f3a4b5c6d@here.example>'],
  ['In-Reply-To', '<7@there.example> <8@there.example>'],
  ['User-Agent', ' Mozilla\n Thunderbird'],
  ['X-Mailer', 'Another'],
  ['List-Unsubscribe', '<https://here.example/u>'],
  ['Content-Type', 'multipart/mixed; boundary="b"'],
];
const body =
  '--b\r\nContent-Type: text/html\r\n\r\n<a href="https://a.shop.example/">\r\n' +
  '--b\r\nContent-Type: application/pdf; name="Bill.pdf"\r\n\r\nx\r\n--b--\r\n';

type Said = {
  readonly macros?: Readonly<Record<string, string>>;
  readonly fields?: readonly (readonly [string, string])[];
  readonly text?: string;
  readonly offer?: readonly number[];
  readonly connection?: Buffer;
};

function traitsOf(of: Said, siteOf: (host: string) => string = (host) => host): Traits {
  const { connection, fields = program, macros = login, offer, text = body } = of;
  const gate = new RecordingGate();
  const talk = new Conversation(gate, { siteOf }).greet(offer, connection);
  talk.say(mta.helo());
  talk.say([
    mta.macros('M', macros),
    ...[mta.mail('<joe@here.example>'), mta.rcpt('<ann@there.example>', 'smtp')],
    ...fields.map(([name, value]) => mta.header(name, value)),
    ...[mta.body(text), mta.end('QUEUE1')],
  ]);
  return gate.submitted.at(-1)?.message.traits ?? assert.fail('not judged');
}

test('all traits of a login', () => {
  assert.deepEqual(
    traitsOf({}, (host) => host.replace('a.', '')),
    {
      inReplyTo: '7@there.example',
      mailer: 'Mozilla Thunderbird',
      zone: '+0100',
      messageIdForm: 'f-f-f-f-f@own',
      links: ['shop.example'],
      attachments: ['pdf'],
      list: true,
      helo: 'client.example',
      tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
      auth: 'PLAIN',
    },
  );
});

test('a message that shows nothing: looked at, and nothing there', () => {
  assert.deepEqual(traitsOf({ macros: { '{auth_authen}': 'joe' }, fields: [], text: '' }), {
    inReplyTo: '',
    mailer: '',
    zone: '',
    messageIdForm: '',
    links: [],
    attachments: [],
    list: false,
    helo: 'client.example',
    tls: '',
  });
});

test('a mail server that cannot be asked for macros tells nothing about TLS', () => {
  const { tls } = traitsOf({ offer: oldOffer, macros: { '{auth_authen}': 'joe' } });
  assert.equal(tls, undefined);
});

test('TLS and login end with their message', () => {
  const gate = new RecordingGate();
  const talk = new Conversation(gate).greet();
  talk.say([mta.macros('M', login), mta.mail('<a@here.example>'), mta.abort()]);
  talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail('<a@here.example>')]);
  talk.say([mta.rcpt('<b@c.example>', 'smtp'), mta.end('QUEUE1')]);
  const { auth, tls } = gate.submitted[0]?.message.traits ?? assert.fail('not judged');
  assert.deepEqual([auth, tls], [undefined, '']);
});

test('a link behind the first 64 KB is not looked for; the one before is found', () => {
  const text = `http://first.example ${'x'.repeat(40_000)}`;
  const gate = new RecordingGate();
  const talk = new Conversation(gate).greet();
  talk.say([mta.macros('M', login), mta.mail('<joe@here.example>')]);
  talk.say(mta.rcpt('<ann@there.example>', 'smtp'));
  talk.say([
    mta.body(text),
    mta.body(text.replace('first', 'second')),
    mta.body(' http://third.example'),
  ]);
  talk.say(mta.end('QUEUE1'));
  assert.deepEqual(gate.submitted[0]?.message.traits?.links, ['first.example', 'second.example']);
});

const token = handoverToken(1_001, `1700000000000-${'a'.repeat(32)}`);
const marked = handoverField(token, '0123456789abcdef').replace(/^[^:]*: /, '');

test('of a script: no client, and what the mail server wrote is not the script’s', () => {
  const handovers: HandoverLookup = {
    submitterOf: () => submitter(),
    recognise: (_token, _attempt, answer) => {
      const header = [{ name: 'X-Mailer', value: ' PHPMailer 6.9' }];
      answer({ kind: 'counts', sender: '', written: { header, bodyStart: Buffer.from('') } });
    },
    answered: () => undefined,
    unmarked: () => undefined,
  };
  const gate = new RecordingGate();
  const talk = new Conversation(gate, {}, undefined, undefined, handovers);
  talk.greet(undefined, mta.connect('127.0.0.1', 0, 'localhost'));
  talk.say([
    ...[mta.mail('<www@here.example>'), mta.rcpt('<ann@there.example>', 'smtp')],
    mta.macros('T', { i: 'QUEUE1' }),
    ...[mta.header('X-Postern-Submission', marked), mta.header('X-Mailer', 'PHPMailer 6.9')],
    ...[
      mta.header('Date', 'Sun, 29 Nov 2026 18:42:43 +0100'),
      mta.header('Message-Id', '<1.2@mx>'),
    ],
    ...[mta.body('http://a.example\r\n'), mta.end('QUEUE1')],
  ]);
  assert.deepEqual(gate.submitted[0]?.message.traits, {
    inReplyTo: '',
    mailer: 'PHPMailer 6.9',
    zone: '',
    messageIdForm: '',
    links: ['a.example'],
    attachments: [],
    list: false,
  });
});
