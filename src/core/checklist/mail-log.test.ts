/** What doctor says of the mail log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMailLog, type MailLogFacts } from './mail-log.ts';

const all: MailLogFacts = { source: 'auto', names: 'journal', reading: 1, wanted: 1, lines: 7 };
const cases = [
  ['read', all, 'ok', 'journal, 7 lines since the start'],
  ['one of two', { ...all, wanted: 2 }, 'warn', '1 of 2 can be read: journal'],
  ['not found', { ...all, names: '', reading: 0 }, 'warn', 'no mail log was found'],
  [
    'not wanted',
    { ...all, source: 'off', names: '', reading: 0, wanted: 0 },
    'warn',
    'mail_log.source = "off"',
  ],
  ['nobody to ask', 'unknown', 'unknown', 'not known'],
] as const;
for (const [name, facts, kind, found] of cases) {
  test(`mail log: ${name}`, () => {
    const finding = checkMailLog(facts);
    assert.deepEqual([finding.kind, finding.found], [kind, found]);
    assert.equal(finding.mend === '', kind === 'ok', 'what is wrong says how to mend it');
  });
}
