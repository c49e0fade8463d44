/**
 * Clients of scanners against servers that do what scanners should not: hang, hang up, talk
 * nonsense, cut short.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { TooLargeError } from '../../core/scan/too-large.ts';
import type { SocketAddress } from '../../lib/listener.ts';
import { openClamav } from './clamav.ts';
import { openRspamd } from './rspamd.ts';
import { openSpamAssassin } from './spamassassin.ts';

const message = Buffer.from('Subject: x\r\n\r\nx\r\n');

/** `talk` is told of each connection, with its number from 1. */
async function scripted(
  talk: (socket: Socket, connection: number) => void,
): Promise<
  AsyncDisposable & { readonly where: SocketAddress; readonly connections: () => number }
> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    talk(socket, ++connections);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    where: { host: '127.0.0.1', port: address.port },
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const spamd = (where: SocketAddress) => openSpamAssassin({ where, user: 'joe', octetsMax: 1_000 });
const report = (body: string): string =>
  `SPAMD/1.1 0 EX_OK\r\nContent-length: ${body.length}\r\nSpam: False ; 1.5 / 5.0\r\n\r\n${body}`;

test('spamd with a custom report: names of rules by a second question', async () => {
  const asked: string[] = [];
  await using server = await scripted((socket) => {
    socket.once('data', (chunk) => {
      asked.push(chunk.toString('latin1').split('\r\n').slice(0, 3).join(' | '));
      socket.end(report(asked.length === 1 ? 'We think that it is fine.\r\n' : 'AWL,BAYES_00\r\n'));
    });
  });
  const found = await spamd(server.where).scan(message, 2_000);
  assert.deepEqual(found, {
    scanner: 'spamassassin',
    score: 1.5,
    required: 5,
    virus: '',
    rules: [
      { name: 'AWL', points: 0 },
      { name: 'BAYES_00', points: 0 },
    ],
  });
  const more = `Content-length: ${message.length} | User: joe`;
  assert.deepEqual(asked, [`REPORT SPAMC/1.5 | ${more}`, `SYMBOLS SPAMC/1.5 | ${more}`]);
});

const faults = [
  ['hangs', () => undefined, /within 200 ms/],
  ['hangs up', (socket: Socket) => socket.end(), /no answer/],
  [
    'talks nonsense',
    (socket: Socket) => socket.end('220 mail ESMTP\r\n'),
    /not an answer of spamd/,
  ],
  ['cuts short', (socket: Socket) => socket.end(report('x'.repeat(50)).slice(0, -9)), /cut short/],
  ['cannot', (socket: Socket) => socket.end('SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n'), /75 EX_TEMPFAIL/],
] as const;
for (const [what, talk, text] of faults) {
  test(`spamd ${what}: said so, in time`, async () => {
    await using server = await scripted(talk);
    const began = performance.now();
    await assert.rejects(spamd(server.where).scan(message, 200), text);
    assert.ok(performance.now() - began < 10_000);
  });
}

test('nobody there: said so', async () => {
  const where = { host: '127.0.0.1', port: 1 };
  await assert.rejects(spamd(where).ping(1_000), /ECONNREFUSED/);
  await assert.rejects(openClamav({ where, octetsMax: 9 }).scan(message, 1_000), /ECONNREFUSED/);
});

test('clamd: one session for messages one after another, a new one where it hung up', async () => {
  await using server = await scripted((socket, connection) => {
    let commands = 0;
    socket.on('data', (chunk) => {
      // The end of a stream: a chunk of no length.
      if (!chunk.subarray(-4).equals(Buffer.alloc(4))) return;
      socket.write(`${++commands}: stream: OK\0`);
      if (connection === 1 && commands === 2) socket.end();
    });
  });
  const clamav = openClamav({ where: server.where, octetsMax: 1_000 });
  for (let n = 0; n < 2; n++) assert.equal((await clamav.scan(message, 1_000)).virus, '');
  assert.equal(server.connections(), 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await clamav.scan(message, 1_000)).virus, '');
  assert.equal(server.connections(), 2);
  clamav.close();
});

test('clamd that answers another question, or hangs: the session is not used again', async () => {
  await using server = await scripted((socket, connection) => {
    socket.on('data', () => {
      if (connection === 1) socket.write('7: stream: OK\0');
      if (connection === 3) socket.write('1: stream: Bad FOUND\0');
    });
  });
  const clamav = openClamav({ where: server.where, octetsMax: 1_000 });
  await assert.rejects(clamav.scan(message, 500), /the answer to 7/);
  await assert.rejects(clamav.scan(message, 200), /within 200 ms/);
  assert.equal((await clamav.scan(message, 500)).virus, 'Bad');
  clamav.close();
});

test('clamd that hangs up in a long message: too long if it answers, else a fault', async () => {
  let alive = true;
  await using server = await scripted((socket) => {
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (chunk.toString('latin1').startsWith('zPING')) socket.end(alive ? 'PONG\0' : '');
      else if (got > 100_000) socket.resetAndDestroy();
    });
  });
  const clamav = openClamav({ where: server.where, octetsMax: 3_000_000 });
  const long = Buffer.alloc(2_500_000, 65);
  await assert.rejects(clamav.scan(long, 5_000), TooLargeError);
  alive = false;
  await assert.rejects(clamav.scan(long, 5_000), (cause) => !(cause instanceof TooLargeError));
  clamav.close();
});

test('rspamd: a connection is reused; an unreadable or missing answer is a fault', async () => {
  const answers = ['{"score":1,"required_score":15,"action":"greylist"}', '<html>no</html>'];
  let asked = 0;
  await using server = await scripted((socket) => {
    socket.on('data', (chunk) => {
      if (!chunk.includes('\r\nx\r\n')) return;
      const body = answers[asked++];
      if (body === undefined) return;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
  });
  const rspamd = openRspamd({ where: server.where, octetsMax: 1_000, connections: 2 });
  const found = await rspamd.scan(message, 1_000);
  const action = { name: 'greylist', isSpam: false, highest: 15 };
  assert.deepEqual([found.score, found.required, found.action], [1, 0, action]);
  await assert.rejects(rspamd.scan(message, 1_000), /not JSON/);
  assert.equal(server.connections(), 1);
  await assert.rejects(rspamd.scan(message, 200), /within 200 ms/);
  rspamd.close();
});
