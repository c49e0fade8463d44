/**
 * The mail log of a real Postfix and Dovecot, read live: recipients that do not exist are held
 * against whoever writes to them, a guessed password is seen, and nothing is missed while the guard
 * is away or the log is rotated.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { StoryView } from '../../src/ports/admin.ts';
import type { HeldRow } from '../../src/ports/ledger.ts';
import { fixedDoors } from './guard-instance.ts';
import { people } from './guard-past.ts';
import { type GuardedServer, password, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { connectSmtp } from './smtp-client.ts';

const run = promisify(execFile);
const everybody = people(4);
const [cleaner, neighbour, victim, absent] = everybody.map((one) => ({ ...one }));
const nobody = { account: '', friends: [] as readonly string[] };

let server: GuardedServer;
before(async () => {
  // All recipients to which the first one wrote have gone.
  const refuse = (recipient: string): string | undefined =>
    recipient.endsWith('.of0@world.test') ? `550 5.1.1 <${recipient}>: User unknown` : undefined;
  server = await startGuardedServer({
    people: everybody,
    refuse,
    guard: { words: await fixedDoors() },
  });
});
after(() => server?.[Symbol.asyncDispose]());

const told = (event: string): Promise<number> =>
  server.guard.metric(`postern_mail_log_events_total{event="${event}"}`);
const dropped = (why: string): Promise<number> =>
  server.guard.metric(`postern_mail_log_dropped_total{why="${why}"}`);
const reaches = (what: string, ask: () => Promise<number>, least: number): Promise<true> =>
  eventually(what, async () => (await ask()) >= least || undefined, {
    detail: async () => `${await ask()} of ${least}\n${await server.postfix.log()}`,
  });

async function failedLogins(account: string, from: string, times: number): Promise<void> {
  for (let nth = 0; nth < times; nth++) {
    await using client = await connectSmtp(server.postfix.ports.submission, {
      user: account,
      password: `guess ${nth}`,
      localAddress: from,
    });
    assert.equal(client.login?.code, 535);
  }
}

/** One connection, so many wrong passwords, and then the right one if asked for. */
async function imap(account: string, from: string, wrong: number, right: boolean): Promise<void> {
  const port = server.dovecot.imapPort;
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  const words = [...Array(wrong).fill('wrong'), ...(right ? [password] : [])];
  for (const [nth, word] of words.entries()) {
    socket.write(`a${nth} LOGIN ${account} ${word}\r\n`);
    await eventually('an answer', () => new RegExp(`^a${nth} (OK|NO)`, 'm').test(text));
  }
  socket.end('z LOGOUT\r\n');
  await eventually('the end', () => socket.destroyed || undefined);
}

test('who writes to people that do not exist is held for it, his neighbour is not', async () => {
  const sendMessage = async (nth: number, { account, friends } = nobody): Promise<string> => {
    await using client = await server.login(account);
    const body = `Dear friend,\nthis is number ${nth * 31} of what I wanted to say to you.\n`;
    const to = [friends[nth % friends.length] ?? ''];
    const sent = await client.send({ from: account, to, id: `${account}-${nth}`, body });
    assert.equal(sent.stage, 'done', sent.reply.text);
    return sent.queueId;
  };
  const heldOf = async (account = ''): Promise<readonly HeldRow[]> =>
    JSON.parse(await server.guard.cli('held', 'list', '--account', account, '--json'));
  let messages = 0;
  let held: readonly HeldRow[] = [];
  for (; messages < 40 && held.length === 0; messages++) {
    const before = await told('bounced');
    const id = await sendMessage(messages, cleaner);
    await sendMessage(messages, neighbour);
    held = await heldOf(cleaner?.account);
    if (held.length === 0) await reaches(`the bounce of ${id}`, () => told('bounced'), before + 1);
  }
  assert.equal(held.length, 1, 'held in the end');
  assert.ok(messages > 4, 'a few wrong addresses are nobody’s fault');
  const id = held[0]?.queueId ?? '';
  const { story } = JSON.parse(await server.guard.cli('explain', id, '--json')) as {
    story: StoryView;
  };
  assert.equal(story.reasons[0]?.signal, 'failed-recipients');
  assert.match(story.reasons[0]?.text ?? '', /failed recipients/);
  assert.deepEqual(await heldOf(neighbour?.account), []);
  console.log(`# held after ${messages} messages: ${story.reasons[0]?.text}`);
});

test('ten failed logins and then a good one from elsewhere: the guess is seen', async () => {
  const { account } = victim ?? nobody;
  const before = await told('login-failed');
  await failedLogins(account, '127.0.31.1', 6);
  await imap(account, '127.0.32.1', 4, false);
  await reaches('ten failures', () => told('login-failed'), before + 10);
  // From one of the networks of the failures: only then was the guess right.
  await imap(account, '127.0.32.1', 0, true);
  await reaches('the good one', () => told('login'), 1);
  await using thief = await server.login(account, '127.0.32.1');
  assert.equal(thief.login?.code, 235);
  let story: StoryView | undefined;
  for (let nth = 0; nth < 40 && story === undefined; nth++) {
    const to = [`stranger${nth}@strangers.test`];
    await thief.send({ from: account, to, id: `spam-${nth}`, body: `Buy ${nth}!\n` });
    const shown = await server.guard.cli('accounts', 'show', account, '--json');
    story = (JSON.parse(shown) as { stories: readonly StoryView[] }).stories[0];
  }
  const guessed = story?.reasons.find(({ signal }) => signal === 'guessed-login');
  assert.match(guessed?.text ?? '', /^10 failed logins, then a successful one from a new network;/);
});

test('names that nobody has fill no ledger', async () => {
  const known = (await server.guard.json<Known>('/api/status')).accounts.known;
  const before = await dropped('unknown-account');
  await failedLogins('administrator@example.test', '127.0.34.1', 3);
  await reaches('three unknown names', () => dropped('unknown-account'), before + 3);
  assert.equal((await server.guard.json<Known>('/api/status')).accounts.known, known);
});

test('what was logged while the guard was away is read afterwards', async () => {
  const { account } = absent ?? nobody;
  const before = await told('login-failed');
  await failedLogins(account, '127.0.35.1', 1);
  await reaches('one before', () => told('login-failed'), before + 1);
  await server.guard[Symbol.asyncDispose]();
  // By IMAP: without its milter, Postfix asks nobody for a password.
  await imap(account, '127.0.35.1', 4, false);
  server.guard = await server.startGuard();
  await reaches('four meanwhile', () => told('login-failed'), 4);
  assert.equal(await told('login-failed'), 4, 'and nothing twice');
});

test('Postfix rotates its log, and the guard goes along', async () => {
  const { account } = absent ?? nobody;
  const before = await told('login-failed');
  await failedLogins(account, '127.0.35.1', 2);
  await run('/usr/sbin/postfix', ['-c', server.postfix.configDirectory, 'logrotate']);
  await failedLogins(account, '127.0.35.1', 3);
  await reaches('five in two files', () => told('login-failed'), before + 5);
  assert.equal(await told('login-failed'), before + 5);
  assert.equal(await server.guard.metric('postern_mail_log_reading'), 2);
});

test('doctor and status say which logs are read', async () => {
  const { findings } = JSON.parse(
    await server.guard
      .cli('doctor', '--config', server.guard.configFile, '--json')
      .catch((error: { stdout: string }) => error.stdout),
  ) as { findings: readonly { id: string; kind: string; found: string }[] };
  const finding = findings.find(({ id }) => id === 'mail-log.read');
  assert.equal(finding?.kind, 'ok');
  assert.match(finding?.found ?? '', /mail\.log, .*dovecot\.log, \d+ lines/);
  assert.match(await server.guard.cli('status'), /log .*mail\.log/);
});

type Known = { readonly accounts: { readonly known: number } };
