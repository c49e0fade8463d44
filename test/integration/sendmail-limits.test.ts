/**
 * Programs with narrow limits call postern-sendmail: what they send is delivered, as by Postfix's
 * own sendmail, or they get an exit code of sysexits. Nothing ends by a signal or hangs.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './leash.ts';
import { runAs, type SendmailServer, startSendmailServer } from './sendmail-server.ts';

let server: SendmailServer;
before(async () => {
  server = await startSendmailServer();
});
after(() => server?.[Symbol.asyncDispose]());

/** Users of this test alone: a limit of processes counts all of a user. */
const uid = 64_811;
const other = 64_812;
let sent = 0;

async function delivered(prelude: string, user = uid, redirect = ''): Promise<void> {
  const id = `limit-${++sent}`;
  const input = `To: a@world.test\nSubject: x\nX-Test-Id: ${id}\n\nhi\n`;
  const call = `${server.sendmail} -i -t -f web@mail.test ${redirect}`;
  const command = `${prelude}\nexec timeout 60 ${call}`;
  const ran = await runAs('/bin/bash', { uid: user, args: ['-c', command], input });
  assert.equal(ran.exit, 0, `${prelude}: ${ran.stderr}`);
  await eventually(
    `${id} is delivered`,
    () => server.sink.deliveries.find((one) => one.id === id),
    {
      detail: async () => JSON.stringify(await server.guard.log()),
    },
  );
}

const limits = [
  ...['ulimit -v 1000000', 'ulimit -v 500000', 'ulimit -v 100000', 'ulimit -v 2000000'],
  ...['ulimit -n 16', 'ulimit -n 12', 'ulimit -n 64', 'ulimit -s 64', 'ulimit -s 256'],
  ...['ulimit -d 100000', 'ulimit -f 1000', 'ulimit -t 5', 'ulimit -m 1000 -l 0 -c 0'],
];
for (const limit of limits) test(limit, () => delivered(limit));

for (const processes of [2, 8, 20]) {
  test(`ulimit -u ${processes}`, () => delivered(`ulimit -u ${processes}`, other));
}

test('no memory that is writable and executable (MemoryDenyWriteExecute)', async () => {
  const deny =
    'import ctypes,os,sys; ctypes.CDLL(None).prctl(65,1,0,0,0); os.execv(sys.argv[1],sys.argv[1:])';
  const id = 'denied';
  const input = `To: a@world.test\nX-Test-Id: ${id}\n\nhi\n`;
  const args = ['-c', deny, server.sendmail, '-i', '-t', '-f', 'web@mail.test'];
  const ran = await runAs('/usr/bin/python3', { uid, args, input });
  assert.equal(ran.exit, 0, ran.stderr);
  await eventually('it is delivered', () => server.sink.deliveries.find((one) => one.id === id));
});

test('closed standard output and error', async () => {
  await delivered(':', uid, '>&-');
  await delivered(':', uid, '2>&-');
  await delivered(':', uid, '>&- 2>&-');
  await delivered('ulimit -v 500000', uid, '>&- 2>&-');
});

test('closed standard input: an exit code, and nothing sent', async () => {
  for (const prelude of [':', 'ulimit -v 500000']) {
    const command = `${prelude}; exec timeout 60 ${server.sendmail} -i -t <&-`;
    const ran = await runAs('/bin/bash', { uid, args: ['-c', command] });
    assert.equal(ran.exit, 75, ran.stderr);
  }
});

test('without room in the spool: try again later', async () => {
  const call = `${server.sendmail} -i -f web@mail.test a@world.test`;
  const command = `ulimit -f 0; exec timeout 60 ${call}`;
  const ran = await runAs('/bin/bash', { uid, args: ['-c', command], input: 'Subject: x\n\nhi\n' });
  assert.equal(ran.exit, 75, ran.stderr);
  assert.match(ran.stderr, /^sendmail: fatal: .*cannot queue the message/m);
});

test('sendmail -bs with little memory answers that it cannot take mail', async () => {
  const command = `ulimit -v 500000; exec timeout 60 ${server.sendmail} -bs`;
  const ran = await runAs('/bin/bash', { uid, args: ['-c', command], input: 'QUIT\r\n' });
  assert.deepEqual([ran.exit, ran.stdout.slice(0, 3)], [75, '421']);
});

test('while the guard is away, with much and with little memory', async () => {
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  const ids = ['away-1', 'away-2'];
  for (const [nth, id] of ids.entries()) {
    const command = `ulimit -v ${nth === 0 ? 'unlimited' : 500_000}; exec ${server.sendmail} -it`;
    const input = `To: a@world.test\nX-Test-Id: ${id}\n\nhi\n`;
    const ran = await runAs('/bin/bash', { uid: 33, args: ['-c', command], input });
    assert.deepEqual(ran, { exit: 0, stdout: '', stderr: '' });
  }
  server.guard = await server.startGuard();
  for (const id of ids) {
    await eventually(`${id} is delivered`, () =>
      server.sink.deliveries.find((one) => one.id === id),
    );
  }
});
