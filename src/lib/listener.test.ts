/** Who gets in at a listener, and how it closes. Its time limits: doors/milter/server.test.ts. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Admission,
  type ListenerHooks,
  type ListenerLimits,
  openListener,
  type PeerConnection,
} from './listener.ts';
import type { Fullness } from './peer-places.ts';

const limits: ListenerLimits = {
  connectionsMax: 8,
  firstMs: 60_000,
  partialMs: 60_000,
  idleMs: 60_000,
  drainMs: 5_000,
};
const admitted = (peer: string, trusted: boolean): Admission => ({
  kind: 'admitted',
  peer,
  trusted,
});
const refused: Admission = { kind: 'refused', uid: 33, why: 'this is a test' };

type Notes = {
  readonly faults: string[];
  readonly opened: PeerConnection[];
  readonly taken: string[];
  readonly full: (Fullness | undefined)[];
};

/** A listener that sends back what it gets, a request a byte. */
async function echo(
  t: TestContext,
  { more = {}, admit }: { more?: Partial<ListenerLimits>; admit?: ListenerHooks['admit'] } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'pls-'));
  const notes: Notes = { faults: [], opened: [], taken: [], full: [] };
  const listener = await openListener(
    { path: join(folder, 'door') },
    { ...limits, ...more },
    {
      admit,
      full: (now) => notes.full.push(now),
      fault: (kind, peer) => notes.faults.push(`${kind} ${peer}`),
      open(line) {
        notes.opened.push(line);
        let requests = 0;
        return {
          take(chunk) {
            notes.taken.push(chunk.toString());
            requests += chunk.length;
            line.write(chunk);
          },
          state: () => 'idle',
          requests: () => requests,
          tick: () => undefined,
          gone: () => undefined,
        };
      },
    },
  );
  const sockets: Socket[] = [];
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await listener.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const dial = async (): Promise<Socket> => {
    const socket = connect(join(folder, 'door'));
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  return { listener, notes, dial };
}

function ended(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((done) => (socket.closed ? done() : socket.once('close', () => done())));
}

/** Sends this, and waits until it has come back, after what was sent before. */
async function answered(socket: Socket, text: string, whole = text): Promise<void> {
  socket.write(text);
  let heard = '';
  while (heard.length < whole.length) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    heard += chunk.toString();
  }
  assert.equal(heard, whole);
}

/** Waits until this is so; the limit is only there to end a test that fails. */
async function until(isSo: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isSo() && waitedMs < 30_000; waitedMs += 5) await sleep(5);
  assert.ok(isSo());
}

test('what a peer sends before it is admitted waits, and comes whole', async (t) => {
  const answers: ((admission: Admission) => void)[] = [];
  const admit = (): Promise<Admission> => new Promise((done) => answers.push(done));
  const { notes, dial } = await echo(t, { admit });
  const [one, two] = [await dial(), await dial()];
  one.write('early ');
  two.write('never');
  await until(() => answers.length === 2);
  assert.deepEqual([notes.opened.length, notes.taken], [0, []]);
  answers[0]?.(admitted('uid 103', true));
  answers[1]?.(refused);
  await ended(two);
  await answered(one, 'late', 'early late');
  const [line] = notes.opened;
  assert.deepEqual([notes.opened.length, line?.peer, line?.trusted], [1, 'uid 103', true]);
  assert.deepEqual([notes.taken.join(''), notes.faults], ['early late', []]);
});

test('those that are looked at have a limit of their own, and take no place', async (t) => {
  const answers: ((admission: Admission) => void)[] = [];
  let first = true;
  const admit = (): Admission | Promise<Admission> => {
    if (!first) return new Promise((done) => answers.push(done));
    first = false;
    return admitted('uid 103', true);
  };
  const { dial, listener, notes } = await echo(t, { admit, more: { connectionsMax: 2 } });
  const postfix = await dial();
  const crowd: Socket[] = [];
  for (let index = 0; index < 2_100; index++) crowd.push(await dial());
  await until(() => notes.faults.length === 52);
  assert.deepEqual(new Set(notes.faults), new Set(['full not looked at']));
  assert.deepEqual([answers.length, listener.connections], [2_048, 1]);
  // All are refused but the last, which gets the second place.
  for (const answer of answers.slice(0, -1)) answer(refused);
  answers.at(-1)?.(admitted('uid 103', true));
  await until(() => listener.connections === 2);
  await answered(postfix, 'still here');
  assert.deepEqual([notes.opened.length, notes.full.at(-1)?.connections], [2, 2]);
});

test('a check that fails, or a peer that left meanwhile, costs nobody else', async (t) => {
  const answers: { resolve(admission: Admission): void; reject(cause: Error): void }[] = [];
  let mode: 'throws' | 'waits' | 'admits' = 'throws';
  const admit = (): Admission | Promise<Admission> => {
    if (mode === 'throws') throw new TypeError('our mistake');
    if (mode === 'admits') return admitted('uid 0', true);
    return new Promise((resolve, reject) => answers.push({ resolve, reject }));
  };
  const { dial, listener, notes } = await echo(t, { admit });
  await ended(await dial());
  mode = 'waits';
  const [failing, leaving] = [await dial(), await dial()];
  await until(() => answers.length === 2);
  answers[0]?.reject(new TypeError('our mistake'));
  await ended(failing);
  leaving.destroy();
  answers[1]?.resolve(admitted('uid 0', true));
  mode = 'admits';
  await answered(await dial(), 'well');
  await until(() => listener.connections === 1);
  assert.deepEqual(notes.faults, ['bug not looked at', 'bug not looked at']);
});

test('one peer gets a quarter of the places; the end of the places is told', async (t) => {
  let who = admitted('uid 33', false);
  const { dial, notes } = await echo(t, { admit: () => who });
  const crowd = [await dial(), await dial()];
  await answered(crowd[1] ?? assert.fail(), 'in');
  await ended(await dial());
  assert.deepEqual(notes.faults, ['many uid 33']);
  const crowded = { of: 'peer', connections: 2, peer: 'uid 33', ofPeer: 2 };
  assert.deepEqual(notes.full, [crowded]);
  who = admitted('uid 103', true);
  const postfix: Socket[] = [];
  for (let index = 0; index < 6; index++) postfix.push(await dial());
  await answered(postfix[5] ?? assert.fail(), 'in');
  assert.deepEqual(notes.full.slice(1), [
    { of: 'all', connections: 8, peer: 'uid 103', ofPeer: 6 },
  ]);
  await ended(await dial());
  assert.deepEqual(notes.faults, ['many uid 33', 'full uid 103']);
  for (const socket of crowd) socket.destroy();
  await until(() => notes.full.length === 3);
  assert.equal(notes.full[2], undefined);
});

test('at close an idle peer has some time, and one just looked at is served', async (t) => {
  const answers: ((admission: Admission) => void)[] = [];
  let waits = false;
  const { dial, listener, notes } = await echo(t, {
    more: { lingerMs: 1_500, drainMs: 60_000 },
    admit: () => (waits ? new Promise((done) => answers.push(done)) : admitted('uid 103', true)),
  });
  const idle = await dial();
  await answered(idle, 'one');
  waits = true;
  const late = await dial();
  await until(() => answers.length === 1);
  const closing = listener.close();
  answers[0]?.(admitted('uid 103', true));
  await answered(idle, 'two');
  await answered(late, 'three');
  await Promise.all([ended(idle), ended(late), closing]);
  assert.equal(notes.opened.length, 2);
});

function descriptorOf(server: Server): number {
  const handle: unknown = '_handle' in server ? server._handle : undefined;
  assert.ok(typeof handle === 'object' && handle !== null && 'fd' in handle);
  return Number(handle.fd);
}

test('a socket that another program opened', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const module = resolve(import.meta.dirname, 'listener.ts');
  const program = `import(${JSON.stringify(module)}).then(async ({ openListener }) => {
    const limits = ${JSON.stringify(limits)};
    const listener = await openListener({ fd: 3, name: 'inet:127.0.0.1:4321' }, limits, {
      fault: console.log,
      open: (line) => {
        line.write(Buffer.from(listener.address));
        return { take() {}, state: () => 'idle', requests: () => 0, tick() {}, gone() {} };
      },
    });
    console.log('listens');
    process.stdin.resume().on('end', () => listener.close());
  });`;
  const child = spawn(process.execPath, ['--no-warnings', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit', descriptorOf(server)],
  });
  const gone = once(child, 'exit');
  try {
    await once(child.stdout ?? assert.fail(), 'data');
    server.close();
    const socket = connect({ host: '127.0.0.1', port: address.port });
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    assert.equal(greeting.toString(), 'inet:127.0.0.1:4321');
    child.stdin?.end();
    await ended(socket);
    assert.deepEqual(await gone, [0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a session that cannot begin gives its place back', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pls-'));
  const faults: string[] = [];
  const listener = await openListener(
    { path: join(folder, 'door') },
    { ...limits, connectionsMax: 2 },
    {
      fault: (kind) => void faults.push(kind),
      open() {
        throw new Error('this is a test');
      },
    },
  );
  t.after(async () => {
    await listener.close();
    rmSync(folder, { recursive: true, force: true });
  });
  for (let nth = 0; nth < 5; nth++) await once(connect(join(folder, 'door')), 'close');
  assert.deepEqual(faults, ['bug', 'bug', 'bug', 'bug', 'bug']);
});
