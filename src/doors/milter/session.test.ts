/**
 * The milter session, played by a scripted mail server: what goes wrong between real ones, a test
 * each.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Conversation,
  mta,
  oldOffer,
  pass,
  RecordingGate,
  refuse,
} from '../../../test/mta/script.ts';
import { packet } from '../../formats/milter/packet.ts';

const hold = { kind: 'hold', reason: '41 strangers in 12 min' } as const;
const holding = (): RecordingGate => new RecordingGate({ submit: (_m, answer) => answer(hold) });
const refusing = (): RecordingGate => new RecordingGate({ submit: (_m, answer) => answer(refuse) });

test('negotiation asks for nothing that was not offered', () => {
  for (const [version, actions, protocol] of [
    [6, 0x1ff, 0x1fffff],
    oldOffer,
    [6, 0, 0],
    [9, ~0, ~0],
  ] as const) {
    const [answer] = new Conversation().say(mta.offer([version, actions, protocol]));
    const bytes = Buffer.from(answer?.text ?? '', 'latin1');
    assert.equal(answer?.command, 'O');
    assert.equal(bytes.readUInt32BE(0), Math.min(version, 6));
    assert.equal(bytes.readUInt32BE(4) & ~actions, 0);
    assert.equal(bytes.readUInt32BE(8) & ~protocol, 0);
    // Lists of macros only for those who know them.
    assert.equal(bytes.length > 12, (actions & 0x100) !== 0);
  }
});

test('a login hands over a message: everything about it reaches the gate', () => {
  const talk = new Conversation(undefined, { defaultDomain: 'here.example' }).greet();
  assert.equal(talk.commands(mta.message('Joe', '4ZABC1')), 'cc');
  assert.deepEqual(talk.gate.begun[0], {
    account: 'joe@here.example',
    by: 'login',
    client: '192.0.2.7',
  });
  const [submitted] = talk.gate.submitted;
  assert.equal(submitted?.by, 'login');
  const { fingerprint, ...message } = submitted?.message ?? {};
  assert.match(String(fingerprint), /^[an][0-9a-f]+$/);
  assert.deepEqual(message, {
    kind: 'send',
    id: '4ZABC1',
    at: 1_700_000_000_000,
    account: 'joe@here.example',
    outside: ['ann@there.example'],
    local: [],
    sender: 'joe@here.example',
    // Three headers as they stand in the file, and the body.
    sizeBytes: 30 + 16 + 30 + 28,
    client: '192.0.2.7',
    headerFrom: 'joe@here.example',
    subject: 'Lunch',
    messageId: '<1@here.example>',
    traits: {
      inReplyTo: '',
      mailer: '',
      zone: '',
      messageIdForm: '9@own',
      links: [],
      attachments: [],
      list: false,
      helo: '',
      tls: '',
      auth: 'PLAIN',
    },
  });
});

test('cut anywhere, byte by byte or glued together: the same answers and the same messages', () => {
  const bytes = Buffer.concat([
    mta.offer(),
    mta.macros('C', { j: 'mx', '{daemon_name}': 'submission' }),
    mta.connect(),
    mta.message('joe', 'QUEUE1'),
    mta.abort(),
    mta.message('ann', 'QUEUE2'),
  ]);
  const play = (chunks: readonly Buffer[]): unknown => {
    const talk = new Conversation();
    return { heard: chunks.flatMap((chunk) => talk.say(chunk)), submitted: talk.gate.submitted };
  };
  const whole = play([bytes]);
  for (let cut = 1; cut < bytes.length; cut++) {
    assert.deepEqual(play([bytes.subarray(0, cut), bytes.subarray(cut)]), whole, `cut at ${cut}`);
  }
  assert.deepEqual(play(Array.from(bytes, (byte) => Buffer.of(byte))), whole);
});

test('50 messages glued together get 50 verdicts, also from a gate that answers late', () => {
  const late: (() => void)[] = [];
  const gate = new RecordingGate({ submit: (_m, answer) => late.push(() => answer(pass)) });
  const talk = new Conversation(gate).greet();
  const glued = Array.from({ length: 50 }, (_, index) => mta.message('joe', `QUEUE${index}`));
  assert.equal(talk.commands(glued), 'c');
  for (let index = 0; index < 50; index++) {
    assert.equal(gate.submitted.length, index + 1);
    late[index]?.();
  }
  assert.equal(talk.heard().length, 50 * 2 - 1);
});

test('an impossible length, or an unknown command, ends the session', () => {
  for (const bad of [
    Buffer.from([0, 0, 0, 0, 1]),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0x4d]),
    Buffer.from([0, 0x20, 0, 0, 0x42]),
    packet(0x7a),
    packet('O'.charCodeAt(0), 'short'),
    mta.header('From', 'nobody has begun'),
    mta.body('no message'),
    mta.end(),
    mta.rcpt('<a@b>'),
  ]) {
    assert.throws(() => new Conversation().greet().say(bad), { name: 'PeerError' });
  }
  assert.throws(() => new Conversation().say(mta.mail('<a@b>')), { name: 'PeerError' });
  assert.throws(() => new Conversation().say(mta.offer([1, 0, 0])), { name: 'PeerError' });
});

test('an old mail server gets an answer to each header and chunk, and no unknown flag', () => {
  const talk = new Conversation(holding());
  assert.equal(talk.say(mta.offer(oldOffer))[0]?.command, 'O');
  assert.equal(talk.commands([mta.connect()]), 'c');
  // MAIL, RCPT, three headers, a chunk; then the quarantine.
  assert.equal(talk.commands(mta.message('joe')), 'ccccccqa');
});

test('500 headers that need no answer get none before the end', () => {
  const talk = new Conversation().greet();
  talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail('<a@b>'), mta.rcpt('<c@d>')]);
  const headers = Array.from({ length: 500 }, (_, index) => mta.header(`X-${index}`, 'value'));
  assert.equal(talk.commands([...headers, mta.body('text')]), '');
  assert.equal(talk.commands(mta.end('QUEUE1')), 'c');
});

test('the second message of a session is not charged to the login of the first', () => {
  const talk = new Conversation().greet();
  talk.say([mta.message('joe'), mta.abort()]);
  talk.say([
    mta.mail('<x@y.example>'),
    mta.rcpt('<z@local.example>', 'virtual'),
    mta.body('x'),
    mta.end(),
  ]);
  assert.equal(talk.gate.submitted.length, 1);
  // The same without the abort that Sendmail does not send, and with an empty value as it does.
  talk.say(mta.message('joe'));
  talk.say([mta.macros('M', { auth_authen: '' }), mta.mail('<x@y.example>')]);
  talk.say([mta.rcpt('<z@local.example>', 'local'), mta.end()]);
  assert.equal(talk.gate.submitted.length, 2);
});

test('aborts in any number leave no recipients behind', () => {
  const talk = new Conversation().greet();
  const begin = [mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail('<a@b>')];
  talk.say([
    mta.abort(),
    mta.abort(),
    ...begin,
    mta.rcpt('<one@out>', 'smtp'),
    mta.abort(),
    mta.abort(),
  ]);
  // Sendmail sends no abort after an early refusal: a new MAIL forgets as well.
  talk.say([...begin, mta.rcpt('<two@out>', 'smtp'), ...begin, mta.rcpt('<three@out>', 'smtp')]);
  talk.say(mta.end('QUEUE1'));
  assert.deepEqual(
    talk.gate.submitted.map(({ message }) => message.outside),
    [['three@out']],
  );
});

test('K starts over with a new client and without a new negotiation', () => {
  const talk = new Conversation().greet();
  talk.say([mta.message('joe'), mta.quitNew(), mta.connect('198.51.100.9', 5), mta.message('joe')]);
  assert.deepEqual(
    talk.gate.submitted.map(({ message }) => message.client),
    ['192.0.2.7', '198.51.100.9'],
  );
});

test('a connection that ends inside a message has sent nothing, and takes no late answer', () => {
  const late: (() => void)[] = [];
  const gate = new RecordingGate({ submit: (_m, answer) => late.push(() => answer(hold)) });
  const open = new Conversation(gate).greet();
  open.say(mta.message('joe').subarray(0, -10));
  open.session.gone();
  assert.equal(gate.submitted.length, 0);
  const asked = new Conversation(gate).greet();
  asked.say(mta.message('joe'));
  asked.session.gone();
  asked.heard();
  late[0]?.();
  assert.deepEqual(asked.heard(), []);
});

test('the null sender is the same as <> and as nothing', () => {
  const gate = new RecordingGate();
  for (const sender of ['<>', '']) {
    const talk = new Conversation(gate).greet();
    talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail(sender), mta.rcpt('<a@b>')]);
    talk.say(mta.end('QUEUE1'));
  }
  assert.deepEqual(
    gate.submitted.map(({ message }) => message.sender),
    ['', ''],
  );
});

test('bytes outside ASCII stay what they are: UTF-8, or Latin-1', () => {
  const gate = new RecordingGate();
  for (const encoding of ['utf8', 'latin1'] as const) {
    const talk = new Conversation(gate).greet();
    const sender = Buffer.from('<jürgen@d.example>', encoding);
    talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail(sender), mta.rcpt('<a@b>')]);
    talk.say(mta.end('QUEUE1'));
  }
  assert.deepEqual(
    gate.submitted.map(({ message }) => message.sender),
    ['jürgen@d.example', 'jürgen@d.example'],
  );
});

test('a queue id that comes only at the end is the one that counts', () => {
  const talk = new Conversation().greet();
  talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail('<a@b>'), mta.rcpt('<c@d>')]);
  talk.say([mta.rcpt('<e@f>', 'smtp', '4EARLY'), mta.end('4LATER')]);
  assert.equal(talk.gate.submitted[0]?.message.id, '4LATER');
  talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail('<a@b>'), mta.rcpt('<c@d>')]);
  talk.say(mta.end('../../etc/passwd'));
  assert.equal(talk.gate.submitted[1]?.message.id, '');
});

test('a held message is quarantined after its end, never before, and then accepted', () => {
  const talk = new Conversation(holding()).greet();
  const heard = talk.say(mta.message('joe'));
  assert.deepEqual(heard.slice(1), [
    { command: 'q', text: `${hold.reason}\0` },
    { command: 'a', text: '' },
  ]);
});

test('without quarantine a hold becomes "come again"', () => {
  const talk = new Conversation(holding()).greet([6, 0x1df, 0x1fffff]);
  assert.equal(talk.say(mta.message('joe')).at(-1)?.text, `451 4.7.1 ${hold.reason}\0`);
});

test('a refused message gets the number and the text', () => {
  const talk = new Conversation(refusing()).greet();
  assert.deepEqual(talk.say(mta.message('joe')).at(-1), {
    command: 'y',
    text: '550 5.7.1 Account suspended\0',
  });
  // And the next one of the session is read from the start.
  assert.equal(talk.commands(mta.message('ann')), 'cy');
});

test('a suspended account is refused at MAIL if that is answered, else each recipient', () => {
  const gate = new RecordingGate({ begin: () => refuse });
  const begin = [mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail('<a@b>')];
  assert.equal(new Conversation(gate).greet(oldOffer).commands(begin), 'y');
  assert.equal(gate.begun.length, 1);
  const talk = new Conversation(gate).greet();
  const two = [mta.rcpt('<c@d>'), mta.rcpt('<e@f>')];
  assert.equal(talk.commands([...begin, ...two]), 'yy');
  assert.equal(gate.begun.length, 2, 'asked once a message');
  assert.equal(talk.commands([mta.abort(), ...begin, ...two]), 'yy');
  assert.equal(gate.begun.length, 3);
});

test('an account that is suspended in the middle of a message is refused at RCPT', () => {
  let suspended = false;
  const gate = new RecordingGate({ begin: () => (suspended ? refuse : pass) });
  const talk = new Conversation(gate).greet();
  const begin = [mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail('<a@b>')];
  assert.equal(talk.commands([...begin, mta.rcpt('<c@d>')]), 'c');
  suspended = true;
  assert.equal(talk.commands(mta.rcpt('<e@f>')), 'y');
  suspended = false;
  talk.say(mta.end('QUEUE1'));
  assert.deepEqual(gate.submitted[0]?.message.outside, ['c@d']);
});

test('the body may come in pieces, be cut short, or arrive with the end', () => {
  const gate = new RecordingGate();
  const text =
    'The quick brown fox jumps over the lazy dog and runs away from the angry farmer.\r\n';
  const begin = [
    mta.macros('M', { '{auth_authen}': 'joe' }),
    mta.mail('<a@b>', 'SIZE=7000000'),
    mta.rcpt('<c@d>'),
  ];
  // Neither silence nor skip offered, both but no silence, and Postfix.
  for (const offer of [oldOffer, [6, 0x1ff, 0x1fffff & ~0x80000], undefined]) {
    const talk = new Conversation(gate).greet(offer);
    talk.say([...begin, mta.body(text.slice(0, 30)), mta.end('QUEUE1', text.slice(30))]);
    assert.equal(gate.submitted.at(-1)?.message.sizeBytes, text.length);
  }
  const [first, ...others] = gate.submitted.map(({ message }) => message.fingerprint);
  assert.ok(first !== undefined && others.every((other) => other === first));
  const skipping = new Conversation(gate).greet([6, 0x1ff, 0x1fffff & ~0x80000]);
  skipping.say(begin);
  assert.equal(
    skipping.commands([mta.body('1 2 3\r\n'.repeat(1_000)), mta.body('4 5 6\r\n'.repeat(8_500))]),
    'cs',
  );
  skipping.say(mta.end('QUEUE1'));
  assert.equal(gate.submitted.at(-1)?.message.sizeBytes, 7_000_000);
});

test('while the gate thinks, the mail server hears so, and in the end to come again', () => {
  const answerLate: (() => void)[] = [];
  const gate = new RecordingGate({ submit: (_m, answer) => answerLate.push(() => answer(pass)) });
  const talk = new Conversation(gate, { answerMs: 12_000, progressMs: 5_000 }).greet();
  talk.say(mta.message('joe'));
  const heard: string[] = [];
  for (let second = 1; second <= 14; second++) {
    talk.session.tick(1_000);
    for (const { command } of talk.heard()) heard.push(`${second}${command}`);
  }
  assert.deepEqual(heard, ['5p', '10p', '12y']);
  answerLate[0]?.();
  assert.deepEqual(talk.heard(), []);
  assert.ok(talk.counted.includes('postern_milter_faults_total answer'));
  assert.equal(talk.commands(mta.message('ann').subarray(0, -17)), 'c');
});

test('only the first answer of a gate counts', () => {
  const gate = new RecordingGate({
    submit: (_m, answer) => {
      answer(refuse);
      answer(pass);
    },
  });
  assert.equal(new Conversation(gate).greet().commands(mta.message('joe')), 'cy');
});

test('events that we did not ask for are answered all the same', () => {
  const talk = new Conversation().greet();
  const unknown = packet('U'.charCodeAt(0), 'XFOO\0');
  assert.equal(talk.commands([mta.data(), mta.endOfHeaders(), unknown]), 'ccc');
  assert.equal(new Conversation().greet(oldOffer).commands([mta.helo()]), 'c');
  assert.equal(talk.commands([mta.quit(), mta.mail('<a@b>')]), '');
  assert.ok(talk.ended);
});
