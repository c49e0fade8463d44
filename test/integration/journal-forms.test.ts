/** Every form in which a real journalctl prints the journal gives the same facts. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { openLogLines } from '../../src/core/logs/log-lines.ts';
import { openLineCutter } from '../../src/lib/line-cutter.ts';
import type { Millis } from '../../src/lib/time.ts';
import { type JournaldInstance, startJournald } from './journald-instance.ts';
import { eventually } from './leash.ts';

const messages = [
  ['postfix/qmgr', 'A0B1C2D3E4: from=<joe@here.test>, size=900, nrcpt=1 (queue active)'],
  [
    'postfix/smtpd',
    'warning: unknown[192.0.2.9]: SASL PLAIN authentication failed: x, sasl_username=zoë',
  ],
  [
    'dovecot',
    Buffer.from('imap-login: Login: user=<jo\xe9>, method=PLAIN, rip=192.0.2.9, x', 'latin1'),
  ],
  ['postfix/qmgr', 'A0B1C2D3E4: removed'],
] as const;
const kinds = ['queued', 'login', 'login', 'removed'];

let journald: JournaldInstance;
let began: number;
before(async () => {
  journald = await startJournald();
  began = Date.now();
  for (const [tag, message] of messages) await journald.log(tag, message);
  await eventually('the journal has all records', () =>
    print('cat', 'UTC').toString('latin1').includes('removed') ? true : undefined,
  );
});
after(() => journald?.[Symbol.asyncDispose]());

/** What journalctl prints to somebody in this time zone. */
function print(form: string, zone: string): Buffer {
  const words = [...journald.words, `--output=${form}`, '--no-pager', 'SYSLOG_FACILITY=2'];
  return execFileSync('/usr/bin/journalctl', words, {
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin', TZ: zone },
  });
}

/** `isTimed`: the form tells when a record was written, in a way that does not depend on a zone. */
const forms = [
  ['short', 'UTC', true],
  ['short-precise', 'UTC', true],
  ['short-iso', 'Asia/Kolkata', true],
  ['short-iso-precise', 'America/New_York', true],
  ['short-full', 'Europe/Berlin', true],
  ['short-unix', 'UTC', true],
  ['short-monotonic', 'UTC', false],
  ['with-unit', 'UTC', true],
  ['verbose', 'UTC', true],
  ['export', 'UTC', true],
  ['json', 'UTC', true],
  ['json-pretty', 'UTC', true],
  ['json-sse', 'UTC', true],
  ['json-seq', 'UTC', true],
] as const;
for (const [form, zone, isTimed] of forms) {
  test(`journalctl --output=${form}`, () => {
    const writtenAt = Date.now() as Millis;
    const reader = openLogLines({ defaultDomain: '', writtenAt, zone: () => 0 });
    const lines = openLineCutter(() => undefined).take(print(form, zone));
    const events = [...lines.flatMap((line) => reader.take(line)), ...reader.end()];
    const logins = events.flatMap((event) => (event.kind === 'login' ? [event.account] : []));
    // Forms for people leave out a text that is not UTF-8, and the reader counts it.
    const isForPeople = /^(?:short|with|verbose)/.test(form);
    assert.equal(reader.counts().strange, isForPeople ? 1 : 0);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      isForPeople ? kinds.toSpliced(1, 1) : kinds,
      `${JSON.stringify(reader.counts())} ${print(form, zone).toString('latin1').slice(0, 2_000)}`,
    );
    assert.equal(logins[0], 'zoë');
    for (const { at } of events) {
      if (isTimed) assert.ok(at >= began - 1_000 && at <= writtenAt + 1_000, `${at} ${began}`);
    }
  });
}
