/**
 * What a running guard must take: nonsense at every door, a thousand idle connections, a full disk,
 * a broken configuration, a second guard in its place. Honest mail passes all the while.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import {
  type MilterClient,
  type MilterOutcome,
  openMilterClient,
} from '../../src/partners/milter/client.ts';
import { type Dice, dice, seedOfThisRun } from '../ledger/dice.ts';
import { type GuardInstance, inet, launcher, startGuard } from './guard-instance.ts';
import { listenForNotices, type WebhookListener } from './guarded-server.ts';
import { eventually } from './leash.ts';

const sessionsMax = 1_050;
const seed = seedOfThisRun();
const chance: Dice = dice(seed);
let guard: GuardInstance;
let webhook: WebhookListener;
const config = (more: string): string => `
contact = "postmaster@mail.test"
[doors]
sessions_max = ${sessionsMax}
${more}`;

before(async () => {
  console.log(`# SEED=${seed}`);
  webhook = await listenForNotices();
  guard = await startGuard({ config: config(`[notices]\nwebhook = "${webhook.url}"\n`) });
});
after(async () => {
  await guard?.[Symbol.asyncDispose]();
  await webhook?.[Symbol.asyncDispose]();
});

let messages = 0;
const session = (): Promise<MilterClient> =>
  openMilterClient(inet(guard.doors.milter), {
    client: { name: 'client.test', address: '192.0.2.9', port: 40_000 },
    patienceMs: 20_000,
  });
function sendMessage(client: MilterClient, login: string, recipients: readonly string[]) {
  return client.send({
    sender: login,
    login,
    recipients,
    queueId: `BAD${10_000 + ++messages}`,
    headers: [['Subject', 'a test']],
    body: Buffer.from(`Message ${messages}.\r\n`),
  });
}
/** One honest message of somebody new, in a session of its own. */
async function honest(): Promise<MilterOutcome> {
  await using client = await session();
  return await sendMessage(client, `honest${messages}@example.test`, [
    `friend${messages}@world.test`,
  ]);
}
async function assertWell(): Promise<void> {
  const outcome = await honest();
  assert.ok(outcome.kind === 'taken' && outcome.held === undefined);
  assert.equal((await guard.health()).status, 200);
  const bytes = await guard.metric('process_resident_memory_bytes');
  assert.ok(bytes < 400e6, `${bytes} bytes of memory`);
}
const many = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, nth) => `s${messages}-${nth}@strangers.test`);

function open(address: string): Socket {
  const http = /^http:\/\/(.+):(\d+)$/.exec(address);
  const { host, port } =
    http === null ? inet(address) : { host: http[1] ?? '', port: Number(http[2]) };
  const socket = connect({ host, port });
  socket.on('error', () => undefined);
  return socket;
}
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => void socket.resume().once('close', () => resolve()));
const randomBytes = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => chance.below(256)));

test('random bytes at each door', { timeout: 180_000 }, async () => {
  for (const door of [guard.doors.milter, guard.doors.policy, guard.doors.http]) {
    const sockets = Array.from({ length: 60 }, () => open(door));
    const gone = sockets.map(closed);
    for (const socket of sockets) {
      socket.end(randomBytes(1 + chance.below(5_000)));
    }
    await Promise.all(gone);
  }
  await assertWell();
});

test('a packet without end, and one of no length, end their connection at once', async () => {
  const faults = 'postern_milter_faults_total';
  for (const length of [0, 0x7fffffff, 0xffffffff]) {
    const socket = open(guard.doors.milter);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    socket.write(Buffer.concat([head, Buffer.from('O')]));
    await closed(socket);
  }
  const policy = open(guard.doors.policy);
  // A line of ten megabytes: it may be cut off at any moment.
  policy.write(Buffer.alloc(10_000_000, 'a'));
  await closed(policy);
  const answer = await fetch(new URL('/api/accounts/a/suspend', guard.doors.http), {
    method: 'POST',
    headers: { authorization: `Bearer ${guard.token}`, 'content-type': 'application/json' },
    body: 'x'.repeat(100_000),
  });
  assert.equal(answer.status, 413);
  const headers = { authorization: `Bearer ${guard.token}` };
  const text = await (await fetch(new URL('/metrics', guard.doors.http), { headers })).text();
  assert.ok(text.includes(`${faults}{`) || text.includes(`${faults} `), 'counted');
  await assertWell();
});

test('a thousand idle and half-open connections: honest mail passes', {
  timeout: 180_000,
}, async () => {
  const idle = Array.from({ length: 1_000 }, () => open(guard.doors.milter));
  await Promise.all(idle.map((socket) => socket.connecting && once(socket, 'connect')));
  for (const [nth, socket] of idle.entries()) {
    // Some say nothing, some half a packet, some begin and go no further.
    if (nth % 3 === 1) socket.write(Buffer.from([0, 0]));
    if (nth % 3 === 2) socket.write(Buffer.from([0, 0, 0, 13, 0x4f, 0, 0, 0, 6]));
  }
  for (let nth = 0; nth < 20; nth++) assert.equal((await honest()).kind, 'taken');
  // Up to the limit, and beyond: turned away, not left hanging.
  const more = Array.from({ length: 200 }, () => open(guard.doors.milter));
  let turnedAway = 0;
  for (const socket of more) socket.resume().on('close', () => turnedAway++);
  await eventually('the ones too many are closed', () => turnedAway >= 150);
  for (const socket of [...idle, ...more]) socket.destroy();
  await eventually(
    'there is room again',
    async () => (await honest().catch(() => undefined))?.kind,
  );
  await assertWell();
});

test('a client that sends byte by byte is served, and its neighbours do not wait', async () => {
  await using neighbour = await session();
  const slow = open(guard.doors.milter);
  const answered = once(slow, 'data');
  const offer = Buffer.from([0, 0, 0, 13, 0x4f, 0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff]);
  for (const byte of offer) {
    slow.write(Buffer.from([byte]));
    await sendMessage(neighbour, 'neighbour@example.test', ['friend@world.test']);
  }
  const [reply] = (await answered) as [Buffer];
  assert.equal(reply[4], 0x4f);
  slow.destroy();
});

test('a full disk: alarm by every way, the doors answer as told, and all is well again', {
  timeout: 180_000,
}, async () => {
  const limitTo = (bytes: string): void =>
    void execFileSync('prlimit', ['--pid', `${guard.pid}`, `--fsize=${bytes}:unlimited`]);
  // The second is an old name: the guard still reads it, and logs that.
  for (const whenFailing of ['answer', 'delay'] as const) {
    const notices = `[notices]\nwebhook = "${webhook.url}"\n`;
    const before = (await guard.log()).filter(({ event }) => event === 'config.reloaded').length;
    writeFileSync(
      guard.configFile,
      config(`${notices}[ledger]\nwhen_failing = "${whenFailing}"\n`),
    );
    guard.kill('SIGHUP');
    await eventually('it is read', async () => {
      const reloads = (await guard.log()).filter(({ event }) => event === 'config.reloaded');
      return reloads.length > before ? true : undefined;
    });
    const old = (await guard.log()).filter(({ event }) => event === 'config.old-name');
    assert.equal(old.length, whenFailing === 'delay' ? 1 : 0);
    // Of every file of the process, its log as well.
    limitTo('4096');
    await honest();
    // Other files of the guard may meet the limit before the ledger does.
    await eventually(
      'the ledger is said to fail',
      async () => (await guard.metric('postern_ledger_ok')) === 0,
    );
    const { status, why } = await guard.health();
    assert.equal(status, 503);
    assert.match(why.join(), /disk|full|large|ledger/);
    const plain = await honest();
    assert.ok(plain.kind === 'taken' && plain.held === undefined, 'a pass needs no disk');
    await using client = await session();
    const began = performance.now();
    const outcome = await sendMessage(client, `${whenFailing}@example.test`, many(90));
    assert.ok(performance.now() - began < 25_000, 'answered in time');
    if (whenFailing === 'answer') assert.ok(outcome.kind === 'taken' && outcome.held !== undefined);
    else assert.ok(outcome.kind === 'refused' && outcome.reply.startsWith('451'), outcome.kind);
    limitTo('unlimited');
    await eventually('health is back', async () => (await guard.health()).status === 200);
    assert.equal(await guard.metric('postern_ledger_ok'), 1);
    const shown = await guard.json<{ stories: readonly unknown[] }>(
      `/api/accounts/${whenFailing}@example.test`,
    );
    assert.equal(shown.stories.length, 1, 'what was decided meanwhile is written');
  }
  // What could not be logged is said when it can be.
  await honest();
  guard.kill('SIGHUP');
  assert.ok(Number((await guard.logged('log.lost'))['lines']) > 0);
  await eventually('the webhook', () => webhook.of('ledger.failing', '').length > 0);
  assert.equal(webhook.of('ledger.failing', '').length, 1, 'one notice, not one a failure');
  await assertWell();
});

test('SIGHUP with a broken configuration keeps the one in force', async () => {
  const good = readFileSync(guard.configFile, 'utf8');
  appendFileSync(guard.configFile, 'mode = "gard"\n[[[\n');
  guard.kill('SIGHUP');
  const line = await guard.logged('config.not-reloaded');
  assert.match(String(line['why']), /postern\.toml/);
  await assertWell();
  writeFileSync(guard.configFile, good.replace('contact =', 'mode = "observe"\ncontact ='));
  guard.kill('SIGHUP');
  await eventually('observing', async () => (await guard.metric('postern_guarding')) === 0);
  writeFileSync(guard.configFile, good);
  guard.kill('SIGHUP');
  await eventually('guarding', async () => (await guard.metric('postern_guarding')) === 1);
});

test('a second guard in the same place is refused, and the first continues', async () => {
  const size = statSync(join(guard.state, 'run.json')).size;
  const second = promisify(execFile)(launcher, ['up', '--state', guard.state, '--port', '0'], {
    timeout: 60_000,
  });
  const refusal = await second.then(
    () => assert.fail('it started'),
    (error: { code: number; stderr: string }) => error,
  );
  assert.ok(refusal.code >= 64 && refusal.code < 79, `exit ${refusal.code}`);
  assert.match(refusal.stderr, /^postern: .*(?:runs|running|another|open|locked)/m);
  assert.doesNotMatch(refusal.stderr, /\n\s+at |an error in Postern/);
  assert.equal(statSync(join(guard.state, 'run.json')).size, size, 'the first is still found');
  assert.ok((await guard.cli('status')).length > 0);
  await assertWell();
});
