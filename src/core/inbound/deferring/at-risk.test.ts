import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, type Millis, minuteMs } from '../../../lib/time.ts';
import { type LateMail, lateTexts, newlyLate } from './at-risk.ts';

const now = (100 * dayMs) as Millis;
const iso = (at: Millis): string => new Date(at).toISOString();

/** `ago`: since its sender may come back. */
function mail(ago: number, more: Partial<LateMail> = {}): LateMail {
  return {
    firstAt: (now - ago - 5 * minuteMs) as Millis,
    until: (now - ago) as Millis,
    tries: 1,
    sender: 'alarm@heating.example',
    recipient: 'ann@here.example',
    subject: 'Boiler 3',
    ...more,
  };
}

test('late mail is told of once, and at most once a day', () => {
  const first = mail(2 * hourMs);
  assert.deepEqual(newlyLate([first], 0 as Millis, now), [first]);
  // Told a moment ago: nothing. A day later: only what became late since.
  const toldAt = (now - 25 * hourMs) as Millis;
  assert.deepEqual(newlyLate([first], (now - hourMs) as Millis, now), []);
  assert.deepEqual(newlyLate([mail(27 * hourMs), first], toldAt, now), [first]);
  assert.deepEqual(newlyLate([mail(27 * hourMs)], toldAt, now), []);
  // It became late in the minute of the last notice: it is in the next one.
  assert.equal(newlyLate([mail(26 * hourMs - 1)], toldAt, now).length, 1);
});

test('a clock that was set back does not silence the notice', () => {
  const ahead = (now + 30 * dayMs) as Millis;
  assert.equal(newlyLate([mail(2 * hourMs)], ahead, now).length, 1);
});

test('each message has its senders, its time and its command', () => {
  assert.deepEqual(lateTexts([mail(2 * hourMs)], iso), [
    'from alarm@heating.example to ann@here.example, “Boiler 3”, first tried 1970-04-10 21:55 ' +
      'UTC, 1 try: postern inbound allow alarm@heating.example',
  ]);
  const [odd] = lateTexts(
    [mail(hourMs, { sender: '$(id)@x.example', subject: '', tries: 2 })],
    iso,
  );
  assert.match(String(odd), /2 tries: postern inbound allow '\$\(id\)@x\.example'$/);
  const [bounce] = lateTexts([mail(hourMs, { sender: '' })], iso);
  assert.match(String(bounce), /^from no sender .* 1 try$/);
});

test('ten are named', () => {
  const texts = lateTexts(
    Array.from({ length: 12 }, () => mail(hourMs)),
    iso,
  );
  assert.equal(texts.length, 11);
  assert.equal(texts.at(-1), '2 more: postern inbound at-risk');
});
