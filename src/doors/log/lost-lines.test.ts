/** What log services say when they drop lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostInLine, lostInRecord } from './lost-lines.ts';

const journald = { source: 'systemd-journald (postfix@-.service)', lines: 1_234 };
const rsyslogd = (lines: number) => ({ source: 'rsyslogd', lines });

for (const [line, expected] of [
  [
    '2026-11-20T10:00:00+00:00 mail systemd-journald[233]: Suppressed 1234 messages from ' +
      'postfix@-.service',
    journald,
  ],
  [
    'Nov 20 10:00:00 mail systemd-journald[233]: Suppressed 5 messages from cron.service',
    undefined,
  ],
  [
    'Nov 20 10:00:00 mail rsyslogd: imuxsock lost 123 messages from pid 99 due to rate-limiting',
    rsyslogd(123),
  ],
  [
    'Nov 20 10:00:00 mail rsyslogd[7]: imjournal: 5000 messages lost due to rate-limiting (20000 ' +
      'allowed within 600 seconds) [v8.2302.0]',
    rsyslogd(5_000),
  ],
  [
    'Nov 20 10:00:00 mail rsyslogd[7]: imuxsock[pid: 88, name: /usr/sbin/x] from <x>: 17 ' +
      'messages lost due to rate-limiting (200 allowed within 5 seconds)',
    rsyslogd(17),
  ],
  // A user of the machine, or a peer of the mail server, cannot say it.
  ['Nov 20 10:00:00 mail joe: 5000 messages lost due to rate-limiting', undefined],
  [
    'Nov 20 10:00:00 mail postfix/smtp[9]: 4a: status=deferred (451 rsyslogd[1]: 5 messages lost)',
    undefined,
  ],
] as const) {
  test(`lost lines: ${line.slice(16)}`, () => assert.deepEqual(lostInLine(line), expected));
}

test('lost lines in a record of the journal', () => {
  const record = {
    logged: 0,
    pid: '1',
    cursor: 'c',
    message: 'Suppressed 1234 messages from postfix@-.service',
  };
  assert.deepEqual(lostInRecord({ ...record, tag: 'systemd-journald' }), journald);
  assert.equal(lostInRecord({ ...record, tag: 'joe' }), undefined);
});
