/** `postern support` with secrets, addresses and mail planted wherever it looks. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { launcher, startGuard } from './guard-instance.ts';

const run = promisify(execFile);

/** Words that must be nowhere in the bundle. */
const planted = [
  ...['zqhooktoken', 'zqpathpart', 'zqoperator', 'zqsecond', 'zqcontact', 'zqsigner'],
  ...['zqrelayuser', 'zqrelaypass', 'zqldapword', 'zqvirtual', 'zqbcc', 'zqmysql', 'zqentry'],
  ...['zqargument'],
  ...['zqsubject', 'zqrecipient', 'zqother', 'zqbody', 'zqsender', 'zqscript', 'zqnote'],
  ...['zqbearer', 'zqapikey', 'zqcookie', 'zqlogin', 'zqquoted', 'zqcc', 'zqurluser', 'zqurlpass'],
  ...['203.0.113.201', '198.51.100.202', '2001:db8:77::2', 'victim@', 'anna@', 'victim-own'],
];

const mainCf = `compatibility_level = 3.6
smtp_sasl_password_maps = static:zqrelayuser:zqrelaypass
always_bcc = zqbcc@example.net
local_login_sender_maps = static:zqlogin@example.net
relayhost = [203.0.113.201]:587
mynetworks = 127.0.0.0/8 198.51.100.202/32
virtual_alias_maps = static:zqvirtual@example.org
ldap_bind_password = zqldapword
virtual_mailbox_maps = mysql:/etc/postfix/x.cf
mysql_password = zqmysql
canonical_maps = inline:{ {zqentry=zqsecret word} }
`;

const mail = { event: 'x', subject: 'a zqsubject', recipients: ['zqrecipient@a.example'] };
const log = `${JSON.stringify(mail)}
${JSON.stringify({ event: 'y', body: 'Dear zqbody', sender: 'zqsender@b.example', note: 'zqnote' })}
Subject: zqother text
peer says “zqquoted words” from 2001:db8:77::2
Authorization: Bearer zqbearer
api_key=zqapikey cookie_secret: zqcookie
script:/var/www/zqscript/contact.php sent mail, cc <zqcc@c.example>
GET https://zqurluser:zqurlpass@hooks.example.org/zqpathpart/zqhooktoken
{"event":"guard.ready","mode":"guard","pid":4711}
`;

test('nothing that was planted is in the bundle; what helps is', async () => {
  const config =
    '[notices]\nmail_to = ["zqoperator@example.org", "zqsecond@example.org"]\n' +
    'webhook = "http://127.0.0.1:9/zqpathpart/zqhooktoken"\n' +
    '[accounts]\ndefault_domain = "example.org"\n' +
    '[[checklist.items]]\nid = "own.x"\ntitle = "x"\ncommand = ["/bin/true", "zqargument"]\n';
  await using guard = await startGuard({ config });
  await guard.cli('try', 'hijack', '--rate', '500/s');
  const dir = mkdtempSync(join(tmpdir(), 'support-'));
  try {
    for (const name of ['queue', 'data']) mkdirSync(join(dir, name));
    const own = `queue_directory = ${dir}/queue\ndata_directory = ${dir}/data\n`;
    writeFileSync(join(dir, 'main.cf'), mainCf + own);
    writeFileSync(join(dir, 'master.cf'), 'smtp inet n - n - - smtpd\n');
    writeFileSync(join(dir, 'guard.log'), log);
    const out = join(dir, 'report.txt');
    const about = ['--state', guard.state, '--config', guard.configFile, '--config-dir', dir];
    const words = ['support', ...about, '--log', join(dir, 'guard.log'), '--out', out];
    const dry = await run(launcher, [...words, '--dry-run']);
    assert.throws(() => statSync(out), 'nothing is written');
    assert.match(dry.stdout, /What is in it:\n {2}Versions/);

    const { stdout } = await run(launcher, words);
    assert.match(stdout, /Replaced: .*\d+ address/);
    const text = readFileSync(out, 'utf8');
    const left = [...planted, guard.token].filter((word) => (text + stdout).includes(word));
    assert.deepEqual(left, []);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    for (const part of [
      'Postfix   3.',
      'daemon.alive',
      '==== Checklist ====',
      'guard.contact',
      '"guard.ready"',
      'postern_verdicts',
      'smtpd',
    ]) {
      assert.ok(text.includes(part), `${part} is missing in: ${text.slice(0, 2_000)}`);
    }
    await assert.rejects(run(launcher, words), { code: 73 }, 'it is never overwritten');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

const isRoot = process.geteuid?.() === 0;

test('root reads no log by a link or a pipe of another user', {
  skip: isRoot ? false : 'needs root',
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'support-'));
  try {
    chmodSync(dir, 0o755);
    const theirs = join(dir, 'theirs');
    const state = join(dir, 'state');
    const secret = join(dir, 'secret');
    for (const name of [theirs, state]) mkdirSync(name);
    writeFileSync(secret, 'zqroot\n', { mode: 0o600 });
    symlinkSync(secret, join(theirs, 'link.log'));
    await run('/usr/bin/mkfifo', [join(theirs, 'pipe.log')]);
    writeFileSync(join(theirs, 'own.log'), 'zqown\n');
    for (const name of ['pipe.log', 'own.log']) chownSync(join(theirs, name), 65_534, 65_534);
    chownSync(theirs, 65_534, 65_534);
    const logOf = async (name: string): Promise<string> => {
      const out = join(dir, `${name}.txt`);
      const words = ['support', '--state', state, '--log', join(theirs, name), '--out', out];
      await run(launcher, words);
      return readFileSync(out, 'utf8').split('==== Log of the guard ====')[1]?.trim() ?? '';
    };
    assert.match(await logOf('own.log'), /^zqown\n/);
    assert.match(await logOf('pipe.log'), /^left out: .* is no plain file\n/);
    const linked = await logOf('link.log');
    assert.match(linked, /^left out: user 65534 controls /);
    assert.doesNotMatch(linked, /zqroot/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
