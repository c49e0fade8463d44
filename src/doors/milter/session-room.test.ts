/** Memory that all milter sessions share: what is refused, and that everything is given back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conversation, mta, RecordingGate, RecordingReading } from '../../../test/mta/script.ts';
import { openSessionRooms, Room, RoomShare } from './session-room.ts';

const mebibyte = 1024 * 1024;

/** A session that has begun a message. */
function begun(
  rooms: ReturnType<typeof openSessionRooms>,
  { reading, trusted = true }: { reading?: RecordingReading; trusted?: boolean } = {},
): Conversation {
  const memory = { rooms, trusted };
  const talk = new Conversation(new RecordingGate(), {}, reading, undefined, undefined, memory);
  talk.greet();
  talk.say([mta.macros('M', { '{auth_authen}': 'joe' }), mta.mail('<a@b>')]);
  return talk;
}

/** Sends recipients of about 400 octets until one is refused; answers with the refusal. */
function fill(talk: Conversation, name: string): { taken: number; refusal: string } {
  const long = `${'d'.repeat(60)}.`.repeat(4);
  for (let taken = 0; taken < 25_000; taken++) {
    const local = `${name}${taken}`.padEnd(120, 'x');
    const [answer] = talk.say(mta.rcpt(`<${local}@${long}example>`, 'smtp'));
    if (answer?.command !== 'c') return { taken, refusal: answer?.text ?? 'nothing' };
  }
  return { taken: 25_000, refusal: '' };
}

test('recipients of all sessions together: one more is refused for now, the rest goes on', () => {
  const said: [string, string | undefined][] = [];
  const rooms = openSessionRooms({ set: (part, why) => said.push([part, why]) });
  // Other sessions hold most of the room.
  assert.ok(rooms.recipients.take(48 * mebibyte, true));
  const talks = [begun(rooms), begun(rooms)];
  const filled = talks.map((talk, index) => fill(talk, `s${index}-`));
  assert.ok(rooms.recipients.usedBytes <= 64 * mebibyte);
  assert.ok(rooms.recipients.usedBytes > 63 * mebibyte);
  const last = filled.at(-1);
  assert.match(last?.refusal ?? '', /^452 4\.3\.1 Too many recipients at this time/);
  assert.ok(talks.at(-1)?.counted.includes('postern_milter_faults_total recipients'));
  assert.deepEqual(said, [
    ['milter recipients', 'recipients of all milter sessions together use 64 MB'],
  ]);
  // The recipients that were taken stay, and the message goes its way.
  const first = talks[0] ?? assert.fail();
  assert.equal(first.commands(mta.end('QUEUE1')), 'c');
  const { message } = first.gate.submitted[0] ?? assert.fail();
  assert.equal(message.outside.length, filled[0]?.taken);
  // What the first gave back, another may use.
  assert.equal(begun(rooms).commands(mta.rcpt('<c@d>', 'smtp')), 'c');
  assert.deepEqual(said.at(-1), ['milter recipients', undefined]);
});

test('mail that comes in, and mail of this machine, is told to come again, too', () => {
  const rooms = openSessionRooms();
  assert.ok(rooms.recipients.take(64 * mebibyte, true));
  for (const connection of [mta.connect(), mta.connect('127.0.0.1', 0, 'localhost')]) {
    const talk = new Conversation(new RecordingGate(), {}, undefined, undefined, undefined, {
      rooms,
    }).greet(undefined, connection);
    talk.say(mta.mail('<a@b>'));
    assert.match(talk.say(mta.rcpt('<joe@here>', 'local'))[0]?.text ?? '', /^452 4\.3\.1 /);
  }
});

test('everything is given back: at the end, an abort, a new MAIL, when the peer is gone', () => {
  const rooms = openSessionRooms();
  const reading = new RecordingReading([]);
  const ways: readonly ((talk: Conversation) => void)[] = [
    (talk) => talk.say(mta.end('QUEUE1')),
    (talk) => talk.say(mta.abort()),
    (talk) => talk.say(mta.mail('<next@b>')),
    (talk) => talk.say(mta.quitNew()),
    (talk) => talk.say(mta.quit()),
    (talk) => talk.session.gone(),
  ];
  for (const way of ways) {
    const talk = begun(rooms, { reading });
    talk.say([mta.rcpt('<c@d>', 'smtp'), mta.rcpt('<é€@d>', 'smtp'), mta.header('Subject', 'x')]);
    talk.say(mta.body('half a packet').subarray(0, 9));
    assert.ok(rooms.recipients.usedBytes > 128);
    assert.ok(rooms.content.usedBytes > 9);
    if (way !== ways.at(-1)) talk.say(mta.body('half a packet').subarray(9));
    way(talk);
    assert.deepEqual([rooms.recipients.usedBytes, rooms.content.usedBytes], [0, 0]);
  }
});

test('headers that nobody reads take no room; beyond the room a session ends (slow)', () => {
  const rooms = openSessionRooms();
  const unread = begun(rooms);
  unread.say([mta.rcpt('<c@d>', 'smtp'), mta.header('Subject', 'x'.repeat(50_000))]);
  assert.equal(rooms.content.usedBytes, 0);
  const talk = begun(rooms, { reading: new RecordingReading([]) });
  talk.say(mta.rcpt('<c@d>', 'smtp'));
  const header = mta.header('X-Long', 'x'.repeat(mebibyte - 1_000));
  assert.throws(
    () => {
      for (let index = 0; index < 300; index++) talk.say(header);
    },
    { name: 'PeerError' },
  );
  assert.ok(rooms.content.usedBytes <= 256 * mebibyte);
  talk.session.gone();
  assert.equal(rooms.content.usedBytes, 0);
});

test('the beginning of a body takes room; without room its links are not looked for', () => {
  const rooms = openSessionRooms();
  const body = mta.body(`${'x'.repeat(20_000)} http://late.example`);
  const linksOf = (talk: Conversation): readonly string[] | undefined => {
    talk.say([mta.rcpt('<c@d>', 'smtp'), body]);
    assert.ok(rooms.content.usedBytes <= 256 * mebibyte);
    assert.equal(talk.commands(mta.end('QUEUE1')), 'c');
    return talk.gate.submitted[0]?.message.traits?.links;
  };
  assert.deepEqual(linksOf(begun(rooms)), ['late.example']);
  assert.equal(rooms.content.usedBytes, 0);
  assert.ok(rooms.content.take(256 * mebibyte, true));
  assert.deepEqual(linksOf(begun(rooms)), []);
  assert.equal(rooms.content.usedBytes, 256 * mebibyte);
});

test('peers that are not trusted leave half of the room to the mail server', () => {
  const changes: boolean[] = [];
  const room = new Room(1_000, (isFull) => changes.push(isFull));
  const stranger = new RoomShare(room, false);
  assert.deepEqual([stranger.take(500), stranger.take(1)], [true, false]);
  const postfix = new RoomShare(room, true);
  assert.deepEqual([postfix.take(500), postfix.take(1)], [true, false]);
  assert.deepEqual(changes, [true]);
  stranger.free();
  assert.deepEqual([changes, room.usedBytes], [[true, false], 500]);
});
