/**
 * Whole messages that are read on their way, and headers that are changed: what the reader hears,
 * what goes out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  Conversation,
  mta,
  oldOffer,
  pass,
  RecordingGate,
  RecordingReading,
  refuse,
} from '../../../test/mta/script.ts';
import { command, packet } from '../../formats/milter/packet.ts';
import type { Answer, HeaderEdit } from '../../ports/message.ts';
import { editPackets } from './edits.ts';

const signature: HeaderEdit = {
  kind: 'insert',
  index: 1,
  name: 'DKIM-Signature',
  value: ' v=1;\n\tb=abc',
};
const removal: HeaderEdit = { kind: 'remove', name: 'X-Old', occurrence: 2 };
const answering = (answer: Answer): RecordingGate =>
  new RecordingGate({ submit: (_message, say) => say(answer) });
const talkWith = (reading: RecordingReading, answer: Answer = pass): Conversation =>
  new Conversation(answering(answer), {}, reading);
const inserted = '\0\0\0\u0001DKIM-Signature\0 v=1;\n\tb=abc\0';
const removed = '\0\0\0\u0002X-Old\0\0';
/** As `mta.message`, with the space that stands in front of a value. */
const raw = [
  mta.mail('<Joe@Here.example>'),
  mta.rcpt('<ann@there.example>', 'smtp'),
  mta.header('Subject', '  two spaces'),
  mta.header('From', 'none'),
  mta.header('X-8-Bit', ' gr\u00fcn\n\tfolded'),
];

test('without a reader, the mail server is asked for no leave to change anything', () => {
  const [answer] = new Conversation().say(mta.offer());
  const bytes = Buffer.from(answer?.text ?? '', 'latin1');
  assert.deepEqual([bytes.readUInt32BE(4), bytes.readUInt32BE(8)], [0x120, 0x873c0]);
});

test('with one, for leave to change headers, and for them to the octet', () => {
  const [answer] = talkWith(new RecordingReading([])).say(mta.offer());
  const bytes = Buffer.from(answer?.text ?? '', 'latin1');
  assert.equal(bytes.readUInt32BE(4), 0x131);
  assert.equal(bytes.readUInt32BE(8), 0x187bc0);
});

test('recipients that the mail server refused are counted, and are none of the message', () => {
  const reading = new RecordingReading([], () => false);
  const refused = (why: string): Buffer =>
    Buffer.concat([
      mta.macros('R', { '{rcpt_mailer}': 'error', '{rcpt_addr}': why }),
      packet(command.rcpt, '<x@here>\0'),
    ]);
  new Conversation(undefined, {}, reading)
    .greet(undefined, mta.connect())
    .say([
      mta.mail('<a@b>'),
      refused('5.1.1 <x@here>: Recipient address rejected: unknown'),
      refused('4.7.1 <x@here>: Recipient address rejected: later'),
      mta.rcpt('<c@here>', 'virtual', 'Q1'),
      mta.header('From', ' x'),
      mta.end(),
    ]);
  const start = reading.started.pop() as { recipients: unknown; badRecipients: number };
  assert.deepEqual([start.recipients, start.badRecipients], [['c@here'], 1]);
});

test('it hears all headers and all of the body, in order, whatever the size', () => {
  const reading = new RecordingReading([]);
  const talk = talkWith(reading).greet();
  const chunk = 'x'.repeat(65_535);
  talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), ...raw]);
  assert.equal(talk.commands([mta.body(chunk), mta.body(chunk), mta.body('\0\r\n')]), '');
  assert.equal(talk.commands(mta.end('QUEUE1', 'rest')), 'c');
  assert.deepEqual(reading.headers, [
    ['Subject', '  two spaces'],
    ['From', 'none'],
    // UTF-8 of the script is two octets.
    ['X-8-Bit', ' gr\u00c3\u00bcn\n\tfolded'],
  ]);
  assert.equal(reading.body, `${chunk}${chunk}\0\r\nrest`);
  assert.equal(reading.finishing.length, 1);
});

test('the gate reads the same with and without the spaces', () => {
  const bare = new Conversation().greet();
  bare.say(mta.message('joe'));
  const talk = talkWith(new RecordingReading([])).greet();
  const spaced = mta.message('joe').toString('latin1');
  // The same packets, each value a space longer.
  const longer = spaced.replace(/\0\0\0(.)L([^\0]+)\0/gs, (_all, size: string, name: string) => {
    return `\0\0\0${String.fromCharCode(size.charCodeAt(0) + 1)}L${name}\0 `;
  });
  talk.say(Buffer.from(longer, 'latin1'));
  assert.deepEqual(talk.gate.submitted, bare.gate.submitted);
  assert.equal(bare.gate.submitted.length, 1);
});

test('without the flag for spaces, one is put in front of values, and taken off ours', () => {
  const reading = new RecordingReading([signature]);
  const talk = talkWith(reading).greet([6, 0x1ff, 0x0fffff]);
  talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), ...raw]);
  const heard = talk.say(mta.end('QUEUE1'));
  assert.equal(heard[0]?.text, inserted.replace('\0 v', '\0v'));
  assert.deepEqual(reading.headers[1], ['From', ' none']);
});

const outcomes = [
  ['a pass', pass, 'mic'],
  ['a hold', { kind: 'hold', reason: 'strangers' }, 'miqa'],
] as const;
for (const [name, answer, commands] of outcomes) {
  test(`edits go out before ${name}, removals first`, () => {
    const talk = talkWith(new RecordingReading([signature, removal]), answer).greet();
    const heard = talk.say(mta.message('joe'));
    assert.equal(heard.map(({ command }) => command).join(''), `c${commands}`);
    assert.deepEqual([heard[1]?.text, heard[2]?.text], [removed, inserted]);
  });
}

test('a refused message needs no edits; mail of this machine is held, and gets them', () => {
  const reading = new RecordingReading([signature]);
  assert.equal(talkWith(reading, refuse).greet().commands(mta.message('joe')), 'cy');
  assert.equal(reading.finishing.length, 0);
  const local = talkWith(reading, refuse).greet(undefined, mta.connect('127.0.0.1', 0));
  assert.equal(local.commands([...raw, mta.end('QUEUE1')]), 'ciqa');
});

test('who sends, as far as it is known when the headers begin', () => {
  const reading = new RecordingReading([], () => false);
  const start = (connection: Buffer, ...packets: readonly Buffer[]): unknown => {
    new Conversation(undefined, { mayRelay: () => true }, reading)
      .greet(undefined, connection)
      .say([...packets, mta.header('From', ' x'), mta.header('To', ' y'), mta.end()]);
    return reading.started.pop();
  };
  const mail = mta.mail('<Joe@Here.example>', 'SIZE=100');
  const inbound = {
    by: undefined,
    account: undefined,
    client: '192.0.2.7',
    sender: 'Joe@Here.example',
    recipients: ['a@here'],
    badRecipients: 0,
  };
  assert.deepEqual(start(mta.connect(), mta.helo(), mail, mta.rcpt('<a@here>', 'virtual', 'Q1')), {
    ...inbound,
    clientName: 'client.example',
    helo: 'client.example',
    queueId: 'Q1',
  });
  assert.deepEqual(
    start(
      mta.connect('2001:db8::1', 25, '[2001:db8::1]'),
      mta.mail('<>'),
      mta.rcpt('<a@b>', 'smtp'),
    ),
    {
      by: 'client',
      account: 'client:2001:db8::1',
      client: '2001:db8::1',
      clientName: '',
      helo: '',
      sender: '',
      recipients: [],
      badRecipients: 0,
      queueId: '',
    },
  );
  const login = mta.macros('M', { '{auth_authen}': 'Joe' });
  assert.deepEqual(
    start(mta.connect(), login, mail, mta.rcpt('<a@b>', 'smtp'), mta.macros('T', { i: 'Q2' })),
    {
      ...inbound,
      recipients: [],
      by: 'login',
      account: 'joe',
      clientName: 'client.example',
      helo: '',
      queueId: 'Q2',
    },
  );
  assert.deepEqual(
    start(
      Buffer.concat([mta.macros('C', { i: 'Q3' }), mta.connect('127.0.0.1', 0, 'localhost')]),
      mta.mail(Buffer.alloc(0)),
      mta.rcpt('a@b'),
    ),
    {
      by: 'local',
      account: 'local:<>',
      client: '',
      clientName: 'localhost',
      helo: '',
      sender: '',
      recipients: [],
      badRecipients: 0,
      queueId: 'Q3',
    },
  );
  assert.equal(reading.started.length, 0, 'asked once a message');
});

test('mail that comes in is read and edited without the gate, even without content', () => {
  const reading = new RecordingReading([signature]);
  const talk = talkWith(reading, refuse).greet();
  const mail = [mta.mail('<a@b>'), mta.rcpt('<c@here>', 'virtual')];
  assert.equal(talk.commands([...mail, mta.header('From', ' x'), mta.body('y'), mta.end()]), 'cic');
  assert.equal(talk.commands([...mail, mta.end()]), 'cic');
  assert.deepEqual([reading.started.length, talk.gate.submitted.length], [2, 0]);
  // All recipients refused: nobody gets it.
  assert.equal(talk.commands([mta.mail('<a@b>'), mta.header('From', ' x'), mta.end()]), 'c');
  assert.equal(reading.finishing.length, 2);
});

test('a client whose outside recipient was refused: the rest is mail that comes in', () => {
  const [outside, own] = [mta.rcpt('<c@out>', 'smtp'), mta.rcpt('<a@here>', 'lmtp')];
  for (const [recipients, said] of [
    [[outside, own], 'yc'],
    [[own, outside], 'cy'],
  ] as const) {
    const gate = new RecordingGate({ begin: () => refuse });
    const reading = new RecordingReading([removal]);
    const talk = new Conversation(gate, {}, reading).greet();
    const text = [mta.header('From', ' x'), mta.body('y'), mta.end()];
    assert.equal(talk.commands([mta.mail('<a@b>'), ...recipients, ...text]), `${said}mc`);
    assert.deepEqual(
      reading.started.map(({ by }) => by),
      [undefined],
    );
    assert.equal(gate.submitted.length, 0);
  }
});

test('a body is cut short only for those who do not read it', () => {
  const skips = [6, 0x1ff, 0x400] as const;
  const body = mta.body('x'.repeat(50_000));
  const long = [...raw.slice(0, 2), mta.header('From', 'x'), body, body, mta.end('QUEUE1')];
  const login = mta.macros('M', { '{auth_authen}': 'joe' });
  assert.match(
    talkWith(new RecordingReading([], () => false))
      .greet(skips)
      .commands([login, ...long]),
    /s/,
  );
  const reading = new RecordingReading([]);
  assert.equal(
    talkWith(reading)
      .greet(skips)
      .commands([login, ...long]),
    'cccccc',
  );
  assert.equal(reading.body.length, 100_000);
});

test('mail whose login comes only at the end was read as another’s, and is not edited', () => {
  const reading = new RecordingReading([signature]);
  const talk = talkWith(reading).greet();
  talk.say([mta.mail('<a@b>'), mta.rcpt('<c@here>', 'virtual'), mta.header('From', ' x')]);
  assert.equal(talk.commands([mta.macros('E', { '{auth_authen}': 'joe' }), mta.end()]), 'c');
  assert.deepEqual([reading.finishing.length, talk.gate.submitted.length], [0, 1]);
});

test('a mail server that lets nobody change headers: nothing is read, and it is counted', () => {
  const reading = new RecordingReading([signature]);
  const talk = talkWith(reading).greet([6, 0x120 | 0x1, 0x1fffff]);
  assert.deepEqual(talk.counted, ['no-edits']);
  assert.equal(talk.commands(mta.message('joe')), 'cc');
  assert.equal(reading.started.length, 0);
  // An old one lets us.
  assert.equal(talkWith(reading).greet(oldOffer).commands(mta.message('joe')), 'ccccccic');
});

test('gate and reader may both take their time; 50 messages glued together wait their turn', () => {
  const reading = new RecordingReading('later');
  const gates: (() => void)[] = [];
  const gate = new RecordingGate({ submit: (_m, answer) => gates.push(() => answer(pass)) });
  const talk = new Conversation(gate, {}, reading).greet();
  talk.say(Array.from({ length: 50 }, (_, index) => mta.message('joe', `QUEUE${index}`)));
  for (let index = 0; index < 50; index++) {
    assert.equal(gates.length, index + 1);
    gates[index]?.();
    gates[index]?.(); // twice, which counts once
    assert.equal(reading.finishing.length, index + 1);
    assert.equal(talk.commands([]), '');
    reading.finishing[index]?.([signature]);
    reading.finishing[index]?.([signature]);
    assert.equal(talk.commands([]), index < 49 ? 'icc' : 'ic');
  }
  assert.equal(talk.session.state(), 'idle');
});

test('a reader that never answers: the mail goes on as it is, in time', () => {
  const talk = talkWith(new RecordingReading('later'), { kind: 'hold', reason: 'x' }).greet();
  assert.equal(talk.commands(mta.message('joe')), 'c');
  assert.equal(talk.session.state(), 'answering');
  talk.session.tick(5_000);
  assert.equal(talk.commands([]), 'p');
  talk.session.tick(55_000);
  assert.equal(talk.commands([]), 'qa');
  assert.deepEqual(talk.counted, ['postern_milter_faults_total reader']);
  assert.equal(talk.commands(mta.message('joe')), 'c');
});

test('given up in the middle: nothing is finished, and the next message is another', () => {
  const reading = new RecordingReading([signature]);
  const talk = talkWith(reading).greet();
  const begun = [mta.macros('M', { '{auth_authen}': 'joe' }), ...raw, mta.body('half')];
  talk.say([...begun, mta.abort()]);
  talk.say([...begun]); // and no abort, as Sendmail does it
  assert.equal(talk.commands(mta.message('joe')), 'cic');
  assert.deepEqual([reading.started.length, reading.finishing.length], [3, 1]);
  assert.equal(reading.body, 'Shall we have lunch today?\r\n');
});

test('the connection is gone while the reader works: its answer goes nowhere', () => {
  const reading = new RecordingReading('later');
  const talk = talkWith(reading).greet();
  talk.say(mta.message('joe'));
  talk.session.gone();
  reading.finishing[0]?.([signature]);
  talk.session.tick(60_000);
  assert.deepEqual(talk.heard(), []);
});

test('cut anywhere: the same is read and the same goes out', () => {
  const bytes = Buffer.concat([mta.offer(), mta.connect(), mta.message('joe'), mta.message('ann')]);
  const play = (chunks: readonly Buffer[]): unknown => {
    const reading = new RecordingReading([signature]);
    const talk = talkWith(reading);
    const heard = chunks.flatMap((chunk) => talk.say(chunk));
    return { heard, headers: reading.headers, body: reading.body };
  };
  const whole = play([bytes]);
  assert.deepEqual(play(Array.from(bytes, (byte) => Buffer.of(byte))), whole);
});

test('an edit that is no header is left out, and counted', () => {
  const bad: readonly HeaderEdit[] = [
    { ...signature, name: 'Two: names' },
    { ...signature, name: '' },
    { ...signature, value: ' a\nBcc: x' },
    { ...signature, value: ' a\r\n b' },
    { ...signature, value: ' a\0b' },
    { ...signature, value: ' a\n \n b' },
    { ...signature, value: ' a\n' },
    { ...signature, value: ` ${'a'.repeat(60_000)}` },
    { ...signature, index: -1 },
    { ...removal, occurrence: 0 },
    { ...removal, name: 'X\n' },
  ];
  const talk = talkWith(new RecordingReading([...bad, signature])).greet();
  assert.equal(talk.commands(mta.message('joe')), 'cic');
  assert.deepEqual(talk.counted, ['postern_milter_faults_total edit']);
});

test('whatever an edit says, it makes one header: no line in it begins like another', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '\t', '\n', '\r', '\0', ':', 'é') });
  fc.assert(
    fc.property(text, text, (name, value) => {
      const { packets } = editPackets([{ kind: 'insert', index: 0, name, value }], {
        spaceSent: true,
      });
      for (const bytes of packets) {
        const [sentName, sentValue, ...rest] = bytes.toString('latin1', 9).split('\0');
        assert.deepEqual([sentName, sentValue, rest], [name, value, ['']]);
        assert.match(name, /^[!-9;-~]+$/);
        assert.doesNotMatch(value, /\n(?![ \t]+\S)|\r/);
      }
    }),
  );
});
