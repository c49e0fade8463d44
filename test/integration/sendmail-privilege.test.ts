/**
 * What the users of the machine can and cannot do, with everything as it is installed: the guard is
 * a user of its own without any right, and Postfix takes mail from it and from root alone.
 */
import assert from 'node:assert/strict';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launcher } from './guard-instance.ts';
import { eventually } from './leash.ts';
import {
  guardUser,
  type Ran,
  type SendmailServer,
  startSendmailServer,
  users,
} from './sendmail-server.ts';

let server: SendmailServer;
before(async () => {
  server = await startSendmailServer({
    installed: true,
    settings: { authorized_submit_users: `root, ${guardUser.name}` },
  });
});
after(() => server?.[Symbol.asyncDispose]());

const delivered = (id: string) =>
  eventually(`${id} is delivered`, () => server.sink.deliveries.find((one) => one.id === id), {
    detail: async () =>
      `${await server.postfix.log()}\n${JSON.stringify(await server.guard.log())}`,
  });
const testMessage = (id: string): string =>
  `To: a@world.test\nSubject: ${id}\nX-Test-Id: ${id}\n\nx\n`;

test('a guard without rights hands mail on', async () => {
  const ran = await server.send({ uid: users.www, args: ['-t'], input: testMessage('plain') });
  assert.deepEqual(ran, { exit: 0, stdout: '', stderr: '' });
  const { from } = await delivered('plain');
  assert.equal(from, 'www-data@mail.test');
});

test('what was left while it was away, too, and the spool is empty then', async () => {
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  const ran = await server.send({ uid: users.www, args: ['-t'], input: testMessage('spooled') });
  assert.deepEqual(ran, { exit: 0, stdout: '', stderr: '' });
  server.guard = await server.startGuard();
  await delivered('spooled');
  assert.deepEqual(await readdir(join(server.spool, String(users.www))), []);
});

/** A command line of a user's, and how it ended. */
const sh = (uid: number, command: string, input = '') =>
  server.run('/bin/sh', { uid, args: ['-c', command], input });
const refused = (ran: Ran): void => assert.notEqual(ran.exit, 0, `it worked: ${ran.stdout}`);
const handed = (): number => server.sink.deliveries.length;

test('without the guard, nobody lists the spool or touches files of others', async () => {
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  const ran = await server.send({ uid: users.www, args: ['-t'], input: testMessage('private') });
  assert.equal(ran.exit, 0);
  const folder = join(server.spool, String(users.www));
  const [name = ''] = await readdir(folder);
  for (const command of [
    `ls ${server.spool}`,
    `ls ${folder}`,
    `cat ${folder}/${name}`,
    `echo x >> ${folder}/${name}`,
    `rm -f ${folder}/${name}`,
    `mv ${folder}/${name} /tmp/`,
    `mv ${folder} ${server.spool}/mine`,
    `ln ${folder}/${name} ${server.spool}/`,
    `echo x > ${folder}/x`,
  ]) {
    refused(await sh(users.games, command));
  }
  assert.deepEqual(await readdir(folder), [name]);
});

test('the spool is bounded for each user, and full for him alone', async () => {
  // The guard is still away.
  const folder = join(server.spool, String(users.games));
  const fill =
    `mkdir -p ${folder} && cd ${folder} && i=0 && while [ $i -lt 1000 ]; do : >x$i; ` +
    'i=$((i+1)); done';
  assert.equal((await sh(users.games, fill)).exit, 0);
  const full = await server.send({ uid: users.games, args: ['-t'], input: testMessage('full') });
  assert.deepEqual(full, {
    exit: 75,
    stdout: '',
    stderr: 'sendmail: fatal: games(5): too many messages wait for delivery\n',
  });
  await sh(users.games, `rm -rf ${folder}`);
  const again = await server.send({ uid: users.games, args: ['-t'], input: testMessage('room') });
  assert.equal(again.exit, 0);
  await sh(users.games, `rm -rf ${folder}`);
});

test('a folder in the name of another stops nobody, and what is in it is nobody’s', async () => {
  // The guard is still away. `daemon` has left nothing yet: `games` makes the folder, and writes a
  // whole message into it.
  const folder = join(server.spool, String(users.daemon));
  refused(await sh(users.games, `ln -s ${server.state} ${server.spool}/${users.www}`));
  const own = await sh(users.games, `mkdir ${folder} && chmod 777 ${folder}`);
  assert.equal(own.exit, 0, own.stderr);
  const forged = await server.send({
    uid: users.games,
    args: ['-t'],
    input: testMessage('forged'),
  });
  assert.equal(forged.exit, 0);
  const games = join(server.spool, String(users.games));
  refused(await sh(users.games, `test -z "$(ls ${games})"`));
  const moved = await sh(users.games, `mv ${games}/* ${folder}/`);
  assert.equal(moved.exit, 0, moved.stderr);
  const honest = await server.send({
    uid: users.daemon,
    args: ['-t'],
    input: testMessage('honest'),
  });
  assert.deepEqual(honest, { exit: 0, stdout: '', stderr: '' });
  server.guard = await server.startGuard();
  const { from } = await delivered('honest');
  assert.equal(from, 'daemon@mail.test');
  await delivered('private');
  assert.equal(server.sink.deliveries.filter(({ id }) => id === 'forged').length, 0);
});

test('a link in place of a file or a folder leads nowhere', async () => {
  const folder = join(server.spool, String(users.games));
  const name = `1700000000000-${'ab'.repeat(16)}`;
  const file = `${server.state}/ledger.db`;
  await sh(users.games, `ln -s ${file} ${folder}/${name}`);
  await sh(users.games, `mkfifo ${folder}/1700000000001-${'cd'.repeat(16)}`);
  await eventually('the guard has looked', async () => {
    const left = await readdir(folder);
    return left.length <= 1 ? true : undefined;
  });
  await access(file);
  await sh(users.games, `rm -rf ${folder}; ln -s ${server.state}/submissions/going ${folder}`);
  const ran = await server.send({ uid: users.games, args: ['-t'], input: testMessage('after') });
  assert.equal(ran.exit, 0);
  await delivered('after');
  await access(`${server.state}/submissions/going`);
  await sh(users.games, `rm -f ${folder}`);
});

test('whoever says that he is another is himself', async () => {
  const claim = {
    uid: users.www,
    pid: 1,
    executable: '/usr/bin/php',
    cwd: '/var/www',
    parents: [],
    script: '/var/www/shop/contact.php',
    scriptOwner: 5_555,
    how: 'cgi',
    proven: 'kernel',
  };
  const handIn = {
    id: `1700000000000-${'ef'.repeat(16)}`,
    sender: 'x@shop.test',
    through: [],
    recipients: ['a@world.test'],
    headerRecipients: false,
    crlf: false,
    claim,
  };
  const message = `X-Test-Id: claimed\n\nx\n`;
  const json = JSON.stringify(handIn);
  const request = `postern-sendmail 1 ${json.length} ${message.length}\n${json}${message}`;
  const ran = await speak(5_555, request);
  assert.equal(ran.stdout, '0 \n', ran.stderr);
  await delivered('claimed');
  const recent = await server.guard.json<readonly { readonly account: string }[]>('/api/recent');
  const accounts = recent.map(({ account }) => account);
  assert.ok(!accounts.includes('script:/var/www/shop/contact.php'), String(accounts));
  assert.ok(
    accounts.some((one) => one.endsWith('5555')),
    String(accounts),
  );
});

test('past us: the mail server takes nothing from an ordinary user', async () => {
  const before = handed();
  const evil = await server.run('/bin/sh', {
    uid: users.www,
    args: [
      '-c',
      'd=$(mktemp -d) && cp /etc/postfix/main.cf $d/ && sed -i /authorized/d $d/main.cf && ' +
        'chmod -R go+rX $d && echo $d',
    ],
  });
  const own = evil.stdout.trim();
  assert.match(own, /^\//);
  const ways = [
    '/usr/sbin/sendmail -t',
    '/usr/sbin/sendmail -t -C /etc/postfix',
    `/usr/sbin/sendmail -t -C ${own}`,
    `MAIL_CONFIG=${own} /usr/sbin/sendmail -t`,
    '/usr/sbin/postdrop -r',
    `/usr/sbin/postdrop -c ${own}`,
    `MAIL_CONFIG=${own} /usr/sbin/postdrop -r`,
    `cat > ${server.postfix.dir}/spool/maildrop/ABCDEF`,
    `cat > ${server.postfix.dir}/spool/incoming/ABCDEF`,
    `/usr/lib/postfix/sbin/cleanup -c ${own} -t unix -u`,
    `/usr/lib/postfix/sbin/smtpd -S -c ${own}`,
    `/usr/sbin/postsuper -H ALL`,
    `/usr/sbin/postsuper -d ALL`,
    `/usr/sbin/postkick public pickup W`,
  ];
  for (const way of ways) {
    const input = way.includes('smtpd')
      ? 'HELO x\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@world.test>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n'
      : testMessage('past');
    const ran = await sh(users.www, `timeout 5 ${way}`, input);
    assert.ok(
      ran.exit !== 0 || /^45\d|^55\d/m.test(ran.stdout),
      `${way}: ${ran.exit} ${ran.stdout} ${ran.stderr}`,
    );
  }
  await sleep(1_000);
  assert.equal(handed(), before);
  assert.deepEqual(await server.postfix.queue(), []);
  assert.deepEqual(await readdir(join(server.postfix.dir, 'spool', 'maildrop')), []);
});

test('nobody but the operator speaks to the guard about what is held', async () => {
  const { token } = server.guard;
  refused(await sh(users.www, `cat ${server.state}/run.json`));
  refused(await sh(users.www, `ls ${server.state}/submissions`));
  refused(
    await server.run(launcher, { uid: users.www, args: ['held', 'list', '--state', server.state] }),
  );
  const { http } = server.guard.doors;
  for (const [key, status] of [
    ['', 401],
    [`${token}x`, 401],
    [token, 200],
  ] as const) {
    const answer = await fetch(new URL('/api/held', http), {
      headers: { authorization: `Bearer ${key}` },
    });
    assert.equal(answer.status, status);
  }
  // The door takes messages and nothing else.
  assert.equal((await speak(users.www, 'release ABCDE12345\n')).stdout, '');
});

/** Says something at the door, as a user, and answers with what is said there. */
function speak(uid: number, text: string): Promise<Ran> {
  const script = `const s = require('net').connect(${JSON.stringify(server.door)});
    s.on('data', (d) => process.stdout.write(d));
    require('fs').createReadStream(null, { fd: 0 }).pipe(s, { end: false });`;
  return server.run(process.execPath, { uid, args: ['-e', script], input: text });
}
