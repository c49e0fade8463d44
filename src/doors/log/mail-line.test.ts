/** Lines of real mail logs, and malformed ones, and their events. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import { countedAt, type LineContext, openMailLines, type RecordLine } from './mail-line.ts';

const golden = join(import.meta.dirname, '../../../test/golden/log');
const now = Date.parse('2025-11-23T20:00:00Z') as Millis;
const reader = { defaultDomain: 'example.test', now };
const fileEvents = (line: string, context: LineContext) =>
  openMailLines().fileEvents(line, context);
const journalEvents = (record: Omit<RecordLine, 'pid'>, context: LineContext) =>
  openMailLines().journalEvents({ ...record, pid: '' }, context);

for (const name of ['postfix', 'dovecot']) {
  test(`${name}: events of its log`, (t) => {
    const lines = readFileSync(join(golden, `${name}.in`), 'utf8')
      .trimEnd()
      .split('\n');
    const { fileEvents } = openMailLines();
    const out = lines.map((line) => {
      if (line.startsWith('#')) return line;
      const facts = fileEvents(line, reader).map(({ at: _, host, ...fact }) =>
        JSON.stringify(fact),
      );
      // Times without a zone are in this machine's zone, so they are left out.
      return facts.length === 0 ? '-' : facts.join('\n');
    });
    t.assert.fileSnapshot(`${out.join('\n')}\n`, join(golden, `${name}.ref`), {
      serializers: [String],
    });
  });
}

const counted = [
  ['just now: the log’s time', now - 2_000, now - 2_000],
  ['some hours ago, read late: the log’s time', now - 5 * hourMs, now - 5 * hourMs],
  ['an hour ahead, a wrong zone: the clock’s', now + hourMs, now],
  ['a moment ahead', now + minuteMs / 2, now + minuteMs / 2],
  ['no time at all: the clock’s', Number.NaN, now],
  ['two days ago', now - 2 * dayMs, now - 2 * dayMs],
  ['two months ago: too late to matter', now - 62 * dayMs, undefined],
] as const;
for (const [name, logged, want] of counted) {
  test(`an event logged ${name}`, () => assert.equal(countedAt(logged, now), want));
}

test('a record of the journal is the same event as the line of a file', () => {
  const message =
    'warning: unknown[192.0.2.9]: SASL LOGIN authentication failed: x, sasl_username=joe';
  const file = fileEvents(`2025-11-23T19:59:59Z mail postfix/smtpd[7]: ${message}`, reader);
  const logged = Date.parse('2025-11-23T19:59:59Z');
  assert.equal(file.length, 1);
  const journal = journalEvents({ tag: 'postfix/smtpd', message, logged }, reader);
  assert.deepEqual(
    journal,
    file.map(({ host, ...event }) => event),
  );
  const imap = 'imap-login: Login: user=<joe>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.1';
  assert.equal(journalEvents({ tag: 'dovecot', message: imap, logged }, reader)[0]?.kind, 'login');
});

const pieces = fc.constantFrom(
  ...[
    'Nov 23 19:24:22 mail ',
    'postfix/smtp[1]: ',
    'postfix/smtpd[1]: ',
    'dovecot: ',
    'ABCDEF12: ',
  ],
  ...[
    'to=<',
    '>, ',
    'orig_to=<',
    'relay=',
    'dsn=5.1.1, ',
    'status=bounced (',
    '"',
    '\\',
    ')',
    ', ',
  ],
  ...['client=unknown[', '192.0.2.1', ']', ', sasl_username=', 'warning: ', 'SASL LOGIN '],
  ...['authentication failed: ', 'imap-login: ', 'Disconnected: ', '(auth failed, 9 attempts '],
  ...[
    'user=<',
    'rip=192.0.2.1, ',
    'Password mismatch',
    'message repeated 3 times: [ ',
    '\u0000',
    '€',
  ],
);

test('no line makes a reader throw, and every event is within limits', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc
      .array(fc.oneof(pieces, fc.string({ maxLength: 20 })), { maxLength: 60 })
      .map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, (line) => {
      const events = [
        ...fileEvents(line, reader),
        ...['smtpd', 'smtp', 'pickup', 'cleanup'].flatMap((program) =>
          journalEvents({ tag: `postfix/${program}`, message: line, logged: now }, reader),
        ),
        ...journalEvents({ tag: 'dovecot', message: line, logged: now }, reader),
      ];
      for (const event of events) {
        assert.ok(event.at <= now + minuteMs && event.at >= now - 31 * dayMs);
        if (event.kind === 'login') assert.ok(event.times >= 1 && event.times <= 1_000);
        if ('account' in event) assert.ok((event.account ?? '').length <= 256);
        if ('login' in event) assert.ok((event.login ?? '').length <= 256);
        if (event.kind === 'named') assert.ok(event.messageId.length <= 500);
      }
    }),
    { numRuns: 2_000 },
  );
});

const address = fc
  .array(fc.constantFrom('a', 'B', '1', '>', ',', ' ', '"', '\\', 'status=sent (', 'relay=x'), {
    minLength: 1,
    maxLength: 12,
  })
  .map((all) => `"${all.join('').replace(/["\\]/g, '\\$&')}"@world.test`);

test('whatever the recipient is called, the outcome is what Postfix says', () => {
  fc.assert(
    fc.property(address, (recipient) => {
      const message =
        `4jYG8k1YQFzJB27: to=<${recipient}>, relay=mx[192.0.2.2]:25, delay=1, ` +
        'delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx said: 550 5.1.1 no)';
      const [event] = journalEvents({ tag: 'postfix/smtp', message, logged: now }, reader);
      assert.ok(event?.kind === 'delivery' && event.outcome === 'bounced');
      assert.equal(event.reply, 'host mx said: 550 5.1.1 no');
    }),
  );
});

test('the longest line is read quickly', () => {
  const stamp = 'Nov 23 19:24:22';
  const users = 'user=<'.repeat(2_000);
  const login = ', sasl_username=';
  const hostile = [
    `${stamp} mail dovecot: imap-login: Disconnected (auth failed, 1 attempts in 1 secs): ${users}`,
    `${stamp} mail dovecot: imap-login: Login: user=<${'>, '.repeat(5_000)}`,
    `${stamp} mail postfix/smtp[1]: ABCDEF12: to=<${'>, relay='.repeat(2_000)} status=`,
    `${stamp} mail postfix/smtpd[1]: ABCDEF12: client=x[1.2.3.4]${login.repeat(1_000)}`,
    `${stamp} mail dovecot: auth: x(${'('.repeat(8_000)}assword mismatch`,
    `${stamp} mail postfix/smtp[1]: ABCDEF12: to=<a>, relay=x${', a=b'.repeat(3_000)}, status=`,
  ];
  const began = process.threadCpuUsage().user;
  for (const line of hostile) fileEvents(line, reader);
  assert.ok(process.threadCpuUsage().user - began < 500_000, 'far more than it takes');
});
