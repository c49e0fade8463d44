/** Addresses of real sockets, and who holds one; tables as the kernel writes them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { holderOf, listeningAt, portHolder } from './listening.ts';

async function listening(where: object): Promise<{ readonly server: Server; readonly fd: number }> {
  const server = createServer().listen(where);
  await once(server, 'listening');
  const handle: unknown = '_handle' in server ? server._handle : undefined;
  assert.ok(typeof handle === 'object' && handle !== null && 'fd' in handle);
  return { server, fd: Number(handle.fd) };
}

test('the address of a listening socket, and its holder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'psl-'));
  const path = join(folder, 's');
  const unix = await listening({ path });
  assert.equal(listeningAt(unix.fd), `unix:${path}`);
  const uid = process.getuid?.() ?? -1;
  assert.deepEqual(await holderOf({ path }), { uid, pid: process.pid });
  assert.equal(await holderOf({ path: join(folder, 'none') }), undefined);
  unix.server.close();
  rmSync(folder, { recursive: true });
  const tcp = await listening({ host: '127.0.0.1', port: 0 });
  const address = listeningAt(tcp.fd) ?? '';
  assert.match(address, /^inet:127\.0\.0\.1:\d+$/);
  const port = Number(address.split(':')[2]);
  assert.deepEqual(await holderOf({ host: '127.0.0.1', port }), { uid });
  tcp.server.close();
  assert.equal(listeningAt(9_999), undefined);
});

const row = (local: string, state: string, uid: number): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}  0 77 1\n`;
const port = '26AC';
const rows = [
  ['at the address', row(`0100007F:${port}`, '0A', 1001), '127.0.0.1', 1001],
  ['at all addresses', row(`00000000:${port}`, '0A', 33), '127.0.0.1', 33],
  ['at another', row(`0200007F:${port}`, '0A', 1001), '127.0.0.1', undefined],
  ['a connection, not a listener', row(`0100007F:${port}`, '01', 1001), '127.0.0.1', undefined],
  ['another port', row('0100007F:26AD', '0A', 1001), '127.0.0.1', undefined],
  ['IPv6', row(`${'0'.repeat(24)}01000000:${port}`, '0A', 5), '::1', 5],
  ['what is no table', 'x\n\n: :', '127.0.0.1', undefined],
] as const;
for (const [name, table, host, uid] of rows) {
  test(`who holds a port: ${name}`, () => assert.equal(portHolder(host, 9900, [table]), uid));
}
