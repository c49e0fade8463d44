/**
 * What became of messages of a real Postfix: each attempt is kept once, although the guard is
 * killed, the log is rotated meanwhile, and lines are read again.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findInDays } from '../../src/ledger/fates/find.ts';
import type { FoundMessage } from '../../src/ports/fate.ts';
import { fixedDoors } from './guard-instance.ts';
import { people } from './guard-past.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';

const run = promisify(execFile);
const [writer = { account: '', friends: [] }] = people(1);
const [friend = ''] = writer.friends;

let server: GuardedServer;
before(async () => {
  server = await startGuardedServer({
    people: [writer],
    guard: { words: await fixedDoors() },
    refuse: (recipient) =>
      recipient.startsWith('gone') ? `550 5.1.1 <${recipient}>: no such user` : undefined,
  });
});
after(() => server?.[Symbol.asyncDispose]());

async function send(id: string, ...to: readonly string[]): Promise<string> {
  await using client = await server.login(writer.account);
  const body = `Dear friend,\nthis is what I wanted to say about ${id}.\n`;
  const sent = await client.send({ from: writer.account, to, id, subject: `About ${id}`, body });
  assert.equal(sent.stage, 'done', sent.reply.text);
  return sent.queueId;
}

/** The one message with this queue id, once it is as it should be. */
async function told(
  queueId: string,
  isWhole: (message: FoundMessage) => boolean,
): Promise<FoundMessage> {
  const find = () => findInDays(server.state, { queueId, limit: 10 });
  const found = await eventually(
    `what became of ${queueId}`,
    async () => find().found.find(isWhole),
    { detail: async () => `${JSON.stringify(find())}\n${await server.postfix.log()}` },
  );
  assert.equal(find().found.length, 1, 'one message');
  return found;
}

const outcomes = (message: FoundMessage): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    message.recipients.map(({ recipient, attempts }) => [
      recipient,
      attempts.map(({ outcome }) => outcome),
    ]),
  );

test('each recipient of a message has its attempts', async () => {
  const queueId = await send('first', friend, 'gone@world.test');
  const message = await told(queueId, ({ recipients }) =>
    recipients.every(({ attempts }) => attempts.length > 0),
  );
  assert.equal(message.judged?.account, writer.account);
  assert.equal(message.judged?.verdict, 'pass');
  assert.equal(message.judged?.subject, 'About first');
  assert.deepEqual(outcomes(message), { [friend]: ['sent'], 'gone@world.test': ['bounced'] });
  const bounced = message.recipients.find(({ recipient }) => recipient.startsWith('gone'));
  assert.match(bounced?.attempts[0]?.reply ?? '', /550 5\.1\.1 <gone@world\.test>: no such user/);
  assert.equal(message.logged?.account, writer.account);
});

test('nothing is missed and nothing counts twice over kills and a rotated log', async () => {
  server.slow.on = true;
  const ids: string[] = [];
  for (let nth = 0; nth < 6; nth++) {
    ids.push(await send(`slow${nth}`, `s${nth}@slow.test`));
    if (nth !== 1 && nth !== 3) continue;
    // What was judged in the last moment before a kill may be missing.
    await told(ids.at(-1) ?? '', ({ judged }) => judged !== undefined);
    server.guard.kill('SIGKILL');
    await server.guard.ended;
    if (nth === 3) {
      await run('/usr/sbin/postfix', ['-c', server.postfix.configDirectory, 'logrotate']);
    }
    await apart();
    await server.postfix.flush();
    server.guard = await server.startGuard();
  }
  await eventually('an attempt for each', async () => {
    const queue = await server.postfix.queue();
    const tried = queue.filter(({ recipients }) => recipients[0]?.delay_reason !== undefined);
    return tried.length === ids.length || undefined;
  });
  server.slow.on = false;
  await apart();
  await server.postfix.flush();
  for (const [nth, queueId] of ids.entries()) {
    const message = await told(queueId, ({ recipients }) =>
      recipients.some(({ attempts }) => attempts.at(-1)?.outcome === 'sent'),
    );
    const [attempts = []] = Object.values(outcomes(message));
    const all = (await everyLog()).split('\n').filter((line) => line.includes(`${queueId}: to=`));
    // Attempts of one second that the log gives the same delay are one.
    const lines = [
      ...new Set(all.map((line) => line.slice(0, 15) + /, delay=[^,]*/.exec(line)?.[0])),
    ];
    assert.equal(
      attempts.length,
      lines.length,
      `message ${nth}:\n${lines.join('\n')}\n${JSON.stringify(message)}`,
    );
    assert.deepEqual(new Set(attempts), new Set(['deferred', 'sent']));
    assert.equal(message.judged?.subject, `About slow${nth}`);
  }
});

/**
 * The next attempt begins in another second. Two attempts of one second with the same delay, which
 * the log rounds to two digits, are one row of a day file.
 */
const apart = (): Promise<void> => setTimeout(1_100, undefined);

/** The log with the files that it was before. */
async function everyLog(): Promise<string> {
  const folder = join(server.postfix.dir, 'log');
  const names = readdirSync(folder).filter((name) => name.startsWith('mail.log'));
  const { stdout } = await run('zcat', ['-f', ...names.map((name) => join(folder, name))], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

test('only the owner of the state folder can read the files', () => {
  const names = readdirSync(server.state).filter((name) => name.startsWith('messages-'));
  assert.ok(names.length >= 3);
  for (const name of names) {
    assert.equal(statSync(join(server.state, name)).mode & 0o777, 0o600, name);
  }
});

test('a person is forgotten', async () => {
  const find = () => findInDays(server.state, { recipient: friend, limit: 10 }).found.length;
  assert.ok(find() > 0);
  const said = JSON.parse(await server.guard.cli('forget', friend, '--dry-run', '--json'));
  assert.match(said.text, /would be changed or removed/);
  assert.ok(find() > 0);
  const done = JSON.parse(await server.guard.cli('forget', friend, '--json'));
  assert.equal(done.count, said.count);
  assert.equal(find(), 0);
  const audit = await server.guard.json('/api/audit');
  assert.match(JSON.stringify(audit), /"action":"forget"/);
  assert.ok(!JSON.stringify(audit).includes(friend));
});
