/** Lines of webmails about logins, and what a visitor may put into them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webmailFact, webmailLine } from './webmail-line.ts';

const at = Date.parse('2026-11-29T18:42:43Z');

/** Time (NaN without a zone), outcome, account and address; undefined if the line says nothing. */
function read(line: string): unknown {
  const cut = webmailLine(line);
  const fact = cut === undefined ? undefined : webmailFact(cut.text, 'here.example');
  if (cut === undefined || fact?.kind !== 'login') return undefined;
  assert.equal(fact.protocol, 'webmail');
  assert.equal(fact.times, 1);
  return [cut.stamp.at, fact.ok ? 'ok' : 'failed', fact.account, fact.client];
}

const joe = 'joe@here.example';
const cube = '[29-Nov-2026 18:42:43 +0000]: <0a1b2c3d> ';
const sogo = 'Nov 29 18:42:43 sogod [1234]: SOGoRootPage ';
const snappy = '[2026-11-29 18:42:43] Auth failed: ';
const zoned = 'Nov 29 18:42:43 mail roundcube[77]: <0a1b> ';

const told: readonly (readonly [why: string, line: string, want: readonly unknown[]])[] = [
  [
    'Roundcube, a good login',
    `${cube}Successful login for joe@here.example (ID: 5) from 203.0.113.7 in session 0a1b,-2c`,
    [at, 'ok', joe, '203.0.113.7'],
  ],
  [
    'Roundcube, another zone, no session in front',
    '[29-Nov-2026 20:42:43 +0200]: Successful login for Joe (ID: 5) from 2001:DB8::7 in session x',
    [at, 'ok', joe, '2001:db8::7'],
  ],
  [
    'Roundcube behind a proxy: what the browser sent does not count',
    `${cube}Successful login for joe (ID: 5) from 203.0.113.7 (X-Real-IP: 192.0.2.9,` +
      'X-Forwarded-For: a (ID: 1) from 192.0.2.8 in session x) in session 0a1b',
    [at, 'ok', joe, '203.0.113.7'],
  ],
  [
    'Roundcube, a failed login',
    `${cube}Failed login for joe from 203.0.113.7 in session 0a1b (error: 0)`,
    [at, 'failed', joe, '203.0.113.7'],
  ],
  [
    'Roundcube by syslog',
    `${zoned}Failed login for joe from 203.0.113.7 in session 0a1b (error: 0)`,
    [Number.NaN, 'failed', joe, '203.0.113.7'],
  ],
  [
    'SOGo, a good login',
    `${sogo}successful login from '203.0.113.7' for user 'joe' - expire = -1  grace = -1`,
    [Number.NaN, 'ok', joe, '203.0.113.7'],
  ],
  [
    'SOGo, a failed login',
    `${sogo}Login from '203.0.113.7' for user 'joe' might not have worked - password policy: 65535`,
    [Number.NaN, 'failed', joe, '203.0.113.7'],
  ],
  [
    'SnappyMail',
    `${snappy}ip=203.0.113.7 user=joe host=127.0.0.1 port=143`,
    [Number.NaN, 'failed', joe, '203.0.113.7'],
  ],
];
for (const [why, line, want] of told) {
  test(why, () => {
    assert.deepEqual(read(line), want);
  });
}

const silent: readonly (readonly [why: string, line: string])[] = [
  ['nothing', ''],
  ['brackets alone', '[]'],
  ['no time', 'Successful login for joe (ID: 5) from 203.0.113.7 in session x'],
  ['a month that does not exist', cube.replace('Nov', 'Nox') + told[0]?.[1].slice(cube.length)],
  ['parts of two months', cube.replace('Nov', 'Ecj') + told[0]?.[1].slice(cube.length)],
  [
    'a login that looks like the end of the line',
    `${cube}Failed login for joe from 192.0.2.9 in session x (error: 0) from 203.0.113.7 in ` +
      'session 0a1b (error: 0)',
  ],
  [
    'X-Forwarded-For with an address of its own',
    `${cube}Failed login for joe from 203.0.113.7 (X-Forwarded-For: x from 192.0.2.9 in session ` +
      'y) in session 0a1b (error: 0)',
  ],
  ['no address', `${cube}Successful login for joe (ID: 5) from  in session 0a1b`],
  ['a name', `${cube}Successful login for joe (ID: 5) from abc.de in session 0a1b`],
  ['too large', `${cube}Successful login for joe (ID: 5) from 203.0.113.700 in session 0a1b`],
  ['no login', `${cube}Failed login for   from 203.0.113.7 in session 0a1b (error: 0)`],
  ['a control character', `${told[0]?.[1]}\u001b[2J`],
  ['a line break', `${told[0]?.[1]}\r`],
  ['a very long line', `${told[0]?.[1]} ${'x'.repeat(5_000)}`],
  [
    'SOGo with several addresses, the first of which the browser sent',
    `${sogo}successful login from '192.0.2.9, 203.0.113.7' for user 'joe' - expire = -1`,
  ],
  [
    'SOGo, another page',
    `${sogo.replace('Root', 'User')}successful login from '203.0.113.7' for user 'joe' - x`,
  ],
  ['another program', told[4]?.[1].replace('roundcube', 'cron') ?? ''],
  [
    'a line of Dovecot',
    'Nov 29 18:42:43 mail dovecot: imap-login: Login: user=<joe>, rip=192.0.2.9',
  ],
];
for (const [why, line] of silent) {
  test(`says nothing: ${why}`, () => {
    assert.equal(read(line), undefined);
  });
}

test('a visitor who types a whole line of the log cannot choose another address', () => {
  const typed = `${snappy}ip=203.0.113.7 user=x host=y ip=192.0.2.9 user=boss host=z port=1`;
  assert.deepEqual(read(typed), [Number.NaN, 'failed', 'x@here.example', '203.0.113.7']);
});
