/** One socket by both of its ends, of the real kernel. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import type { SocketEnd } from '../../ports/scripts.ts';
import { openSocketDiag } from './socket-diag.ts';

const here = { address: '127.0.0.1', port: 1 };
const ask = openSocketDiag();
assert.equal(ask(here, here), undefined, 'before the first answer, none is no proof');
const skip = (await works()) ? false : 'this kernel does not answer sock_diag requests';
const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);
const mine = { uids: [process.getuid?.() ?? -1] };

async function listener(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { server, port: address.port };
}

async function works(): Promise<boolean> {
  const { server, port } = await listener('127.0.0.1');
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  const end = { address: '127.0.0.1', port: client.localPort ?? 0 };
  const owner = ask(end, { address: '127.0.0.1', port });
  client.destroy();
  server.close();
  return owner !== undefined;
}

for (const [listens, dials, seen] of [
  ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
  ['::1', '::1', '::1'],
  // A socket of IPv6 that is connected to an address of IPv4.
  ['127.0.0.1', '::ffff:127.0.0.1', '127.0.0.1'],
  ['::', '127.0.0.1', '127.0.0.1'],
] as const) {
  const noIpv6 = !hasIpv6 && `${listens}${dials}`.includes(':') && 'no IPv6 here';
  test(`from ${dials} to ${listens}`, { skip: skip || noIpv6 }, async () => {
    const { server, port } = await listener(listens);
    const client = connect(port, dials);
    await once(client, 'connect');
    const end: SocketEnd = { address: seen, port: client.localPort ?? 0 };
    const other: SocketEnd = { address: seen, port };
    assert.deepEqual(ask(end, other), mine);
    assert.deepEqual(ask(other, end), mine);
    // Nobody is connected like this; the kernel would tell of the listener.
    assert.equal(ask(other, { ...end, port: 1 }), 'elsewhere');
    assert.equal(ask({ ...end, port: 1 }, other), 'elsewhere');
    client.destroy();
    server.close();
  });
}

test('the other end of a connection shows that the kernel can be asked', { skip }, async () => {
  const { server, port } = await listener('127.0.0.1');
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  const away = { address: '192.0.2.7', port: 25 };
  const other = { address: '127.0.0.1', port };
  const first = openSocketDiag();
  assert.equal(first(away, other), undefined);
  assert.deepEqual(first(other, { ...other, port: client.localPort ?? 0 }), mine);
  assert.equal(first(away, other), 'elsewhere');
  client.destroy();
  server.close();
});

test('many requests after each other get their own answers', { skip }, async () => {
  const { server, port } = await listener('127.0.0.1');
  const clients = Array.from({ length: 50 }, () => connect(port, '127.0.0.1'));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  for (const client of clients) {
    const end = { address: '127.0.0.1', port: client.localPort ?? 0 };
    assert.deepEqual(ask(end, { address: '127.0.0.1', port }), mine);
    assert.equal(ask({ ...end, address: '127.0.0.9' }, { ...end, port }), 'elsewhere');
  }
  for (const client of clients) client.destroy();
  server.close();
});

test('a socket that its program closed has no owner', { skip }, async () => {
  const { server, port } = await listener('127.0.0.1');
  const accepted = once(server, 'connection');
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await accepted;
  const end = { address: '127.0.0.1', port: client.localPort ?? 0 };
  client.destroy();
  await once(client, 'close');
  const owner = ask(end, { address: '127.0.0.1', port });
  assert.ok(owner === 'closed' || owner === 'elsewhere');
  server.close();
});

test('what is no address, and what needs an interface, is not asked for', () => {
  assert.equal(ask({ address: 'unknown', port: 25 }, here), undefined);
  assert.equal(ask({ address: '::1', port: 25 }, here), undefined);
  assert.equal(ask({ address: 'fe80::1', port: 25 }, { address: 'fe80::1', port: 9 }), undefined);
});
