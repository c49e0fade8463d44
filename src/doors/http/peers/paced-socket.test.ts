import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { beforeHttp } from './connections.ts';
import { PacedSocket } from './paced-socket.ts';

async function stage(waitMs: () => number) {
  let turn = 0;
  const turns: number[] = [];
  const bodies: string[] = [];
  const server = createServer((incoming, outgoing) => {
    turns.push(turn);
    setImmediate(() => turn++);
    void text(incoming).then((body) => {
      bodies.push(body);
      outgoing.end('x'.repeat(Number(incoming.headers['x-answer'] ?? 1)));
    });
  });
  beforeHttp(server, (socket, admit) => admit(new PacedSocket(socket, waitMs)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    turns,
    bodies,
    open: () => connect({ port, host: '127.0.0.1', allowHalfOpen: true }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

test('requests that came together are handed on one in a turn', async () => {
  await using at = await stage(() => 0);
  const socket = at.open();
  socket.write(request.repeat(499) + request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  assert.equal((await text(socket)).match(/HTTP\/1\.1 200/g)?.length, 500);
  assert.equal(new Set(at.turns).size, 500);
});

test('a request waits as long as it is told to, and nothing is lost', async () => {
  let asked = 0;
  await using at = await stage(() => (asked++ % 2 === 0 ? 5 : 0));
  const socket = at.open();
  const body = 'one\r\n\r\ntwo\n\nthree';
  const head = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n`;
  for (const byte of `${head}X-Answer: 2000000\r\n\r\n${body}`) socket.write(byte);
  socket.write(`${head}Connection: close\r\n\r\n${body}`);
  const answers = await text(socket);
  assert.equal(answers.match(/HTTP\/1\.1 200/g)?.length, 2);
  assert.ok(answers.length > 2_000_000);
  assert.deepEqual(at.bodies, [body, body]);
});

test('a peer that goes away ends the connection for HTTP too', async () => {
  await using at = await stage(() => 60_000);
  const socket = at.open();
  await once(socket, 'connect');
  socket.write(request);
  socket.resetAndDestroy();
  await once(socket, 'close');
  assert.equal(at.turns.length, 0);
});
