/** Which log is chosen on which machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, type Millis } from '../../lib/time.ts';
import { type LogEnvironment, type LogSource, sourceOf } from './source.ts';

const now = Date.UTC(2026, 2, 4) as Millis;
const file = (path: string, ageMs = hourMs, isFile = true) => ({
  path,
  isFile,
  writtenAt: now - ageMs,
});
const bare: LogEnvironment = { maillogFile: '', now, files: [], hasJournal: false };
const journal: LogSource = { kind: 'journal' };
const at = (path: string): LogSource => ({ kind: 'file', path });

const cases: readonly (readonly [string, string, LogEnvironment, LogSource])[] = [
  ['off', 'off', { ...bare, hasJournal: true }, { kind: 'off' }],
  ['the journal by name', 'journal', bare, journal],
  ['a file by name', '/srv/mail.log', { ...bare, hasJournal: true }, at('/srv/mail.log')],
  ['Debian 12: the journal alone', 'auto', { ...bare, hasJournal: true }, journal],
  [
    'with rsyslog: its file, which chrooted programs reach too',
    'auto',
    { ...bare, hasJournal: true, files: [file('/var/log/mail.log')] },
    at('/var/log/mail.log'),
  ],
  [
    'rsyslog was removed, its file is left: the journal',
    'auto',
    { ...bare, hasJournal: true, files: [file('/var/log/mail.log', 9 * dayMs)] },
    journal,
  ],
  [
    'no journal, and a quiet week',
    'auto',
    { ...bare, files: [file('/var/log/maillog', 9 * dayMs)] },
    at('/var/log/maillog'),
  ],
  [
    'Postfix writes a file itself',
    'auto',
    { ...bare, maillogFile: '/var/log/postfix.log', files: [file('/var/log/mail.log')] },
    at('/var/log/postfix.log'),
  ],
  [
    'a container: Postfix writes to its standard output',
    'auto',
    { ...bare, maillogFile: '/dev/stdout', files: [file('/dev/stdout', 0, false)] },
    { kind: 'none' },
  ],
  ['nothing', 'auto', bare, { kind: 'none' }],
];
for (const [name, setting, around, want] of cases) {
  test(`source: ${name}`, () =>
    assert.deepEqual(
      sourceOf(setting, () => around),
      want,
    ));
}
