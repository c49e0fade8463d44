/**
 * Postfix's queue and Dovecot's logins, driven for real: by ourselves as root, and through
 * postern-root, the helper, with nothing but the capabilities that its unit leaves it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import type { Notice } from '../../src/core/notice.ts';
import { hourMs, type Millis } from '../../src/lib/time.ts';
import { closedLogins, dovecot } from '../../src/partners/dovecot.ts';
import { noticeMail, noticeMessageId } from '../../src/partners/notices/mail.ts';
import { postfix } from '../../src/partners/postfix/queue.ts';
import {
  helperTools,
  isLoginName,
  ownTools,
  type PrivilegedTools,
} from '../../src/partners/privileged-tools.ts';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { eventually } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { reloaded } from './postfix-reload.ts';
import { type HelperSocket, listenForHelper } from './root-helper.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const helper = join(import.meta.dirname, '../../packaging/postern-root');
const joe = 'joe@example.test' as Account;
let sink: Sink;
let mail: PostfixInstance;
let imap: DovecotInstance;
let helperSocket: HelperSocket;

before(async () => {
  sink = await startSink();
  imap = await startDovecot({
    users: { 'joe@example.test': 'secret', 'ann@example.test': 'secret' },
  });
  mail = await startPostfix({ sink: sink.port, saslSocket: imap.authSocket });
  helperSocket = await listenForHelper({ mail, imap });
});
after(async () => {
  await helperSocket?.close();
  await mail?.[Symbol.asyncDispose]();
  await imap?.[Symbol.asyncDispose]();
  await sink?.[Symbol.asyncDispose]();
});

const ways: readonly (readonly [string, () => PrivilegedTools])[] = [
  [
    'ourselves',
    () => ownTools({ postfixConfig: mail.configDirectory, dovecotConfig: imap.configFile }),
  ],
  ['postern-root', () => helperTools(helperSocket.path)],
];

/** Of many programs of Dovecot that are started at once. */
const deadlineMs = 60_000;
const noted = async (): Promise<void> => undefined;
/** As one that was answered for just now. */
const row = (queueId: string) => ({ queueId, at: Date.now() as Millis });

/** Messages on hold; the sink is the only way out, so they stay. */
async function queueThree(prefix: string): Promise<string[]> {
  await mail.set({ defer_transports: 'smtp' });
  await reloaded(mail);
  for (const n of [1, 2, 3]) {
    await mail.sendmail({ from: joe, to: [`x${n}@world.test`], id: `${prefix}-${n}` });
  }
  const queued = await eventually('three messages deferred', async () => {
    const queue = await mail.queue();
    const ours = queue.filter(({ queue_name }) => queue_name === 'deferred');
    return ours.length === 3 ? ours : undefined;
  });
  return queued.map(({ queue_id }) => queue_id);
}

async function emptyQueue(): Promise<void> {
  await mail.tool('postsuper', '-d', 'ALL');
  await mail.set({ defer_transports: '', flush_service_name: 'flush' });
  await reloaded(mail);
  await eventually('an empty queue', async () => (await mail.queue()).length === 0 || undefined);
}

for (const [who, tools] of ways) {
  test(`hold, release and drop by ${who} do what they say`, async () => {
    const mta = postfix({ tools: tools() });
    const ids = await queueThree(who);
    const [first = '', second = '', third = ''] = ids;
    const longAgo = { queueId: first, at: (Date.now() - hourMs) as Millis };
    assert.deepEqual([...(await mta.hold([longAgo], noted)).done], [], 'this one came later');
    assert.deepEqual(
      [...(await mta.hold([first, second, 'F00F00F00F'].map(row), noted)).done].sort(),
      [first, second].sort(),
    );
    const again = await mta.hold(ids.map(row), noted);
    assert.deepEqual(
      [[...again.done], [...again.already].sort()],
      [[third], [first, second].sort()],
    );
    const queue = await mta.queue(100);
    assert.ok(queue.every(({ arrivedAt }) => Math.abs(Date.now() - arrivedAt) < hourMs));
    assert.deepEqual(
      [...(await mta.onHold([...ids, 'F00F00F00F'])).keys()].sort(),
      [...ids].sort(),
    );
    assert.deepEqual(
      queue.map(({ queueId, queue: name }) => [queueId, name]).sort(),
      ids.map((id) => [id, 'hold']).sort(),
    );
    assert.deepEqual([...(await mta.drop([third])).done], [third]);
    assert.deepEqual([...(await mta.drop([third])).done], [], 'it is gone');
    await mail.set({ defer_transports: '' });
    await reloaded(mail);
    assert.deepEqual([...(await mta.release([first, second])).done].sort(), [first, second].sort());
    assert.deepEqual([...(await mta.release([first])).done], [], 'it is on hold no more');
    const ours = () => sink.deliveries.filter(({ id }) => id.startsWith(who));
    await sink.until(() => ours().length === 2, 'both released messages');
    await eventually('an empty queue', async () => (await mail.queue()).length === 0 || undefined);
    assert.equal(ours().length, 2, 'the dropped one never left');
  });

  test(`what ${who} released counts, also where it cannot be tried at once`, async () => {
    const mta = postfix({ tools: tools() });
    const ids = await queueThree(`${who} later`);
    await mail.tool('postsuper', ...ids.flatMap((id) => ['-h', id]));
    await mail.set({ flush_service_name: 'nobody-there' });
    assert.deepEqual([...(await mta.release(ids)).done].sort(), [...ids].sort());
    await eventually('all three wait, off hold', async () => {
      const queue = await mail.queue();
      const wait = queue.filter(({ queue_name }) => queue_name === 'deferred');
      return (queue.length === 3 && wait.length === 3) || undefined;
    });
    await emptyQueue();
  });

  test(`a login closed by ${who} is refused and its session ends; opened, it works`, async () => {
    const door = dovecot({ tools: tools(), denyFile: imap.denyFile, deadlineMs });
    const session = await imapLogin(joe);
    assert.equal(session.ok, true);
    const other = await imapLogin('ann@example.test');
    await door.close(joe);
    await session.closed;
    assert.deepEqual([...(await closedLogins(imap.denyFile))], [joe]);
    assert.equal((await imapLogin(joe)).ok, false, 'IMAP');
    assert.equal(await smtpLogin(joe), 535, 'SMTP AUTH');
    assert.equal(await smtpLogin('ann@example.test'), 235, 'others are not touched');
    assert.equal(other.socket.destroyed, false, "nor are others' sessions");
    await door.close(joe); // no session now: nothing to end, no error
    await door.open(joe);
    await eventually('the login works', async () => (await imapLogin(joe)).ok || undefined);
    assert.equal(await smtpLogin(joe), 235);
    other.socket.destroy();
  });
}

test('a login is closed under each spelling that Dovecot keeps', async () => {
  await using other = await startDovecot({
    users: { 'Cap@example.test': 'secret' },
    capitals: true,
  });
  const tools = ownTools({ dovecotConfig: other.configFile });
  const session = await imapLogin('Cap@example.test', other);
  assert.equal(session.ok, true);
  await dovecot({ tools, denyFile: other.denyFile, deadlineMs }).close(
    'cap@example.test' as Account,
  );
  await eventually('the session ends', () => session.socket.closed || undefined);
  assert.equal((await imapLogin('Cap@example.test', other)).ok, false);
});

test('a login that Dovecot does not refuse is reported, not taken for closed', async () => {
  for (const [who, tools] of ways) {
    const denyFile = join(imap.dir, `unread by ${who}`);
    const closing = dovecot({ tools: tools(), denyFile }).close(joe);
    await assert.rejects(closing, /does not refuse the closed login joe@example\.test/);
  }
  assert.equal(await smtpLogin(joe), 235);
});

test('a session that Dovecot cannot end is reported, not taken for closed', async () => {
  const session = await imapLogin(joe);
  const who = spawnSync('/usr/bin/doveadm', ['-c', imap.configFile, '-f', 'tab', 'who', joe]);
  const pid = Number(/\((\d+)\)/.exec(who.stdout.toString())?.[1]);
  process.kill(pid, 'SIGSTOP'); // as if its disk did not answer
  const tools = ways[0]?.[1]() ?? ownTools();
  const door = dovecot({ tools, denyFile: imap.denyFile });
  try {
    await assert.rejects(door.close(joe), /still has sessions of joe/);
  } finally {
    await door.open(joe);
    process.kill(pid, 'SIGCONT');
  }
  await session.closed;
});

test('ten accounts closed at once are ten lines', async () => {
  const door = dovecot({
    tools: ways[0]?.[1]() ?? ownTools(),
    denyFile: imap.denyFile,
    deadlineMs,
  });
  const accounts = Array.from({ length: 10 }, (_, n) => `many${n}@example.test` as Account);
  await Promise.all(accounts.map((account) => door.close(account)));
  assert.deepEqual([...(await closedLogins(imap.denyFile))].sort(), accounts);
  await Promise.all(accounts.map((account) => door.open(account)));
  assert.equal((await closedLogins(imap.denyFile)).size, 0);
});

const hostile: readonly (readonly [string, string | Buffer])[] = [
  ['nothing', ''],
  ['an unknown verb', 'rm\nAAAAAA\n'],
  ['a verb with a command behind it', 'queue; id\n'],
  ['every message', 'drop\nALL\n'],
  ['an option for an id', 'drop\n-d\n'],
  ['a path for an id', 'hold\n../../etc\n'],
  ['a substitution', 'hold\n$(id)AAAA\n'],
  ['backquotes', 'kick\n`id`\n'],
  ['every login', 'kick\n*\n'],
  ['an option for a login', 'kick\n-A\n'],
  ['a question about every login', 'refused\n*\n'],
  ['a question about an option', 'refused\n-A\n'],
  ['everybody, as a network', 'kick\n0.0.0.0/0\n'],
  ['everybody on this machine', 'kick\njoe@example.test\n127.1\n'],
  ['a list of a network', 'sessions\n0x7f000001\n'],
  ['a list of nobody', 'sessions\n'],
  ['a NUL inside an id', Buffer.from('hold\nAAA\0AAA\n')],
  ['a carriage return', 'hold\r\nAAAAAA\r\n'],
  ['no ids', 'hold\n'],
  ['names for queue', 'queue\nAAAAAA\n'],
  ['201 ids', `hold\n${'AAAAAA\n'.repeat(201)}`],
  ['a megabyte', `hold\n${'A'.repeat(1_048_576)}\n`],
  ['bytes above ASCII', Buffer.from('kick\njo\xff\xfe@x\n', 'latin1')],
];
const cut: readonly (readonly [string, string])[] = [
  ['a request that was cut inside an id', 'hold\nAAAAAA\nBBBBB'],
  ['a request that was cut behind an id', 'hold\nAAAAAA\nBBBBBB\n'],
  ['a request that was cut inside the end mark', 'hold\nAAAAAA\nBBBBBB\nend'],
  ['a request that goes on behind the end mark', 'hold\nAAAAAA\nend\nBBBBBB\n'],
];
const whole = (input: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(input), Buffer.from('end\n')]);
for (const [name, input] of [
  ...cut,
  ...hostile.map(([what, wrong]) => [what, whole(wrong)] as const),
]) {
  test(`postern-root refuses ${name}`, () => {
    // Tools that do not exist: had it started one, its complaint would say so.
    const env = { POSTERN_POSTFIX_CONFIG: '/nonexistent', POSTERN_DOVECOT_CONFIG: '/nonexistent' };
    const { stdout, stderr, status } = spawnSync(helper, { input, env, timeout: 60_000 });
    assert.match(stdout.toString(), /^postern-root: failed: [a-zA-Z0-9 ]+\n$/);
    assert.equal(status, 1);
    assert.doesNotMatch(stderr.toString(), /postsuper:|postqueue:|doveadm|Fatal/);
  });
}

test('postern-root and Postern take the same names for a login', () => {
  const names = [
    ...['joe', 'joe@example.test', "o'brien", '12345', '3f2a9c', '1e2', 'ed.fab', 'x7f', 'a/b@c.d'],
    ...['0.0.0.0/0', '1/0', '/0', './0', 'beef/8', '127.1', '1.2.3.4.5', '.5', '1e.2', '7f.1x'],
    ...[
      '0x',
      '0xbeef',
      '0X7F.1',
      '0xyz',
      '0x7f/8',
      '0.0.0.0/0@example.test',
      '::1',
      '-a',
      '*',
      '#x',
    ],
  ];
  const env = { POSTERN_DOVECOT_CONFIG: '/nonexistent' };
  const taken = names.filter((name) => {
    const { stdout } = spawnSync(helper, { input: `kick\n${name}\nend\n`, env, timeout: 60_000 });
    return stdout.toString() === 'postern-root: failed: doveadm kick\n';
  });
  assert.deepEqual(taken, names.filter(isLoginName));
  assert.equal(taken.length, 9);
});

test('a helper that dies in mid-answer is not taken for success', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'phl-'));
  const server = createServer((socket) => socket.end('postsuper: AAAAAA: placed on hold\n'));
  server.listen(join(dir, 's'));
  await once(server, 'listening');
  const mta = postfix({ tools: helperTools(join(dir, 's')) });
  const { done, fault } = await mta.hold(['AAAAAA', 'BBBBBB'].map(row), noted);
  assert.match(String(fault), /could not hold/);
  assert.equal(done.size, 0);
  server.close();
  await rm(dir, { recursive: true });
  assert.match(
    String((await mta.hold(['AAAAAA'].map(row), noted)).fault),
    /cannot ask postern-root/,
  );
});

test('a notice goes out by mail, through Postfix', async () => {
  const notice: Notice = {
    version: 1,
    event: 'account.suspended',
    id: 'n-7',
    host: 'mail.test',
    at: '2026-11-23T18:03:40Z',
    account: 'joe@example.test',
    since: '2026-11-23T18:02:11Z',
    leaked: { messages: 1, recipients: 2 },
    stopped: { messages: 3, fromQueue: 0 },
    loginClosed: true,
    reasons: [{ signal: 'x', text: 'a reason — with 3 numbers' }],
    undo: 'postern accounts release joe@example.test',
    explain: '',
  };
  const where = { host: '127.0.0.1', from: 'postern@mail.test', to: ['op@world.test'] };
  await noticeMail({ ...where, port: mail.ports.smtp }).send(notice, AbortSignal.timeout(10_000));
  const arrived = (): boolean => sink.deliveries.some(({ to }) => to.includes('op@world.test'));
  await sink.until(arrived, 'the notice');
  const delivery = sink.deliveries.find(({ to }) => to.includes('op@world.test'));
  assert.ok(delivery?.headers.includes(`Message-ID: ${noticeMessageId(notice)}`));
  assert.match(delivery?.headers ?? '', /Subject: \[postern\] joe@example\.test suspended/);
  const nobody = noticeMail({ ...where, port: 1, deadlineMs: 2_000 });
  await assert.rejects(nobody.send(notice, AbortSignal.timeout(5_000)), /did not take the notice/);
});

async function smtpLogin(user: string): Promise<number | undefined> {
  await using client = await connectSmtp(mail.ports.submission, { user, password: 'secret' });
  return client.login?.code;
}

async function imapLogin(user: string, server: DovecotInstance = imap) {
  const socket = connect(server.imapPort, '127.0.0.1');
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.write(`a LOGIN ${user} secret\r\n`);
  const ok = await eventually('an answer to LOGIN', () => /^a (OK|NO)/m.exec(text)?.[1]);
  if (ok === 'NO') socket.destroy();
  return { ok: ok === 'OK', closed, socket };
}
