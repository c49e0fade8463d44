/**
 * The scan within the milter's conversation: before the judgement, and for nobody who does not wait
 * any more.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedScan } from '../../../test/doubles/scan.ts';
import { Conversation, mta, RecordingGate, RecordingReading } from '../../../test/mta/script.ts';
import type { Submission } from '../../core/event.ts';
import type { MessageScan, MessageStart, ScanSource } from '../../ports/message.ts';

class RecordingScan implements ScanSource {
  readonly phase = 'before-judgement';
  readonly started: MessageStart[] = [];
  readonly waiting: (() => void)[] = [];
  header = '';
  body = '';
  dropped = 0;
  readonly #bodyMax: number;

  constructor(bodyMax = Number.POSITIVE_INFINITY) {
    this.#bodyMax = bodyMax;
  }

  open(start: MessageStart): MessageScan | undefined {
    if (start.by === undefined) return undefined;
    this.started.push(start);
    return {
      header: (name, value) => {
        this.header += `${name}:${value}\n`;
      },
      body: (bytes, from, to) => {
        this.body += bytes.toString('latin1', from, to);
        return this.body.length < this.#bodyMax;
      },
      finish: (message: Submission, done) => {
        this.waiting.push(() => done({ ...message, scan: scriptedScan(7) }));
      },
      drop: () => {
        this.dropped++;
      },
    };
  }
}

function talkWith(scanning: RecordingScan, reading?: RecordingReading): Conversation {
  return new Conversation(new RecordingGate(), {}, reading, scanning).greet();
}

test('the message is judged when it was scanned, with what was found, and then signed', () => {
  const scanning = new RecordingScan();
  const reading = new RecordingReading([
    { kind: 'insert', index: 1, name: 'DKIM-Signature', value: ' v=1' },
  ]);
  const talk = talkWith(scanning, reading);
  assert.equal(talk.commands(mta.message('joe')), 'c');
  assert.equal(talk.gate.submitted.length, 0);
  assert.equal(scanning.body, 'Shall we have lunch today?\r\n');
  assert.match(scanning.header, /^From:.*\nSubject: ?Lunch\n/);
  scanning.waiting[0]?.();
  assert.equal(talk.gate.submitted[0]?.message.scan?.score, 7);
  assert.equal(
    talk
      .heard()
      .map(({ command }) => command)
      .join(''),
    'ic',
  );
  assert.ok(scanning.dropped >= 1);
  assert.equal(talk.commands(mta.message('joe', 'QUEUE2')), 'c');
  assert.equal(scanning.started.length, 2);
});

test('a connection that is gone meanwhile: nothing is judged', () => {
  const scanning = new RecordingScan();
  const talk = talkWith(scanning);
  talk.say(mta.message('joe'));
  talk.session.gone();
  scanning.waiting[0]?.();
  assert.deepEqual([talk.gate.submitted.length, talk.heard().length], [0, 0]);
  assert.ok(scanning.dropped >= 1);
});

test('nothing in time: come again, and what is found later is judged no more', () => {
  const scanning = new RecordingScan();
  const talk = talkWith(scanning);
  talk.say(mta.message('joe'));
  talk.session.tick(61_000);
  assert.match(talk.heard()[0]?.text ?? '', /^451 4\.3\.0/);
  scanning.waiting[0]?.();
  assert.equal(talk.gate.submitted.length, 0);
});

test('given up in the middle: dropped, and the next message is another', () => {
  const scanning = new RecordingScan();
  const talk = talkWith(scanning);
  talk.say([
    mta.macros('M', { '{auth_authen}': 'joe' }),
    mta.mail('<joe@here.example>'),
    mta.rcpt('<ann@there.example>', 'smtp'),
    mta.header('Subject', 'Never'),
    mta.abort(),
  ]);
  assert.equal(scanning.dropped, 1);
});

test('mail that comes in is not scanned; the rest of a long body is not asked for', () => {
  const scanning = new RecordingScan(30_000);
  const skips = [6, 0x1ff, 0x1fffff & ~0x80000];
  const talk = new Conversation(new RecordingGate(), {}, undefined, scanning).greet(skips);
  const envelope = (login: string): readonly Buffer[] => [
    ...(login === '' ? [] : [mta.macros('M', { '{auth_authen}': login })]),
    mta.mail('<joe@here.example>'),
    mta.rcpt('<ann@there.example>', login === '' ? 'local' : 'smtp'),
    mta.header('Subject', 'Long'),
  ];
  talk.say(envelope(''));
  talk.say(mta.end('Q0'));
  assert.equal(scanning.started.length, 0);
  talk.say(envelope('joe'));
  const commands = [0, 1].map(() => talk.commands(mta.body('x'.repeat(40_000))));
  assert.deepEqual(commands, ['c', 's']);
});
