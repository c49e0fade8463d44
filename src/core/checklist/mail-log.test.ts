/** Doctor's finding about the mail log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentText } from './log-health.ts';
import { checkMailLog, type MailLogFacts } from './mail-log.ts';

const all: MailLogFacts = {
  source: 'auto',
  names: 'journal',
  reading: 1,
  wanted: 1,
  lines: 7,
  strange: 0,
  shapes: [],
  troubles: [],
};
const cases = [
  ['read', all, 'ok', 'journal, 7 lines since the guard started'],
  ['one of two', { ...all, wanted: 2 }, 'warn', '1 of 2 logs can be read: journal'],
  ['not found', { ...all, names: '', reading: 0 }, 'warn', 'not found'],
  [
    'not wanted',
    { ...all, source: 'off', names: '', reading: 0, wanted: 0 },
    'warn',
    'not read: mail_log.source = "off"',
  ],
  [
    'silent',
    { ...all, troubles: [silentText(3, 4)] },
    'warn',
    'Mail log: no new line for 4 minutes, although 3 messages came in. Postern does not see what ' +
      'becomes of mail. Mail is not affected. Check that the syslog service runs; if Postfix ' +
      'runs on another machine, set mail_log.source = "off"',
  ],
  [
    'not understood',
    { ...all, lines: 2_000, strange: 101, shapes: ['smtpd: N', 'qmgr: ID: x'] },
    'warn',
    '101 of 2000 lines were not understood, most often "smtpd: N", "qmgr: ID: x"',
  ],
  [
    'a few not understood',
    { ...all, lines: 2_100, strange: 101, shapes: ['smtpd: N'] },
    'ok',
    'journal, 2100 lines since the guard started',
  ],
  ['nobody to ask', 'unknown', 'unknown', 'not known: the guard does not answer'],
] as const;
for (const [name, facts, kind, found] of cases) {
  test(`mail log: ${name}`, () => {
    const finding = checkMailLog(facts);
    assert.deepEqual([finding.kind, finding.found], [kind, found]);
    assert.equal(finding.fix === '', kind === 'ok', 'a finding that is not ok says how to fix it');
  });
}
