/**
 * Port 25 while the guard hangs: it is stopped by SIGSTOP, so its sockets stay open and nobody
 * answers. A session of a stranger waits once, for at most 5 s, and its mail is delivered. Mail of
 * people who log in is answered "try again later", as while the guard is down. A guard that is only
 * busy with a message for long is waited for.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type SlowSpamd, startSlowSpamd } from '../doubles/slow-spamd.ts';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { type GuardInstance, startGuard } from './guard-instance.ts';
import { connectPostfix } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { connectSmtp, type SmtpClient } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const joe = { user: 'joe@example.test', password: 'secret' };
const scope = new AsyncDisposableStack();
let sink: Sink;
let postfix: PostfixInstance;
let guard: GuardInstance;
let spamd: SlowSpamd;
before(async () => {
  sink = scope.use(await startSink());
  const dovecot: DovecotInstance = scope.use(
    await startDovecot({ users: { [joe.user]: joe.password } }),
  );
  postfix = scope.use(
    await startPostfix({
      sink: sink.port,
      saslSocket: dovecot.authSocket,
      // Of submission: 30 s by default, which this test need not wait for.
      settings: { milter_command_timeout: '5s' },
    }),
  );
  spamd = scope.use(await startSlowSpamd());
  const config = `mode = "guard"
[mail_log]
source = "off"
[scan]
spamassassin = "${spamd.address}"
reuse_for = "never"
`;
  guard = scope.use(await startGuard({ config }));
  await connectPostfix({ guard, postfix });
});
after(() => scope.disposeAsync());

const stranger = '127.0.0.7';
const inbound = (): Promise<SmtpClient> =>
  connectSmtp(postfix.ports.smtp, { localAddress: stranger });

/** Three messages for three people each, all of them taken. */
async function threeMessages(client: SmtpClient, id: string): Promise<void> {
  for (const nth of [1, 2, 3]) {
    const to = ['a', 'b', 'c'].map((name) => `${name}@mail.test`);
    const sent = await client.send({ from: 'x@far.test', to, id: `${id}${nth}` });
    assert.equal(sent.stage, 'done', sent.reply.text);
    assert.deepEqual(sent.accepted, to);
  }
}

async function logLines(pattern: RegExp): Promise<number> {
  return (await postfix.log()).split('\n').filter((line) => pattern.test(line)).length;
}

const giveUp = /(?:smtpd|cleanup)\[.*milter .*timed out/i;

/** How often a service of Postfix gave up on the guard in a session. */
async function waitsIn(session: () => Promise<void>): Promise<number> {
  const [before, ended] = [await logLines(giveUp), await logLines(/: disconnect from /)];
  await session();
  // Postfix writes its log in the background.
  await eventually('the session is over', async () =>
    (await logLines(/: disconnect from /)) > ended ? true : undefined,
  );
  return (await logLines(giveUp)) - before;
}

/** Stops the guard while `session` runs; how often Postfix gave up, and how long it all took. */
async function hung(session: () => Promise<void>): Promise<{ waits: number; seconds: number }> {
  guard.kill('SIGSTOP');
  const began = performance.now();
  try {
    const waits = await waitsIn(session);
    return { waits, seconds: (performance.now() - began) / 1_000 };
  } finally {
    guard.kill('SIGCONT');
  }
}

/** A wait is 3 or 5 s; the rest is for a slow machine. Before, each was 30 or 60 s. */
const secondsMax = 25;

test('stopped before the session: one wait, and everything is delivered', async () => {
  const { waits, seconds } = await hung(async () => {
    await using client = await inbound();
    await threeMessages(client, 'first');
  });
  assert.equal(waits, 1);
  assert.ok(seconds < secondsMax, `${seconds} s`);
  await sink.until(() => sink.recipients('first3').length === 3, 'all are delivered');
});

test('stopped between two messages: one wait', async () => {
  await using client = await inbound();
  await threeMessages(client, 'before');
  const { waits, seconds } = await hung(async () => {
    await threeMessages(client, 'between');
    await client.quit();
  });
  assert.equal(waits, 1);
  assert.ok(seconds < secondsMax, `${seconds} s`);
  await sink.until(() => sink.recipients('between3').length === 3, 'all are delivered');
});

test('stopped while a message arrives: one wait, none in what follows', async () => {
  await using client = await inbound();
  await client.command('MAIL FROM:<x@far.test>');
  await client.command('RCPT TO:<a@mail.test>');
  assert.equal((await client.command('DATA')).code, 354);
  const { waits, seconds } = await hung(async () => {
    const done = await client.command('X-Test-Id: within\r\n\r\nHello.\r\n.');
    assert.equal(done.code, 250, done.text);
    await threeMessages(client, 'within');
    await client.quit();
  });
  assert.equal(waits, 1);
  assert.ok(seconds < secondsMax, `${seconds} s`);
  await sink.until(() => sink.recipients('within').length === 1, 'the message is delivered');
  await sink.until(() => sink.recipients('within3').length === 3, 'all are delivered');
});

test('mail with a login is answered "try again later", and passes afterwards', async () => {
  await hung(async () => {
    await using client = await connectSmtp(postfix.ports.submission, joe);
    const sent = await client.send({ from: joe.user, to: ['a@world.test'], id: 'later' });
    assert.notEqual(sent.stage, 'done');
    assert.ok(sent.reply.code >= 400 && sent.reply.code < 500, sent.reply.text);
  });
  await using client = await connectSmtp(postfix.ports.submission, joe);
  const sent = await client.send({ from: joe.user, to: ['a@world.test'], id: 'again' });
  assert.equal(sent.stage, 'done', sent.reply.text);
  await sink.until(() => sink.recipients('again').length === 1, 'delivered');
  assert.deepEqual(sink.recipients('later'), []);
});

test('a guard that scans for 8 s is waited for on port 25', async () => {
  const scans = spamd.scans;
  spamd.waitMs = 8_000;
  const waits = await waitsIn(async () => {
    await using client = await connectSmtp(postfix.ports.smtp);
    const sent = await client.send({ from: 'x@mail.test', to: ['a@world.test'], id: 'scanned' });
    assert.equal(sent.stage, 'done', sent.reply.text);
  });
  assert.equal(waits, 0);
  assert.equal(spamd.scans, scans + 1);
  await sink.until(() => sink.recipients('scanned').length === 1, 'delivered');
  const recent = await guard.json<readonly { readonly account: string }[]>('/api/recent');
  assert.ok(recent.some(({ account }) => account === 'client:127.0.0.1'));
});
