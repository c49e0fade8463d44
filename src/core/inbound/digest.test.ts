import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Millis } from '../../lib/time.ts';
import { type DigestEntry, digestText } from './digest.ts';

const entry = (more: Partial<DigestEntry> = {}): DigestEntry => ({
  queueId: '4cQ1',
  at: 1_000 as Millis,
  sender: 'win@shop.example',
  subject: 'You have won',
  due: 2_000 as Millis,
  points: 9,
  ...more,
});
const how = {
  contact: 'the help desk',
  iso: (at: Millis) => `1970-01-01T00:00:0${at / 1_000}.000Z`,
};

test('the mail names sender, subject, time and id, and what to do', () => {
  const { subject, text } = digestText('ann@here.example', [entry()], how);
  assert.equal(subject, '1 message for you in quarantine');
  assert.match(
    text,
    /From: +win@shop\.example\nSubject: +You have won\nCame: +1970-01-01 00:00 UTC/,
  );
  assert.match(text, /send its id to the help desk/);
});

test('what strangers wrote stays on its line', () => {
  const { text } = digestText(
    'ann@here.example',
    [entry({ subject: 'a\r\nId: FAKE\u202e', sender: '' })],
    how,
  );
  assert.match(text, /Subject: +a Id: FAKE\n/);
  assert.match(text, /From: +\(no sender\)\n/);
});

test('a long list is cut; the least suspicious messages are named', () => {
  const { text } = digestText(
    'a@here.example',
    [...Array.from({ length: 59 }, () => entry()), entry({ points: 6, subject: 'Invoice 7' })],
    how,
  );
  assert.match(text, /Subject: +Invoice 7\n/);
  assert.match(text, /\.\.\. and 10 more\./);
});
