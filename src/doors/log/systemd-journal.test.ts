/**
 * Journal records as journalctl prints them. test/integration/mail-journal.test.ts follows a live
 * journal.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRecord } from './systemd-journal.ts';

const fields = {
  __CURSOR: 's=9340;i=3',
  __REALTIME_TIMESTAMP: '1795462167705439',
  SYSLOG_IDENTIFIER: 'postfix/smtpd',
  MESSAGE: 'hello',
  _UID: '102',
};
/** Root, Postfix and Dovecot. */
const uids: ReadonlySet<number> = new Set([0, 102, 103]);
const record = {
  isTrusted: true,
  cursor: 's=9340;i=3',
  tag: 'postfix/smtpd',
  message: 'hello',
  pid: '',
};
const logged = 1_795_462_167_705;

const cases = [
  ['of a mail program', {}, { ...record, logged }],
  [
    'with the time at which it was said',
    { _SOURCE_REALTIME_TIMESTAMP: '1795462167000001' },
    { ...record, logged: 1_795_462_167_000 },
  ],
  ['that is not UTF-8', { MESSAGE: [104, 233] }, { ...record, logged, message: 'hé' }],
  ['of a process', { _PID: '77' }, { ...record, logged, pid: '77' }],
  ['of root', { _UID: '0', _SYSTEMD_UNIT: 'dovecot.service' }, { ...record, logged }],
  ['of a unit of an instance', { _SYSTEMD_UNIT: 'postfix@-.service' }, { ...record, logged }],
  ['of a Postfix in a session', { _SYSTEMD_UNIT: 'session-3.scope' }, { ...record, logged }],
  ['of a person', { _UID: '1000' }, { ...record, logged, isTrusted: false }],
  ['of a website', { _UID: '33' }, { ...record, logged, isTrusted: false }],
  ['of nobody', { _UID: '65534' }, { ...record, logged, isTrusted: false }],
  [
    'of a command that local(8) runs for a user',
    { _UID: '1000', _SYSTEMD_UNIT: 'postfix@-.service' },
    { ...record, logged, isTrusted: false },
  ],
  ['of no process', { _UID: undefined }, { ...record, logged, isTrusted: false }],
  ['with two uids', { _UID: ['0', '33'] }, { ...record, logged, isTrusted: false }],
  ['with a uid that is no number', { _UID: '' }, { ...record, logged, isTrusted: false }],
  [
    'of a web server that root runs',
    { _UID: '0', _SYSTEMD_UNIT: 'apache2.service' },
    { ...record, logged, isTrusted: false },
  ],
  [
    'of PHP',
    { _UID: '0', _SYSTEMD_UNIT: 'php8.2-fpm.service' },
    { ...record, logged, isTrusted: false },
  ],
  [
    'whose client claims a uid and a unit',
    { _UID: '33', UID: '0', SYSTEMD_UNIT: 'postfix@-.service', SYSLOG_FACILITY: '2' },
    { ...record, logged, isTrusted: false },
  ],
  ['too long to be shown', { MESSAGE: null }, undefined],
  ['without a program', { SYSLOG_IDENTIFIER: undefined }, undefined],
] as const;
for (const [name, more, want] of cases) {
  test(`a record ${name}`, () =>
    assert.deepEqual(parseRecord(JSON.stringify({ ...fields, ...more }), uids), want));
}

test('any line is a complete record or undefined', () => {
  const odd = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ MESSAGE: fc.anything(), __CURSOR: fc.anything(), SYSLOG_IDENTIFIER: fc.anything() })
      .map((value) => JSON.stringify(value) ?? ''),
  );
  fc.assert(
    fc.property(odd, (line) => {
      const found = parseRecord(line, uids);
      if (found === undefined) return;
      for (const part of [found.cursor, found.tag, found.message]) {
        assert.equal(typeof part, 'string');
      }
    }),
  );
});
