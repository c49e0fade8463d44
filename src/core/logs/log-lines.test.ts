/** Old logs: clocks of several machines, wrong stamps, files in any order, hostile lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dayMs, type Millis } from '../../lib/time.ts';
import { openLogLines } from './log-lines.ts';

const writtenAt = Date.parse('2026-11-29T12:00:00Z') as Millis;
const greenwich = () => 0;
const open = () => openLogLines({ defaultDomain: 'example.test', writtenAt, zone: greenwich });
const removed = 'postfix/qmgr[7]: A0B1C2D3E4: removed';

/** Times of the facts in the lines, as they come. */
function times(...lines: readonly string[]): readonly string[] {
  const reader = open();
  const events = [...lines.flatMap((line) => reader.take(line)), ...reader.end()];
  return events.map(({ at, host }) => `${host} ${new Date(at).toISOString().slice(0, 19)}`);
}

test('a stamp from 2036 in a line that says nothing of mail changes no time', () => {
  const lines = [
    '2036-01-01T00:00:00Z mail mon[9]: disk status=ok',
    `2026-11-10T08:00:00Z mail ${removed}`,
  ];
  assert.deepEqual(times(...lines), ['mail 2026-11-10T08:00:00']);
});

test('a line with a stamp from 2036 gets the time of the line before it', () => {
  const at = (stamp: string) => `${stamp} mail ${removed}`;
  const wrong = at('2036-01-01T00:00:00Z');
  const [one, two, three] = [
    '2026-11-10T08:00:00Z',
    '2026-11-10T08:00:05Z',
    '2026-11-10T08:00:09Z',
  ];
  const want = ['mail 2026-11-10T08:00:00', 'mail 2026-11-10T08:00:05'];
  assert.deepEqual(times(at(one), at(two), wrong, at(three)), [
    ...want,
    'mail 2026-11-10T08:00:05',
    'mail 2026-11-10T08:00:09',
  ]);
  const first = times(wrong, at(one), at(two));
  assert.deepEqual(first, ['mail 2026-11-10T08:00:00', ...want]);
  assert.deepEqual(times(at(one), at(two), wrong), [...want, 'mail 2026-11-10T08:00:05']);
});

test('a clock that stood at 1970 and then was set', () => {
  const early = ['1970-01-01T00:00:10Z', '1970-01-01T00:00:20Z'];
  const late = ['2026-11-10T08:00:00Z', '2026-11-10T08:00:01Z'];
  assert.deepEqual(
    times(...[...early, ...late].map((stamp) => `${stamp} mail ${removed}`)),
    [
      '1970-01-01T00:00:10',
      '1970-01-01T00:00:20',
      '2026-11-10T08:00:00',
      '2026-11-10T08:00:01',
    ].map((at) => `mail ${at}`),
  );
});

test('each machine has its own clock', () => {
  const lines = [];
  for (let nth = 0; nth < 3; nth++) {
    lines.push(
      `2026-11-10T08:00:0${nth}Z mx1 ${removed}`,
      `2026-11-10T07:00:0${nth}Z mx2 ${removed}`,
    );
  }
  assert.deepEqual(times(...lines).toSorted(), [
    ...['mx1 2026-11-10T08:00:00', 'mx1 2026-11-10T08:00:01', 'mx1 2026-11-10T08:00:02'],
    ...['mx2 2026-11-10T07:00:00', 'mx2 2026-11-10T07:00:01', 'mx2 2026-11-10T07:00:02'],
  ]);
});

test('a log of half a year and more without years stays in order', () => {
  const months = [
    'Dec',
    'Jan',
    'Feb',
    'Mar',
    'Apr',
    'May',
    'Jun',
    'Jul',
    'Aug',
    'Sep',
    'Oct',
    'Nov',
  ];
  const found = times(...months.map((month) => `${month}  5 08:00:00 mail ${removed}`));
  assert.deepEqual(found, found.toSorted());
  assert.equal(found[0], 'mail 2025-12-05T08:00:00');
  assert.equal(found.at(-1), 'mail 2026-11-05T08:00:00');
});

test('the next log begins anew: files may come in any order', () => {
  const reader = open();
  const at = (stamp: string) => reader.take(`${stamp} mail ${removed}`);
  const found = [
    ...at('2026-11-10T08:00:00Z'),
    ...at('2026-11-10T08:00:01Z'),
    ...reader.end(writtenAt),
    ...at('2026-01-10T08:00:00Z'),
    ...reader.end((writtenAt - dayMs) as Millis),
  ];
  assert.deepEqual(
    found.map((event) => new Date(event.at).toISOString().slice(0, 10)),
    ['2026-11-10', '2026-11-10', '2026-01-10'],
  );
});

test('lines without a time get that of the line before, or of the log', () => {
  const found = times(`mail-1 | ${removed}`, `mail-1 | ${removed}`);
  assert.deepEqual(found, ['mail-1 2026-11-29T12:00:00', 'mail-1 2026-11-29T12:00:00']);
});

test('all lines of a log are counted, also those of records over several lines', () => {
  const reader = open();
  const record = [
    '__CURSOR=s=1',
    '__REALTIME_TIMESTAMP=1794294000000000',
    '_HOSTNAME=mail',
    'SYSLOG_IDENTIFIER=postfix/qmgr',
    'MESSAGE=A0B1C2D3E4: removed',
    '',
  ];
  for (const line of [...record, ...record.slice(0, -1)]) reader.take(line);
  assert.equal(reader.end().length, 2);
  const { lines, told, known } = reader.counts();
  assert.deepEqual([lines, told, known], [11, 2, 9]);
});

const pieces = fc.constantFrom(
  ...['Nov 10 08:00:00 ', '2026-11-10T08:00:00Z ', '2026-11-10 08:00:00 ', '<22>', '1 ', 'mail '],
  ...['stdout F ', 'mail-1 | ', '{"log":"', '{"MESSAGE":"', '"}', '{', '}', '__CURSOR=', '=', '\n'],
  ...['postfix/smtp[1]: ', 'postfix/smtpd[1]: ', 'dovecot: ', 'exim[1]: ', 'smtpd[1]: ', 'auth: '],
  ...[
    'ABCDEF12: ',
    'to=<',
    '>, ',
    'relay=',
    'dsn=5.1.1, ',
    'status=bounced (',
    'from=<',
    'reject: ',
  ],
  ...['1abcde-000001-AB ', '<= ', '=> ', '** ', '== ', 'H=x [192.0.2.1] ', 'A=plain:joe ', 'C="'],
  ...['5b53a61f67595049 smtp ', 'mta delivery evpid=4f5f009dc000b15a ', 'result="Ok" stat="', '"'],
  ...['client=unknown[', '192.0.2.1', ']', ', sasl_username=', 'warning: ', 'imap-login: ', '\\'],
  ...[
    '(auth failed, 9 attempts ',
    'user=<',
    'rip=192.0.2.1, ',
    'Password mismatch',
    '\u0000',
    '€',
    '[',
  ],
);

test('no line makes the reader throw; every line is counted; every event has a time', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc
      .array(fc.oneof(pieces, fc.string({ maxLength: 20 })), { maxLength: 40 })
      .map((all) => all.join('')),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const reader = open();
      const events = [...lines.flatMap((one) => reader.take(one)), ...reader.end()];
      assert.equal(reader.counts().lines, lines.length);
      for (const event of events) {
        assert.ok(Number.isSafeInteger(event.at));
        if (event.kind === 'login') assert.ok(event.times >= 1 && event.times <= 1_000);
      }
      assert.ok(reader.strangest(1_000).length <= 400);
    }),
    { numRuns: 3_000 },
  );
});

const head = 'Nov 10 08:00:00 mail';
const delivering = `${head} smtpd[1]: 5b53a61f67595049 mta delivery`;
/** Lines that grow: reading one of double the length must not take four times as long. */
const growing: readonly (readonly [string, (count: number) => string])[] = [
  ['blanks', (count) => `${head} postfix/smtp[1]: ${' '.repeat(count * 8)}`],
  ['one long word', (count) => 'x'.repeat(count * 8)],
  ['zeros', (count) => '\u0000'.repeat(count * 8)],
  ['stamps', (count) => '2026-11-10T08:00:00Z '.repeat(count)],
  ['prefixes', (count) => 'mail-1 | '.repeat(count)],
  ['byte order marks', (count) => '\ufeff'.repeat(count)],
  ['colours', (count) => '\u001b[36m'.repeat(count)],
  [
    'structured data',
    (count) => `<22>1 2026-11-10T08:00:00Z mail a 1 - ${'[a b="\\"]'.repeat(count)}`,
  ],
  ['JSON', (count) => `${'{"log":"'.repeat(count)}`],
  [
    'Postfix’s recipient',
    (count) => `${head} postfix/smtp[1]: ABCDEF12: to=<${'>, relay='.repeat(count)}`,
  ],
  [
    'Postfix’s fields',
    (count) =>
      `${head} postfix/smtp[1]: ABCDEF12: to=<a>, relay=x${', a=b'.repeat(count)}, status=`,
  ],
  [
    'Postfix’s envelope',
    (count) => `${head} postfix/qmgr[1]: ABCDEF12: from=<${'>, size=1'.repeat(count)}`,
  ],
  [
    'Postfix’s counts',
    (count) =>
      `${head} postfix/smtpd[1]: disconnect from x[192.0.2.1] ${'a=1/1 '.repeat(count)}auth=x`,
  ],
  [
    'a rejected recipient',
    (count) =>
      `${head} postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[::1]: ${'; from=<'.repeat(count)}`,
  ],
  [
    'Dovecot’s login',
    (count) => `${head} dovecot: imap-login: Login: user=<${'>, rip='.repeat(count)}`,
  ],
  [
    'Dovecot’s password check',
    (count) => `${head} dovecot: auth: x(${'(,'.repeat(count)}assword mismatch`,
  ],
  [
    'Dovecot’s proxy',
    (count) =>
      `${head} dovecot: imap-login: proxy(${'): started proxying to a'.repeat(count)}: user=<a>`,
  ],
  [
    'Exim’s arrival',
    (count) =>
      `2026-11-10 08:00:00 1abcde-000001-AB <= a H=x [192.0.2.1] ${'A= for '.repeat(count)}`,
  ],
  [
    'Exim’s delivery',
    (count) => `2026-11-10 08:00:00 1abcde-000001-AB => a${' H=x [192.0.2.1] C="\\'.repeat(count)}`,
  ],
  [
    'Exim’s refusal',
    (count) => `2026-11-10 08:00:00 H=x [192.0.2.1]${' temporarily rejected '.repeat(count)}`,
  ],
  [
    'OpenSMTPD’s delivery',
    (count) => `${delivering} evpid=4f5f009dc000b15a from=<${'> to=<'.repeat(count)}`,
  ],
  ['a strange line', (count) => `${head} postfix/smtp[1]: ABCDEF12: ${'a1@b<"'.repeat(count)}`],
];
for (const [name, make] of growing) {
  test(`a long line takes time in proportion: ${name}`, () => {
    const reader = open();
    /** Microseconds of processor time for one line; its clock is coarse, so many are read. */
    const cost = (count: number): number => {
      const line = make(count);
      const began = process.threadCpuUsage().user;
      for (let lines = 1; ; lines++) {
        reader.take(line);
        const spent = process.threadCpuUsage().user - began;
        if (spent >= 30_000) return spent / lines;
      }
    };
    cost(500);
    // 16 times the length: in proportion 16 times as long, in a quadratic reader 256 times.
    const [short, long] = [cost(1_000), cost(16_000)];
    assert.ok(long < short * 80, `${long} µs against ${short} µs`);
  });
}

test('a line of a megabyte, and a log of bytes that are no text', () => {
  const reader = open();
  reader.take(`${head} postfix/smtp[1]: ${'x'.repeat(1_000_000)}`);
  for (let nth = 0; nth < 256; nth++) reader.take(String.fromCharCode(nth).repeat(300));
  assert.equal(reader.counts().lines, 257);
});
