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
const record = { cursor: 's=9340;i=3', tag: 'postfix/smtpd', message: 'hello' };
const logged = 1_795_462_167_705;

const cases = [
  ['of a mail program', {}, { ...record, logged }],
  [
    'with the time at which it was said',
    { _SOURCE_REALTIME_TIMESTAMP: '1795462167000001' },
    { ...record, logged: 1_795_462_167_000 },
  ],
  ['that is not UTF-8', { MESSAGE: [104, 233] }, { ...record, logged, message: 'hé' }],
  ['of nobody (65534), who delivers mail', { _UID: '65534' }, { ...record, logged }],
  ['of a person', { _UID: '1000' }, undefined],
  ['too long to be shown', { MESSAGE: null }, undefined],
  ['without a program', { SYSLOG_IDENTIFIER: undefined }, undefined],
] as const;
for (const [name, more, want] of cases) {
  test(`a record ${name}`, () =>
    assert.deepEqual(parseRecord(JSON.stringify({ ...fields, ...more })), want));
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
      const found = parseRecord(line);
      if (found === undefined) return;
      for (const part of [found.cursor, found.tag, found.message]) {
        assert.equal(typeof part, 'string');
      }
    }),
  );
});
