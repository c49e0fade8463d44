/**
 * A webmail on this machine, with a real Postfix and Dovecot: the person's address is known by
 * XCLIENT, by a field and by the webmail's log; and www-data, who claims to be the boss, is not
 * believed.
 */
import assert from 'node:assert/strict';
import { appendFile, chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  connectPostfix,
  type GuardedServer,
  password,
  startGuardedServer,
} from './guarded-server.ts';
import { eventually, freePort } from './leash.ts';
import { reloaded } from './postfix-reload.ts';
import { authPlain, handIn, type StandIn, standIn } from './webmail-stand-in.ts';

/** Two users that Debian always has: one is the webmail's here. */
const [webmailUser, webmailUid] = ['news', 9] as const;
const wwwData = 33;
const joe = 'joe@mail.test';
const boss = 'boss@mail.test';
const person = '203.0.113.7';

let server: GuardedServer;
let folder: string;
let port: number;
let key: string;
let log: string;
let masterBefore: string;
let serial = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pwm-'));
  await chmod(folder, 0o755);
  key = join(folder, 'key.pem');
  log = join(folder, 'userlogins.log');
  port = await freePort();
  await appendFile(log, '');
  const friends = ['ann@world.test', 'bob@world.test', 'eve@world.test'];
  server = await startGuardedServer({
    people: [joe, boss].map((account) => ({ account, friends })),
    config: `
[webmail]
hosts = ["127.0.0.1"]
users = ["${webmailUser}"]
field = "X-Originating-IP"
logs = ["${log}"]
`,
  });
  masterBefore = await master();
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const master = (): Promise<string> =>
  readFile(join(server.postfix.configDirectory, 'master.cf'), 'latin1');

function connectWebmail(...words: readonly string[]): Promise<string> {
  const { configDirectory } = server.postfix;
  const where = ['--config-dir', configDirectory, '--port', String(port), '--key', key, '--yes'];
  return server.guard.cli('connect', 'webmail', ...where, ...words);
}

function headers(...more: readonly string[]): readonly string[] {
  serial++;
  return [...more, 'From: joe@mail.test', 'Subject: lunch', `Message-ID: <${serial}@mail.test>`];
}

/** What the guard says of the message with this reply: its account, and from where it came. */
async function judged(
  reply: string,
): Promise<{ readonly account: string; readonly client: string }> {
  const id = /queued as (\S+)/.exec(reply)?.[1];
  assert.ok(id !== undefined, `not taken: ${reply}`);
  return eventually(`the row of ${id}`, async () => {
    const said = JSON.parse(await server.guard.cli('explain', id, '--json'));
    const row = said.message ?? said.story;
    return row === undefined ? undefined : { account: row.account, client: row.client };
  });
}

async function asWebmail(
  to: { readonly port: number; readonly uid?: number; readonly user?: string },
  mail: readonly string[],
): Promise<string> {
  const { user = joe } = to;
  await using program = await standIn({ uid: to.uid ?? webmailUid, port: to.port });
  await program.say('EHLO web');
  assert.match(await program.say(authPlain(user, password)), /^235/);
  return await handIn(program, { from: user, to: 'ann@world.test', headers: mail });
}

test('connect webmail: shows, makes, proves', async () => {
  const shown = await connectWebmail('--user', webmailUser, '--dry-run');
  assert.match(shown, /smtpd_authorized_xclient_hosts=127\.0\.0\.1/);
  assert.equal(await master(), masterBefore);
  const said = await connectWebmail('--user', webmailUser);
  assert.match(said, /^ok {2}only the key opens the service/m);
  assert.match(said, /smtp_xclient_addr/);
  const { mode, uid } = await stat(key);
  assert.deepEqual([mode & 0o777, uid], [0o400, webmailUid]);
  assert.match(await connectWebmail('--user', webmailUser), /has the service already/);
});

test('by XCLIENT: the guard sees the person, and the service', async () => {
  await using web: StandIn = await standIn({ uid: webmailUid, port, key });
  assert.match(web.greeting, /^220/);
  assert.match(await web.say('EHLO web'), /XCLIENT/);
  assert.match(await web.say(`XCLIENT ADDR=${person}`), /^220/);
  await web.say('EHLO web');
  const mail = { from: joe, to: 'ann@world.test', headers: headers() };
  assert.match(await handIn(web, mail), /^5/, 'a password is needed');
  await web.say('RSET');
  assert.match(await web.say(authPlain(joe, password)), /^235/);
  const reply = await handIn(web, mail);
  assert.deepEqual(await judged(reply), {
    account: joe,
    client: `${person} (webmail postern_webmail)`,
  });
});

test('a webmail that does not know the address can still send', async () => {
  await using web: StandIn = await standIn({ uid: webmailUid, port, key });
  await web.say('EHLO web');
  assert.match(await web.say('XCLIENT ADDR=[UNAVAILABLE]'), /^220/);
  await web.say('EHLO web');
  assert.match(await web.say(authPlain(joe, password)), /^235/);
  const reply = await handIn(web, { from: joe, to: 'ann@world.test', headers: headers() });
  assert.equal((await judged(reply)).account, joe);
});

test('connect postfix again keeps the service, and doctor finds it guarded', async () => {
  await connectPostfix(server);
  const main = await master();
  assert.match(main, /milter_macro_daemon_name=postern_webmail/);
  assert.match(main, /\$postern_policy,permit_sasl_authenticated,reject/);
  const found = (await doctor()).filter(({ id }) => id.includes(String(port)));
  assert.ok(found.length > 0);
  for (const { kind, id } of found) assert.equal(kind, 'ok', id);
  assert.equal((await xclient()).kind, 'ok');
});

test('the webmail cannot claim a login, however it writes the command', async () => {
  for (const line of [
    `XCLIENT LOGIN=${boss}`,
    `xclient ADDR=${person} LOGIN=${boss}`,
    `XCLIENT LOGIN=${boss} ADDR=${person}`,
    ` \tXCLIENT LOGIN=${boss}`,
    `"XCLIENT" LOGIN=${boss}`,
    `XCLIENT  LOGIN=${boss}`,
    'XCLIENT NAME=mail.test',
    `XCLIENT ADDR=[UNAVAILABLE] LOGIN=${boss}`,
  ]) {
    await using web: StandIn = await standIn({ uid: webmailUid, port, key });
    await web.say('EHLO web');
    assert.match(await web.say(line), /^5/, line);
    const mail = { from: boss, to: 'ann@world.test', headers: headers() };
    assert.match(await handIn(web, mail), /^5/, line);
  }
});

test('www-data says XCLIENT LOGIN=boss: no service takes it', async () => {
  // It cannot read the key.
  await using robbed: StandIn = await standIn({ uid: wwwData, port, key });
  assert.equal(robbed.greeting, '');
  const authority = join(server.postfix.configDirectory, 'postern-webmail-ca.pem');
  await chmod(server.postfix.configDirectory, 0o755);
  await using bare: StandIn = await standIn({ uid: wwwData, port, authority });
  assert.doesNotMatch(bare.greeting, /^220/);
  assert.doesNotMatch(await bare.say('EHLO x'), /^250/);
  const { smtp, submission } = server.postfix.ports;
  for (const open of [smtp, submission]) {
    await using web: StandIn = await standIn({ uid: wwwData, port: open });
    await web.say('EHLO x');
    assert.match(await web.say(`XCLIENT LOGIN=${boss}`), /^5/);
  }
});

test('by a field: only the webmail’s user is believed', async () => {
  const { submission } = server.postfix.ports;
  const field = `X-Originating-IP: [${person}]`;
  const mine = await asWebmail({ port: submission }, headers(field));
  assert.deepEqual(await judged(mine), { account: joe, client: `${person} (webmail 127.0.0.1)` });
  const forged = await asWebmail({ port: submission, uid: wwwData }, headers(field));
  assert.deepEqual(await judged(forged), { account: joe, client: '127.0.0.1' });
  const wrong = await asWebmail({ port: submission }, headers('X-Originating-IP: somewhere'));
  assert.deepEqual(await judged(wrong), { account: joe, client: '127.0.0.1' });
  assert.equal(await server.guard.metric('postern_webmail_messages_total{how="other-program"}'), 1);
});

test('by the log: an address counts once the mailbox was opened from the webmail', async () => {
  const stamp = new Date().toISOString().replace('T', ' ').slice(0, 19);
  const [day = '', time = ''] = stamp.split(' ');
  const [year = '', month = '', date = ''] = day.split('-');
  const name = 'JanFebMarAprMayJunJulAugSepOctNovDec'.slice(
    3 * Number(month) - 3,
    3 * Number(month),
  );
  const from = '198.51.100.44';
  await appendFile(
    log,
    `[${date}-${name}-${year} ${time} +0000]: <0a1b> Successful login for ${boss} (ID: 1) from ` +
      `${from} in session 0a1b\n`,
  );
  const dropped = 'postern_mail_log_dropped_total{why="unconfirmed-webmail"}';
  await eventually(
    'the line was read',
    async () => (await server.guard.metric(dropped)) > 0 || undefined,
  );
  const { submission } = server.postfix.ports;
  await openMailbox();
  await eventually('the login was joined', async () => {
    const reply = await asWebmail({ port: submission, user: boss }, headers());
    const { client } = await judged(reply);
    return client === `${from} (webmail 127.0.0.1)` || undefined;
  });
});

test('XCLIENT for everybody here: no claimed login is believed, and doctor fails', async () => {
  await server.postfix.set({ smtpd_authorized_xclient_hosts: '127.0.0.0/8' });
  await reloaded(server.postfix);
  const { submission } = server.postfix.ports;
  let reply = '';
  {
    await using web: StandIn = await standIn({ uid: wwwData, port: submission });
    await web.say('EHLO x');
    assert.match(await web.say(`XCLIENT ADDR=198.51.100.9 LOGIN=${boss}`), /^220/);
    await web.say('EHLO x');
    reply = await handIn(web, { from: boss, to: 'stranger@far.test', headers: headers() });
  }
  assert.deepEqual(await judged(reply), { account: 'client:?', client: '' });
  assert.equal(await server.guard.metric('postern_milter_faults_total{reason="claimed-login"}'), 1);
  const finding = await xclient();
  assert.equal(finding.kind, 'fail');
  assert.match(finding.fix, /postconf -c \S+ -e smtpd_authorized_xclient_hosts=\n/);
  await server.postfix.set({ smtpd_authorized_xclient_hosts: '' });
  assert.equal((await xclient()).kind, 'ok');
});

test('undo: master.cf byte for byte as before, and no key is left', async () => {
  await connectWebmail('--undo');
  assert.equal(await master(), masterBefore);
  await assert.rejects(stat(key));
  assert.match(await connectWebmail('--undo'), /changed nothing/);
});

type Found = { readonly id: string; readonly kind: string; readonly fix: string };

async function xclient(): Promise<Found> {
  const found = (await doctor()).find(({ id }) => id === 'postfix.xclient');
  assert.ok(found !== undefined);
  return found;
}

async function doctor(): Promise<readonly Found[]> {
  const words = ['doctor', '--json', '--config-dir', server.postfix.configDirectory];
  const text = await server.guard
    .cli(...words)
    .catch((error: unknown) => String((error as { stdout?: string }).stdout));
  return (JSON.parse(text) as { readonly findings: readonly Found[] }).findings;
}

/** Logs in at Dovecot from 127.0.0.1, as the webmail does. */
async function openMailbox(): Promise<void> {
  const socket = connect(server.dovecot.imapPort, '127.0.0.1');
  socket.setEncoding('latin1');
  let heard = '';
  for await (const chunk of socket.iterator()) {
    heard += String(chunk);
    if (/^\* OK[^\n]*\n$/.test(heard)) socket.write(`1 LOGIN ${boss} ${password}\r\n2 LOGOUT\r\n`);
    if (/^2 OK/m.test(heard)) break;
  }
  socket.destroy();
}
