/**
 * The milter door on real sockets: who may come, how long they may be silent, and that one session
 * never hurts another.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { plainPath } from '../../../test/doubles/path.ts';
import { answers, mta, pass, RecordingGate } from '../../../test/mta/script.ts';
import type { Admission, Listener } from '../../lib/listener.ts';
import type { Millis } from '../../lib/time.ts';
import { openMilterClient, parseMilterAddress } from '../../partners/milter/client.ts';
import { type MilterDeps, openMilter } from './server.ts';

const loopback = { host: '127.0.0.1', port: 0 } as const;

type Notes = { readonly logged: string[]; readonly counted: string[] };

function deps(more: Partial<MilterDeps> = {}): MilterDeps & { readonly notes: Notes } {
  const notes: Notes = { logged: [], counted: [] };
  return {
    path: plainPath(new RecordingGate()),
    clock: { now: () => 0 as Millis },
    log: (_level, event) => notes.logged.push(event),
    count: (name, _by, label) => notes.counted.push(label ?? name),
    notes,
    ...more,
  };
}

function where(door: Listener): { host: string; port: number } {
  const address = parseMilterAddress(door.address);
  assert.ok(address !== undefined && 'port' in address);
  return address;
}

async function dial(door: Listener): Promise<Socket> {
  const socket = connect(where(door));
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Reads until so many answers are here; answers with their commands. */
async function commands(socket: Socket, count: number): Promise<string> {
  let bytes = Buffer.alloc(0);
  while (answers(bytes).length < count) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
  }
  return answers(bytes)
    .map(({ command }) => command)
    .join('');
}

/** The connection is gone, by an end or by a reset. */
function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

const hello = Buffer.concat([mta.offer(), mta.connect()]);

test('one byte at a time over TCP', async () => {
  await using door = await openMilter(loopback, deps());
  const socket = await dial(door);
  socket.setNoDelay(true);
  for (const byte of Buffer.concat([hello, mta.message('joe')])) socket.write(Buffer.of(byte));
  assert.equal(await commands(socket, 3), 'Occ');
  socket.destroy();
});

test('a peer that breaks the protocol is closed, noted, and alone in that', async () => {
  const given = deps();
  await using door = await openMilter(loopback, given);
  const good = await dial(door);
  good.write(hello);
  assert.equal(await commands(good, 1), 'O');
  for (const bad of [
    Buffer.from([0, 0, 0, 0]),
    Buffer.from([255, 255, 255, 255]),
    mta.mail('<a@b>'),
  ]) {
    const socket = await dial(door);
    socket.write(bad);
    await closed(socket);
  }
  assert.deepEqual(given.notes.logged, Array(3).fill('milter.protocol'));
  good.write(mta.message('joe'));
  assert.equal(await commands(good, 2), 'cc');
  good.destroy();
});

test('a mistake of ours closes that session without half an answer, and no other', async () => {
  let broken = true;
  const gate = new RecordingGate({
    submit: (_message, answer) => {
      if (broken) throw new TypeError('our mistake');
      answer(pass);
    },
  });
  const given = deps({ path: plainPath(gate) });
  await using door = await openMilter(loopback, given);
  const socket = await dial(door);
  socket.write(hello);
  await commands(socket, 1);
  let heard = 0;
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.length;
  });
  socket.write(mta.message('joe'));
  await closed(socket);
  assert.equal(heard, 0);
  assert.deepEqual(given.notes.logged, ['milter.bug']);
  broken = false;
  await using client = await openMilterClient(where(door));
  const message = {
    sender: 'a@b',
    recipients: ['c@d'],
    login: 'joe',
    headers: [],
    body: Buffer.alloc(0),
  };
  assert.equal((await client.send(message)).kind, 'taken');
});

const slow = [
  ['says nothing', Buffer.alloc(0)],
  ['stops inside its first packet', hello.subarray(0, 3)],
  ['stops inside a later packet', Buffer.concat([hello, mta.mail('<a@b>').subarray(0, 7)])],
] as const;
for (const [name, bytes] of slow) {
  test(`a peer that ${name} is sent away`, async () => {
    const given = deps({ limits: { firstMs: 60, partialMs: 60 } });
    await using door = await openMilter(loopback, given);
    const socket = await dial(door);
    socket.write(bytes);
    await closed(socket);
    assert.deepEqual(given.notes.logged, ['milter.slow']);
  });
}

test('a peer that drips a byte now and then is sent away as well', async () => {
  const given = deps({ limits: { partialMs: 100 } });
  await using door = await openMilter(loopback, given);
  const socket = await dial(door);
  socket.write(hello);
  await commands(socket, 1);
  const drip = setInterval(() => socket.write(Buffer.of(0)), 10);
  // A length of 0x10000 with its data in drops.
  socket.write(Buffer.from([0, 1, 0, 0]));
  await closed(socket);
  clearInterval(drip);
  assert.deepEqual(given.notes.logged, ['milter.slow']);
});

test('a peer that takes no answers is not read from without end', async () => {
  const given = deps({ limits: { partialMs: 150 } });
  await using door = await openMilter(loopback, given);
  const socket = await dial(door);
  socket.write(hello);
  await commands(socket, 1);
  socket.pause();
  // Each is answered; nobody reads the answers.
  const asked = Buffer.concat(Array.from({ length: 5_000 }, () => mta.data()));
  const flood = setInterval(() => {
    if (!socket.writableNeedDrain) socket.write(asked);
  }, 1);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(flood);
  assert.deepEqual(given.notes.logged, ['milter.slow']);
});

test('1,000 idle sessions do not keep a message from passing', async () => {
  await using door = await openMilter(loopback, deps());
  const sockets = await Promise.all(Array.from({ length: 1_000 }, () => dial(door)));
  for (const socket of sockets) socket.write(hello);
  await Promise.all(sockets.map((socket) => commands(socket, 1)));
  assert.equal(door.connections, 1_000);
  await using client = await openMilterClient(where(door));
  const message = {
    sender: 'a@b',
    recipients: ['c@d'],
    login: 'joe',
    headers: [],
    body: Buffer.alloc(0),
  };
  assert.equal((await client.send(message)).kind, 'taken');
  for (const socket of sockets) socket.destroy();
});

test('more connections than allowed are closed at once', async () => {
  const given = deps({ limits: { connectionsMax: 2 } });
  await using door = await openMilter(loopback, given);
  const kept = [await dial(door), await dial(door)];
  const surplus = await dial(door);
  await closed(surplus);
  assert.deepEqual(given.notes.logged, ['milter.full']);
  for (const socket of kept) socket.destroy();
});

test('at close an idle session may begin one more message', async () => {
  const door = await openMilter(loopback, deps({ limits: { lingerMs: 500 } }));
  const [idle, done] = [await dial(door), await dial(door)];
  for (const socket of [idle, done]) {
    socket.write(hello);
    assert.equal(await commands(socket, 1), 'O');
  }
  const closing = door.close();
  idle.write(mta.message('joe'));
  assert.equal(await commands(idle, 2), 'cc');
  await Promise.all([closed(idle), closed(done), closing]);
});

test('who may not connect is closed at once; a full door is told, and its end', async () => {
  const said: [string, string | undefined][] = [];
  let who: Admission = { kind: 'refused', uid: 1_001, why: 'this is a test' };
  await using door = await openMilter(
    loopback,
    deps({
      name: 'inbound',
      admit: async () => who,
      troubles: { set: (part, why) => said.push([part, why]) },
      limits: { connectionsMax: 4 },
    }),
  );
  const refused = await dial(door);
  refused.write(hello);
  await closed(refused);
  assert.deepEqual([said, door.connections], [[], 0]);
  who = { kind: 'admitted', peer: 'uid 33', trusted: false };
  const [web, second] = [await dial(door), await dial(door)];
  await closed(second);
  who = { kind: 'admitted', peer: 'uid 103', trusted: true };
  const postfix = await Promise.all(Array.from({ length: 3 }, () => dial(door)));
  postfix[2]?.write(hello);
  assert.equal(await commands(postfix[2] ?? assert.fail(), 1), 'O');
  postfix[2]?.destroy();
  while (said.length < 3) await new Promise((resolve) => setImmediate(resolve));
  const text = `the inbound door (${door.address}) is full`;
  assert.deepEqual(said, [
    [`door ${door.address}`, `${text} for uid 33: 1 of 1 connections`],
    [`door ${door.address}`, `${text}: 4 connections, 3 of them of uid 103`],
    [`door ${door.address}`, undefined],
  ]);
  for (const socket of [web, ...postfix]) socket.destroy();
});

test('closing lets a message under way finish, and ends idle sessions', async () => {
  const late: (() => void)[] = [];
  const asked = Promise.withResolvers<void>();
  const gate = new RecordingGate({
    submit: (_message, answer) => {
      late.push(() => answer(pass));
      asked.resolve();
    },
  });
  const door = await openMilter(loopback, deps({ path: plainPath(gate), limits: { lingerMs: 0 } }));
  const [idle, busy] = [await dial(door), await dial(door)];
  for (const socket of [idle, busy]) {
    socket.write(hello);
    await commands(socket, 1);
  }
  busy.write(mta.message('joe'));
  await asked.promise;
  assert.equal(await commands(busy, 1), 'c');
  const closing = door.close();
  await closed(idle);
  const last = commands(busy, 1);
  late[0]?.();
  assert.equal(await last, 'c');
  await closing;
  await assert.rejects(dialOnce(where(door)), { code: 'ECONNREFUSED' });
});

function dialOnce(address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    connect(address).once('connect', resolve).once('error', reject);
  });
}

test('closing waits no longer than the limit', async () => {
  const door = await openMilter(
    loopback,
    deps({ limits: { drainMs: 50 }, path: plainPath(new RecordingGate({ submit: () => {} })) }),
  );
  const socket = await dial(door);
  socket.write(Buffer.concat([hello, mta.message('joe')]));
  assert.equal(await commands(socket, 2), 'Oc');
  await Promise.all([door.close(), closed(socket)]);
});

test('Unix socket: its mode, a stale file, a live one, another file, a long path', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-milter-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'milter.sock');
  {
    await using door = await openMilter({ path }, deps());
    assert.equal(door.address, `unix:${path}`);
    assert.equal(statSync(path).mode & 0o777, 0o660);
    await using client = await openMilterClient({ path });
    const message = {
      sender: '',
      recipients: ['c@d'],
      login: 'joe',
      headers: [],
      body: Buffer.alloc(0),
    };
    assert.equal((await client.send(message)).kind, 'taken');
    await assert.rejects(openMilter({ path }, deps()), { name: 'OperatorError', code: 'listen' });
  }
  assert.equal(existsSync(path), false);
  // What a killed process leaves: a socket file that nobody listens on.
  const stale = join(folder, 'stale.sock');
  const dead = createServer();
  await once(dead.listen(stale), 'listening');
  writeFileSync(join(folder, 'file'), '');
  await leaveBehind(dead, stale);
  await using _reopened = await openMilter({ path: stale, mode: 0o600 }, deps());
  assert.equal(statSync(stale).mode & 0o777, 0o600);
  for (const bad of [join(folder, 'file'), join(folder, 'x'.repeat(120))]) {
    await assert.rejects(openMilter({ path: bad }, deps()), { code: 'socket-path' });
  }
  await assert.rejects(openMilter({ path: join(folder, 'none', 's') }, deps()), { code: 'listen' });
});

/** Closes a server but keeps its socket file, as kill -9 would. */
async function leaveBehind(server: ReturnType<typeof createServer>, path: string): Promise<void> {
  const { linkSync, renameSync } = await import('node:fs');
  linkSync(path, `${path}.kept`);
  server.close();
  await once(server, 'close');
  renameSync(`${path}.kept`, path);
}

test('a port in use is said in words', async () => {
  await using door = await openMilter(loopback, deps());
  await assert.rejects(openMilter(where(door), deps()), (error: Error & { hint?: string }) => {
    assert.match(error.message, /cannot listen on 127\.0\.0\.1:\d+: EADDRINUSE/);
    return error.hint !== undefined;
  });
});
