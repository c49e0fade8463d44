import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { logText } from './log-line.ts';

const at = Date.UTC(2026, 10, 29, 15, 4, 5);

test('a line for a person: time, level, event, and what is known', () => {
  const fields = { file: '/var/log/mail.log', why: 'it is missing', tries: 3, none: undefined };
  assert.equal(
    logText(at, 'warn', { event: 'maillog.trouble', fields }),
    '2026-11-29 15:04:05Z  warn   maillog.trouble         ' +
      'file=/var/log/mail.log why="it is missing" tries=3',
  );
});

test('text of strangers stays on its line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (subject) => {
      const line = logText(at, 'info', { event: 'message.judged', fields: { subject } });
      assert.doesNotMatch(line, /\p{Cc}/u);
    }),
  );
});
