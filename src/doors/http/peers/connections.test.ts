/** Who stays when the page has too many connections: on real sockets, with peers by port. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as soon } from 'node:timers/promises';
import type { Millis } from '../../../lib/time.ts';
import type { SocketOwner } from '../../../ports/scripts.ts';
import { beforeHttp, type Connections, openConnections } from './connections.ts';

type Stage = AsyncDisposable & {
  readonly log: string[];
  /** Opens connections of this user. Each is admitted or closed when the promise resolves. */
  hold(user: number, count: number, bytes?: string): Promise<readonly Socket[]>;
  /** The status of one whole request of this user. */
  ask(user: number, how?: { readonly token?: string; readonly keep?: boolean }): Promise<number>;
  refused(): number;
};

/** A server with this limiter in front. The path `/token` proves its connection. */
async function stage(ownerOf?: (user: number) => SocketOwner): Promise<Stage> {
  const users = new Map<number, number>();
  const known = new Set<number>();
  const log: string[] = [];
  const all = new Set<Socket>();
  let refused = 0;
  let clock = 1_000_000;
  const limiter: Connections = openConnections({
    owners: {
      isHere: () => true,
      async of({ port }) {
        // The connection may be here before the test has noted its user.
        while (!users.has(port)) await soon();
        const user = users.get(port) ?? 0;
        known.add(port);
        return ownerOf?.(user) ?? { uids: [user] };
      },
    },
    clock: { now: () => ++clock as Millis },
    count: (_name, by = 1) => {
      refused += by;
    },
    log: (_level, event, fields) => log.push(`${event} ${JSON.stringify(fields)}`),
  });
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === '/token') limiter.prove(incoming.socket);
    outgoing.end();
  });
  beforeHttp(server, limiter.take);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const opened = async (user: number): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1' });
    all.add(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    users.set(socket.localPort ?? 0, user);
    return socket;
  };
  return {
    log,
    refused: () => refused,
    async hold(user, count, bytes = 'GET / HTTP/1.1\r\nHost: x\r\n') {
      const sockets: Socket[] = [];
      for (let nth = 0; nth < count; nth++) {
        const socket = await opened(user);
        const { localPort = 0 } = socket;
        socket.write(bytes);
        sockets.push(socket);
        while (!known.has(localPort)) await soon();
      }
      await soon(); // the last one is admitted or closed
      return sockets;
    },
    async ask(user, { token = '', keep = false } = {}) {
      const socket = await opened(user);
      const headers = { Connection: keep ? 'keep-alive' : 'close' };
      const asked = request({ createConnection: () => socket, path: `/${token}`, headers });
      asked.on('error', () => undefined);
      asked.end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode ?? 0;
    },
    async [Symbol.asyncDispose]() {
      limiter.close();
      for (const socket of all) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const gone = (socket: Socket): Promise<void> =>
  new Promise<void>((resolve) => {
    if (socket.destroyed) resolve();
    else socket.resume().once('close', resolve);
  });

test('a user with too many loses the oldest; no other user notices', async () => {
  await using at = await stage();
  const before = await at.hold(7, 3);
  const many = await at.hold(1001, 300);
  for (const socket of many.slice(0, 150)) await gone(socket);
  assert.equal(await at.ask(0), 200);
  assert.equal(await at.ask(7), 200);
  assert.ok(before.every((socket) => !socket.destroyed));
  assert.equal(many.at(-1)?.destroyed, false, 'the newest stay');
  assert.ok(at.refused() >= 150);
  assert.equal(at.log.length, 1, 'logged once a minute');
  assert.match(at.log[0] ?? '', /^http\.crowded \{"peer":"uid 1001"\}$/);
});

test('many users together: the one with the most gives way', async () => {
  await using at = await stage();
  const few = await at.hold(1000, 20);
  const many: Socket[] = [];
  for (let nth = 0; nth < 100; nth++) {
    for (const user of [1001, 1002, 1003, 1004]) many.push(...(await at.hold(user, 1)));
  }
  assert.equal(await at.ask(0), 200);
  assert.ok(at.refused() >= 420 - 128, `${at.refused()} closed`);
  assert.ok(few.every((socket) => !socket.destroyed));
});

test('a connection that showed the token is not closed for another', async () => {
  await using at = await stage();
  assert.equal(await at.ask(1001, { token: 'token', keep: true }), 200);
  const many = await at.hold(1001, 200);
  for (const socket of many.slice(0, 72)) await gone(socket);
  for (let nth = 0; nth < 127; nth++) {
    assert.equal(await at.ask(1002, { token: 'token', keep: true }), 200);
  }
  for (const socket of many) await gone(socket);
  const [last] = await at.hold(1001, 1);
  assert.ok(last);
  await gone(last);
});

test('a request sent before its sender is known is answered, also after a half-close', async () => {
  await using at = await stage();
  const [socket] = await at.hold(7, 1, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.ok(socket);
  socket.end();
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'close');
  assert.match(text, /^HTTP\/1\.1 200 /);
});

test('a closed socket is not served; a socket without a row counts by its address', async () => {
  await using closed = await stage(() => 'closed');
  const [socket] = await closed.hold(7, 1, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.ok(socket);
  await gone(socket);
  for (const owner of ['elsewhere', 'unknown'] as const) {
    await using at = await stage(() => owner);
    const many = await at.hold(1001, 130);
    await gone(many[0] as Socket);
    assert.match(at.log[0] ?? '', /"peer":"127\.0\.0\.1"/);
    assert.equal(await at.ask(0), 200);
  }
});
