/** One line of a mail log in every form that programs, containers and tools give it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs } from '../../lib/time.ts';
import { calendarDay, dayNumber } from './calendar.ts';
import { frameOf } from './frame.ts';
import { HostClock, ZoneDays } from './host-clock.ts';
import { readStamp } from './stamp.ts';

const text = '3A2B1C0D4E: client=unknown[192.0.2.7]';
const tag = 'postfix/smtpd';
const said = `${tag}[77]: ${text}`;
const utc = (stamp: string): number => Date.parse(stamp);
const eight = utc('2026-11-10T08:00:00Z');
/** Two hours ahead in summer, one in winter: changes on 25 October 2026 at 01:00 UTC. */
const berlin = (at: number): number => {
  const isSummer = at >= utc('2026-03-29T01:00:00Z') && at < utc('2026-10-25T01:00:00Z');
  const wasSummer = at >= utc('2025-03-30T01:00:00Z') && at < utc('2025-10-26T01:00:00Z');
  return (isSummer || wasSummer ? 2 : 1) * 3_600_000;
};
const clock = () => new HostClock(new ZoneDays(berlin));
const writtenAt = utc('2026-11-29T12:00:00Z');

const fluentd = JSON.stringify({ host: 'mail', ident: tag, pid: '77', message: text });

/** Each is 08:00 UTC, or 09:00 on a clock of Berlin. */
const forms: readonly (readonly [string, string, host?: string])[] = [
  ['RFC 3164', `Nov 10 09:00:00 mail ${said}`],
  ['RFC 3164 with a year', `Nov 10 2026 09:00:00 mail ${said}`],
  ['journalctl -o short-precise', `Nov 10 09:00:00.000000 mail ${said}`],
  ['RFC 3339', `2026-11-10T09:00:00.000000+01:00 mail ${said}`],
  ['RFC 3339 in UTC', `2026-11-10T08:00:00Z mail ${said}`],
  ['RFC 3339 in lower case', `2026-11-10t08:00:00z mail ${said}`],
  ['RFC 3339 west of Greenwich', `2026-11-10T03:30:00-04:30 mail ${said}`],
  ['a blank for the T', `2026-11-10 09:00:00 mail ${said}`],
  ['a comma before the fraction', `2026-11-10 09:00:00,000 mail ${said}`],
  ['journalctl -o short-iso', `2026-11-10T09:00:00+0100 mail ${said}`],
  ['journalctl -o short-full', `Tue 2026-11-10 09:00:00 CET mail ${said}`],
  ['journalctl -o short-full in UTC', `Tue 2026-11-10 08:00:00 UTC mail ${said}`],
  ['journalctl -o short-unix', `${eight / 1_000}.000000 mail ${said}`],
  ['multilog, s6-log', `@40000000${(eight / 1_000 + 10).toString(16)}075bcd15 mail ${said}`],
  ['svlogd', `2026-11-10_08:00:00.12345Z mail ${said}`],
  ['RFC 5424', `<22>1 2026-11-10T08:00:00Z mail ${tag} 77 - - ${text}`],
  ['RFC 5424 without <PRI>', `1 2026-11-10T08:00:00Z mail ${tag} 77 - - ${text}`],
  ['RFC 5424 without version', `2026-11-10T08:00:00Z mail ${tag} 77 - - ${text}`],
  [
    'RFC 5424 with data and a BOM',
    `<22>1 2026-11-10T08:00:00Z mail ${tag} 77 ID [a@1 b="c \\"] d"][e@2] \ufeff${text}`,
  ],
  ['RFC 3164 with <PRI>', `<22>Nov 10 09:00:00 mail ${said}`],
  ['FreeBSD with words', `Nov 10 09:00:00 <mail.info> mail ${said}`],
  ['FreeBSD with numbers', `Nov 10 09:00:00 <2.6> mail ${said}`],
  ['Solaris', `Nov 10 09:00:00 mail ${tag}[77]: [ID 197553 mail.info] ${text}`],
  ['busybox', `Nov 10 09:00:00 mail mail.info ${said}`],
  ['a BOM', `\ufeffNov 10 09:00:00 mail ${said}`],
  ['a BOM in a file that is not UTF-8', `ï»¿Nov 10 09:00:00 mail ${said}`],
  ['CRLF', `Nov 10 09:00:00 mail ${said}\r`],
  ['no machine', `Nov 10 09:00:00 ${said}`, ''],
  ['docker compose', `mail-1  | Nov 10 09:00:00 mail ${said}`],
  ['docker compose in colours', `\u001b[36mmail-1  |\u001b[0m Nov 10 09:00:00 mail ${said}`],
  ['docker compose, no machine', `mail-1  | Nov 10 09:00:00 ${said}`, 'mail-1'],
  ['docker compose, no time inside', `mail-1  | 2026-11-10T08:00:00.000000000Z ${said}`, 'mail-1'],
  ['docker logs -t', `2026-11-10T08:00:00.000000000Z Nov 10 03:00:00 mail ${said}`],
  ['Kubernetes', `2026-11-10T08:00:00.000000000Z stdout F Nov 10 05:00:00 mail ${said}`],
  ['kubectl --prefix', `[pod/mail-0/postfix] Nov 10 09:00:00 mail ${said}`],
  ['kubectl, no machine inside', `[pod/mail-0/postfix] Nov 10 09:00:00 ${said}`, 'mail-0/postfix'],
  [
    'Docker’s json-file',
    JSON.stringify({ log: `Nov 10 05:00:00 mail ${said}\n`, time: '2026-11-10T08:00:00.1Z' }),
  ],
  ['docker service logs', `mail_smtp.1.k3j2h1@node1    | Nov 10 09:00:00 mail ${said}`],
  ['docker service logs -t', `2026-11-10T08:00:00.1Z m.1.k@n    | Nov 10 03:00:00 mail ${said}`],
  ['stern', `mail-0 postfix Nov 10 09:00:00 mail ${said}`],
  ['kubetail', `[mail-0 postfix] Nov 10 09:00:00 mail ${said}`],
  ['OpenWrt’s logread', `Tue Nov 10 09:00:00 2026 mail.info ${said}`, ''],
  ['ctime', `Tue Nov 10 09:00:00 2026 mail ${said}`],
  ['the year first', `2026 Nov 10 09:00:00 mail ${said}`],
  ['AIX', `Nov 10 09:00:00 mail mail:info ${said}`],
  ['facility in brackets', `Nov 10 09:00:00 mail [mail.info] ${said}`],
  ['tabs', `2026-11-10T08:00:00Z\tmail\t${tag}[77]: ${text}`],
  ['zeros before it', `\0\0\0Nov 10 09:00:00 mail ${said}`],
  ['grep', `/var/log/mail.log.1:Nov 10 09:00:00 mail ${said}`],
  ['grep -n', `123:Nov 10 09:00:00 mail ${said}`],
  ['grep -Hn', `mail.log:123:Nov 10 09:00:00 mail ${said}`],
  ['RFC 6587', `98 <22>1 2026-11-10T08:00:00Z mail ${tag} 77 - - ${text}`],
  ['rsyslog’s RFC 5424', `<22>1 2026-11-10T08:00:00Z mail ${tag} 77 - -  ${text}`],
  ['logcli', `2026-11-10T08:00:00Z {host="a",job="b"} Nov 10 03:00:00 mail ${said}`],
  [
    'rsyslog’s JSON',
    JSON.stringify({
      msg: ` ${text}`,
      timereported: '2026-11-10T08:00:00Z',
      hostname: 'mail',
      syslogtag: `${tag}[77]:`,
    }),
  ],
  ['fluentd', `2026-11-10T08:00:00+00:00\tsyslog.mail.info\t${fluentd}`],
  [
    'Vector',
    JSON.stringify({
      appname: tag,
      hostname: 'mail',
      host: '192.0.2.1',
      message: text,
      procid: 77,
      timestamp: '2026-11-10T08:00:00Z',
    }),
  ],
  [
    'GELF',
    JSON.stringify({
      host: 'mail',
      short_message: text,
      timestamp: eight / 1_000 + 0.25,
      _application_name: tag,
      _process_id: 77,
    }),
  ],
  [
    'milliseconds in JSON',
    JSON.stringify({ timestamp: eight, hostname: 'mail', program: tag, pid: 77, message: text }),
  ],
  [
    'Elastic Common Schema',
    JSON.stringify({
      '@timestamp': '2026-11-10T08:00:00.000Z',
      message: text,
      host: { hostname: 'mail' },
      process: { name: tag, pid: 77 },
      log: { file: { path: '/var/log/mail.log' } },
    }),
  ],
  [
    'a hit of Elasticsearch',
    JSON.stringify({
      _source: { '@timestamp': '2026-11-10T08:00:00Z', message: `Nov 10 03:00:00 mail ${said}` },
    }),
  ],
  [
    'Google Cloud',
    JSON.stringify({
      textPayload: `Nov 10 03:00:00 mail ${said}`,
      timestamp: '2026-11-10T08:00:00Z',
    }),
  ],
  [
    'journalctl -o json',
    JSON.stringify({
      __REALTIME_TIMESTAMP: String(eight * 1_000),
      _HOSTNAME: 'mail',
      SYSLOG_IDENTIFIER: tag,
      SYSLOG_PID: '77',
      MESSAGE: text,
    }),
  ],
  [
    'journalctl -o json-sse, with bytes',
    `data: ${JSON.stringify({
      __REALTIME_TIMESTAMP: String(eight * 1_000),
      _HOSTNAME: 'mail',
      SYSLOG_IDENTIFIER: tag,
      _PID: '77',
      MESSAGE: [...Buffer.from(text)],
    })}`,
  ],
  [
    'a log shipper',
    JSON.stringify({
      '@timestamp': '2026-11-10T08:00:00Z',
      host: 'mail',
      program: tag,
      message: text,
      pid: 77,
    }),
  ],
];
for (const [name, line, host = 'mail'] of forms) {
  test(`the form: ${name}`, () => {
    const frame = frameOf(line);
    assert.ok(frame !== undefined, line);
    assert.deepEqual([frame.host, frame.tag, frame.pid, frame.text], [host, tag, '77', text]);
    assert.ok(frame.stamp !== undefined);
    assert.equal(Math.floor(clock().place(frame.stamp, writtenAt) / 1_000), eight / 1_000);
  });
}

const timeless = [
  ['as Mailu prints it', `mail-1  | ${said}`],
  ['journalctl -o short-monotonic', `[ 1234.567890] mail ${said}`],
] as const;
for (const [name, line] of timeless) {
  test(`no time: ${name}`, () => {
    const frame = frameOf(line);
    assert.deepEqual([frame?.stamp, frame?.tag, frame?.text], [undefined, tag, text]);
  });
}

const own = [
  [
    'Dovecot’s own file',
    'Nov 10 09:00:00 imap-login: Info: Login: x',
    'dovecot',
    'imap-login: Login: x',
  ],
  [
    'Dovecot’s own file, a process',
    'Nov 10 09:00:00 imap(joe)<7><x>: Info: Logged out',
    'dovecot',
    'imap(joe)<7><x>: Logged out',
  ],
  [
    'Exim’s mainlog',
    '2026-11-10 09:00:00 1abcde-000001-AB Completed',
    'exim',
    '1abcde-000001-AB Completed',
  ],
  [
    'Exim with long ids, zone and process',
    '2026-11-10 08:00:00 +0000 [12] 1abcde-0000000001a-0ABC Completed',
    'exim',
    '1abcde-0000000001a-0ABC Completed',
  ],
  [
    'Exim without an id',
    '2026-11-10 09:00:00 plain authenticator failed for (x) [192.0.2.9]: 535 no',
    'exim',
    'plain authenticator failed for (x) [192.0.2.9]: 535 no',
  ],
] as const;
for (const [name, line, program, want] of own) {
  test(`a log that a mail program writes: ${name}`, () => {
    const frame = frameOf(line);
    assert.ok(frame?.stamp !== undefined);
    assert.deepEqual([frame.tag, frame.text], [program, want]);
    assert.equal(clock().place(frame.stamp, writtenAt), eight);
  });
}

const formless = [
  ...['', ' ', 'root:x:0:0:root:/root:/bin/bash', '# comment', 'no time postfix/smtpd[7]: x', '{'],
  ...[
    '{"a":1}',
    '[]',
    'null',
    '<22>',
    '1 ',
    'Nov 10 09:00:00',
    '2026-11-10T08:00:00Z',
    '\u0000\u0000',
  ],
  ...['mail-1  | ', '2026-13-10T08:00:00Z mail x: y', 'Foo 10 09:00:00 mail x: y', 'data: {'],
];
for (const line of formless) {
  test(`no known form: ${JSON.stringify(line)}`, () => assert.equal(frameOf(line), undefined));
}

const noStamps = ['2026-02-30', '2026-00-10', '2026-11-00', '2026-11-10X08:00:00', '2026-02-29'];
for (const day of noStamps) {
  test(`no stamp: ${day}`, () => assert.equal(readStamp(`${day}T08:00:00Z`, 0), undefined));
}

test('a leap second is a time', () => {
  assert.equal(readStamp('2016-12-31T23:59:60Z', 0)?.at, utc('2017-01-01T00:00:00Z'));
});

const years = [
  ['yesterday', 'Nov 28 12:00:00', '2026-11-28T11:00:00Z'],
  ['tomorrow, a clock ahead', 'Nov 30 12:00:00', '2026-11-30T11:00:00Z'],
  ['a year ago', 'Dec 2 12:00:00', '2025-12-02T11:00:00Z'],
  ['half a year ago', 'May 20 12:00:00', '2026-05-20T10:00:00Z'],
  ['a leap day', 'Feb 29 12:00:00', '2024-02-29T11:00:00Z'],
  ['at New Year', 'Dec 31 23:59:58', '2025-12-31T22:59:58Z'],
] as const;
for (const [name, line, want] of years) {
  test(`the year of a stamp without one: ${name}`, () => {
    const stamp = readStamp(line, 0);
    assert.ok(stamp !== undefined);
    assert.equal(clock().place(stamp, writtenAt), utc(want));
  });
}

test('the hour that autumn repeats is placed by the order of the lines', () => {
  const host = clock();
  const lines = [
    '01:59:58',
    '02:00:10',
    '02:40:00',
    '02:39:59',
    '02:59:59',
    '02:00:01',
    '02:30:00',
  ];
  const wanted = [
    '23:59:58',
    '00:00:10',
    '00:40:00',
    '00:39:59',
    '00:59:59',
    '01:00:01',
    '01:30:00',
  ];
  const got = [...lines, '03:00:00'].map((time) => {
    const stamp = readStamp(`Oct 25 ${time}`, 0);
    assert.ok(stamp !== undefined);
    host.last = host.place(stamp, writtenAt);
    return new Date(host.last).toISOString().slice(11, 19);
  });
  assert.deepEqual(got, [...wanted, '02:00:00']);
});

test('what a command of Exim was called with is a line of Exim', () => {
  const called = 'cwd=/home/x 4 args: /usr/sbin/sendmail -t -i';
  const frame = frameOf(`2026-11-10 09:00:00 ${called}`);
  assert.deepEqual([frame?.tag, frame?.text], ['exim', called]);
});

test('an hour that spring leaves out is read as if the clock was not set', () => {
  const stamp = readStamp('Mar 29 02:30:00', 0);
  assert.ok(stamp !== undefined);
  const at = clock().place(stamp, writtenAt);
  assert.ok([utc('2026-03-29T00:30:00Z'), utc('2026-03-29T01:30:00Z')].includes(at));
});

test('the calendar is that of the ECMAScript Date', () => {
  for (let day = -800_000; day < 800_000; day += 997) {
    const date = new Date(day * dayMs);
    const fields = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()] as const;
    assert.equal(dayNumber(...fields), day);
    assert.deepEqual(Object.values(calendarDay(day)), fields);
  }
});
