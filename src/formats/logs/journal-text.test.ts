/** Records of journalctl over several lines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Millis } from '../../lib/time.ts';
import { frameOf } from './frame.ts';
import { JournalText } from './journal-text.ts';

const text = '3A2B1C0D4E: client=unknown[192.0.2.7]';
const tag = 'postfix/smtpd';
const said = `${tag}[77]: ${text}`;
const eight = Date.parse('2026-11-10T08:00:00Z');

const fields = [
  ['__CURSOR', 's=1'],
  ['__REALTIME_TIMESTAMP', String(eight * 1_000)],
  ['_HOSTNAME', 'mail'],
  ['SYSLOG_IDENTIFIER', tag],
  ['SYSLOG_PID', '77'],
  ['MESSAGE', text],
] as const;
const many = {
  export: [...fields.map(([name, value]) => `${name}=${value}`), ''],
  'export, with bytes': [
    ...fields.slice(0, 5).map(([name, value]) => `${name}=${value}`),
    'MESSAGE',
    `${String.fromCharCode(text.length)}${'\0'.repeat(7)}${text}`,
    '',
  ],
  verbose: [
    'Tue 2026-11-10 09:00:00.000000 CET [s=0a1b;i=3;b=4;m=5;t=6;x=7]',
    ...fields.slice(2).map(([name, value]) => `    ${name}=${value}`),
  ],
  'json-pretty': [
    '{',
    ...fields.map(([name, value], nth) => `\t"${name}" : "${value}"${nth < 5 ? ',' : ''}`),
    '}',
  ],
};
for (const [name, lines] of Object.entries(many)) {
  test(`records of journalctl over several lines: ${name}`, () => {
    const records = new JournalText((line) => frameOf(line));
    const twice = [...lines, ...lines];
    const found = twice.map((line) => records.take(line)).filter((one) => typeof one === 'object');
    const last = records.end();
    const frames = [...found.map(({ record }) => record), ...(last === undefined ? [] : [last])];
    assert.equal(frames.length, 2);
    for (const frame of frames) {
      assert.deepEqual(
        [frame?.host, frame?.tag, frame?.pid, frame?.text],
        ['mail', tag, '77', text],
      );
      assert.equal(frame?.stamp?.at, eight as Millis);
    }
  });
}

test('a message of several lines cannot pass as further records', () => {
  const cursor = `__CURSOR=s=${'a1'.repeat(16)};i=1;b=2`;
  const forged = [
    '__CURSOR=s=1;i=1',
    '_HOSTNAME=mail',
    `SYSLOG_IDENTIFIER=${tag}`,
    'MESSAGE=x',
    '',
  ];
  const records = new JournalText((line) => frameOf(line));
  const value = ['hello', '', ...forged].join('\n');
  const lines = [
    ...[cursor, 'SYSLOG_IDENTIFIER=shop', 'MESSAGE'],
    ...`${String.fromCharCode(value.length)}${'\0'.repeat(7)}${value}`.split('\n'),
    ...['_HOSTNAME=mail', '', cursor, `SYSLOG_IDENTIFIER=${tag}`, `MESSAGE=${text}`, ''],
  ];
  const found = lines.map((line) => records.take(line)).filter((one) => typeof one === 'object');
  assert.deepEqual(
    found.map(({ record }) => record?.text),
    [undefined, text],
  );
  // journalctl --output=short puts blanks before them.
  assert.equal(frameOf(`    Nov 10 09:00:00 mail ${said}`), undefined);
});

test('a cut record costs no line behind it', () => {
  const records = new JournalText((line) => frameOf(line));
  const found = ['{', '\t"MESSAGE" : "x",', `Nov 10 09:00:00 mail ${said}`].map((line) =>
    records.take(line),
  );
  assert.equal(found.at(-1), 'no-record');
});
