/**
 * A reader refuses a message: the message is not delivered, whatever the gate says, and a held one
 * states the reason.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Conversation,
  mta,
  pass,
  RecordingGate,
  RecordingReading,
} from '../../../test/mta/script.ts';

const removal = { kind: 'remove', name: 'X-Old', occurrence: 1 } as const;
const hold = { kind: 'hold', reason: 'strangers' } as const;

function talkWith(how: { readonly answer?: typeof pass; readonly later?: boolean } = {}) {
  const reading = new RecordingReading(how.later === true ? 'later' : [removal]);
  reading.refused = 'Too many of something';
  const gate = new RecordingGate({ submit: (_message, say) => say(how.answer ?? pass) });
  return { talk: new Conversation(gate, {}, reading), reading };
}

for (const [name, answer] of [
  ['passes', pass],
  ['holds', hold],
] as const) {
  test(`what the gate ${name} is refused by SMTP, and no header is changed`, () => {
    const { talk } = talkWith({ answer });
    const heard = talk.greet().say(mta.message('joe'));
    assert.equal(heard.map(({ command }) => command).join(''), 'cy');
    assert.equal(heard.at(-1)?.text, '550 5.7.1 Too many of something\0');
  });
}

test('mail that comes in is refused, at once or later', () => {
  const mail = [mta.mail('<a@b>'), mta.rcpt('<c@here>', 'lmtp'), mta.header('From', ' x')];
  assert.equal(
    talkWith()
      .talk.greet()
      .commands([...mail, mta.end()]),
    'cy',
  );
  const { talk, reading } = talkWith({ later: true });
  assert.equal(talk.greet().commands([...mail, mta.end()]), 'c');
  reading.finishing[0]?.([], 'Too many of something');
  assert.equal(talk.commands([]), 'y');
  assert.equal(talk.session.state(), 'idle');
});

test('mail of sendmail(1) is held with that reason, without what could be taken out', () => {
  for (const answer of [pass, hold]) {
    const { talk } = talkWith({ answer });
    talk.greet(undefined, mta.connect('127.0.0.1', 0, 'localhost'));
    const mail = [mta.mail('www@here'), mta.rcpt('a@there'), mta.header('From', ' x')];
    const heard = talk.say([...mail, mta.end('QUEUE1')]);
    assert.equal(heard.map(({ command }) => command).join(''), 'cmqa');
    assert.equal(heard[2]?.text, 'Too many of something\0');
  }
});
