/** What is said of mail that left without a verdict. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../lib/time.ts';
import { type BypassClues, type BypassedWay, bypassText, likelyCause } from './bypass.ts';
import { type BypassCount, checkBypass } from './checklist/bypass.ts';

const now = Date.UTC(2026, 2, 4, 12) as Millis;
const way: BypassedWay = {
  service: 'postfix/submission/smtpd',
  uid: undefined,
  client: '192.0.2.7',
  login: 'joe@example.org',
  leftBy: 'postfix/smtp',
  first: now,
  last: now,
  messages: 4,
};
const script: BypassedWay = {
  ...way,
  service: 'postfix/pickup',
  uid: 33,
  client: '',
  login: '',
};
const fault = {
  found: 'Milter of submission: no milter (smtpd_milters is empty)',
  fix: 'postern connect postfix --config-dir /etc/postfix',
};

test('the sentence names the way and the cause', () => {
  assert.equal(
    bypassText(way, 4, 'CAUSE'),
    'mail leaves this server and Postern does not judge it: 4 messages so far, the last came in ' +
      'by postfix/submission/smtpd for joe@example.org from 192.0.2.7, out by postfix/smtp. ' +
      'Likely cause: CAUSE',
  );
  assert.match(
    bypassText(script, 1, ''),
    /1 message so far.*by postfix\/pickup for user id 33, out/,
  );
});

const causes: readonly (readonly [string, Partial<BypassClues>, RegExp])[] = [
  ['nothing is connected', { instances: [] }, /Postfix is not connected to Postern; run/],
  [
    'another instance',
    { last: { ...way, service: 'postfix-out/smtpd' }, faults: [fault] },
    /another instance of Postfix \(postfix-out\).*--config-dir \/etc\/postfix-out as root/,
  ],
  [
    'main.cf changed',
    { faults: [fault], milterAway: 'unix:postern/milter' },
    /main\.cf or master\.cf was changed \(Milter of submission: no milter.*run postern connect/,
  ],
  [
    'a fault that no command ends',
    { faults: [{ found: 'X', fix: 'take no_milters out of submission in master.cf' }] },
    /take no_milters out of submission in master\.cf\.$/,
  ],
  [
    'the milter was away',
    { milterAway: 'unix:postern/milter' },
    /could not ask the milter unix:postern\/milter and let mail pass/,
  ],
  ['a filter', { isFiltered: true }, /a filter hands mail back through postfix\/submission\/smtpd/],
  ['an own name', { last: { ...way, service: 'mx/smtpd' } }, /^mx\/smtpd does not show mail/],
];
for (const [name, clues, want] of causes) {
  test(`likely cause: ${name}`, () => {
    const usual = { last: way, milterAway: '', instances: ['postfix'], faults: [] };
    assert.match(likelyCause({ ...usual, isFiltered: false, ...clues }), want);
  });
}

const old = { ...way, last: (now - 2 * dayMs) as Millis };
const findings: readonly (readonly [string, Partial<BypassCount>, string, RegExp])[] = [
  ['none', {}, 'ok', /^none in 24 hours, 0/],
  ['some today', { messages: 4, ways: [way] }, 'fail', /^4 messages/],
  ['some the day before yesterday', { messages: 4, ways: [old] }, 'ok', /^none in 24 hours, 4/],
  ['no log is read', { watched: 'off' }, 'warn', /^not watched: no mail log is read/],
  ['a log cannot be read', { watched: 'unread' }, 'warn', /^not watched: a mail log cannot/],
];
for (const [name, count, kind, found] of findings) {
  test(`doctor: ${name}`, () => {
    const finding = checkBypass({ now, watched: 'yes', messages: 0, ways: [], ...count });
    assert.equal(finding.kind, kind);
    assert.match(finding.found, found);
  });
}

test('doctor: no guard answers', () => {
  assert.equal(checkBypass('unknown').kind, 'unknown');
});
