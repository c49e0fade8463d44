/** `postern replay --webmail-log`: whose mail it is, and what is said if the log does not fit. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';

const launcher = resolve(import.meta.dirname, '../postern');
const minute = 60_000;
const day = 86_400_000;
const start = Date.UTC(2026, 2, 2, 9);
const host = '198.51.100.20';
const dir = mkdtempSync(join(tmpdir(), 'prw-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};
/** The mailbox is opened by the webmail, and then a message is handed in. */
function mail(at: number, nth: number): string {
  const stamp = (later: number): string => new Date(at + later).toISOString();
  const id = `4jYG8k${String(nth).padStart(8, '0')}`;
  return [
    `${stamp(0)} mail dovecot: imap-login: Login: user=<joe@example.test>, method=PLAIN, ` +
      `rip=${host}, lip=192.0.2.1, mpid=7, session=<a>`,
    `${stamp(minute)} mail postfix/smtpd[1]: ${id}: client=x[${host}], sasl_method=PLAIN, ` +
      'sasl_username=joe@example.test',
    `${stamp(minute)} mail postfix/qmgr[1]: ${id}: from=<joe@example.test>, size=9, nrcpt=1 ` +
      '(queue active)',
    `${stamp(minute)} mail postfix/smtp[1]: ${id}: to=<a@world.test>, relay=mx[192.0.2.2]:25, ` +
      'delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n',
  ].join('\n');
}
const web = (at: number, login = 'joe@example.test'): string =>
  `[${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} +0000]: <0a1b> Successful ` +
  `login for ${login} (ID: 5) from 192.0.2.7 in session 0a1b2c3d\n`;
const days = Array.from({ length: 5 }, (_, nth) => start + nth * day);
const log = file('mail.log', days.map(mail).join(''));
const logins = file('userlogins.log', days.map((at) => web(at)).join(''));
const config = file('postern.toml', '');

type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };
function replay(...words: readonly string[]): Ran {
  const all = ['replay', '--config', config, ...words];
  return spawnSync(launcher, all, { encoding: 'utf8', input: '' });
}
function webmail(of: string, from: string = host): Ran {
  const logs = ['--format', 'postfix', '--summary', '--webmail-log', of];
  return replay(...logs, '--webmail-host', from, log);
}

test('with the log of a webmail, its mail comes from whoever logged in there', () => {
  const { stdout } = webmail(logins);
  assert.match(stdout, /userlogins\.log: 5 lines read, 5 logins of a webmail found\n/);
  assert.match(stdout, /the person is known in 5 of 5 messages\n/);
});

test('a host from which no mail came is said', () => {
  assert.match(webmail(logins, '192.0.2.21').stdout, /note: no message came from 192\.0\.2\.21\./);
});

test('where no login fits, the likely causes are said', () => {
  const late = file('late.log', days.map((at) => web(at + 600 * minute)).join(''));
  const bare = file('bare.log', days.map((at) => web(at, 'joe')).join(''));
  for (const none of [late, bare]) {
    const { status, stdout } = webmail(none);
    assert.equal(status, 0);
    assert.match(stdout, /known in 0 of 5 messages\. .*clock and zone.*--default-domain/);
  }
});

test('a log without a login of a webmail ends the run, and says what is expected', () => {
  for (const [name, text, says] of [
    [
      'foreign.log',
      mail(start, 1),
      /foreign\.log: 4 lines read, 0 logins .*, 4 have no known form/,
    ],
    ['long.log', `${'x'.repeat(20_000)}\n`, /1 lines read, 0 logins .*, 1 have no known form/],
    ['empty.log', '', /empty\.log: 0 lines read, 0 logins of a webmail found\. Expected/],
  ] as const) {
    const { status, stderr } = webmail(file(name, text));
    assert.equal(status, 65, name);
    assert.match(stderr, says);
    assert.match(stderr, /Expected: userlogins\.log of Roundcube/);
  }
});

test('options that do not go together, or name no host, are a wrong use', () => {
  const [of, from] = [['--webmail-log', logins] as const, ['--webmail-host', host] as const];
  const postfix = ['--format', 'postfix', log] as const;
  for (const [words, says] of [
    [[...of, ...postfix], /--webmail-log needs --webmail-host/],
    [[...of, ...from, log], /--webmail-log is of no use: it needs --format postfix/],
    [[...from, ...postfix], /--webmail-host is of no use: it needs --webmail-log/],
    [['--inbound', ...of, '-'], /--webmail-log is of no use: --inbound reads no mail log/],
    [['--inbound', ...from, '-'], /--webmail-host is of no use: --inbound reads no mail log/],
  ] as const) {
    const { status, stderr } = replay(...words);
    assert.deepEqual([status, says.test(stderr)], [64, true], stderr);
  }
  assert.match(webmail(logins, 'webmail.example.org').stderr, /example\.org: not an IP address/);
  const network = webmail(logins, '192.0.2.0/24');
  assert.deepEqual([network.status, /a network, not one host/.test(network.stderr)], [64, true]);
});
