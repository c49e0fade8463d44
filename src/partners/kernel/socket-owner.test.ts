/** Whose a socket is: of tables as the kernel writes them, and of real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import type { SocketOwner } from '../../ports/scripts.ts';
import type { SocketDiag } from './socket-diag.ts';
import { indexed, openSocketOwners, ownerIn } from './socket-owner.ts';

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  ' +
  'timeout inode\n';
/** A line of the table, as the kernel writes it. */
const row = (ends: string, state: string, uid: number, inode: number): string =>
  `   0: ${ends} ${state} 00000000:00000000 00:00000000 00000000 ` +
  `${String(uid).padStart(5)}        0 ${inode} 1 0000 20 4 30 10 -1\n`;
const v4 = Buffer.from(
  [
    head,
    row('00000000:0019 00000000:0000', '0A', 0, 77),
    row('0100007F:9C41 0100007F:0019', '01', 33, 3_969_946),
    row('0100007F:0019 0100007F:9C41', '01', 101, 3_969_947),
    row('0100007F:9C42 0100007F:0019', '05', 0, 0),
    row('0100007F:9C43 0100007F:0019', '01', 33, 3_969_950),
    row('0100007F:9C43 0100007F:01BB', '01', 1_001, 3_969_951),
  ].join(''),
);
const mapped = '0000000000000000FFFF00000100007F';
const loopback6 = '00000000000000000000000001000000';
const v6 = Buffer.from(
  [
    head,
    row(`${mapped}:9C44 ${mapped}:0019`, '01', 1_002, 4001),
    row(`${loopback6}:9C45 ${loopback6}:0019`, '01', 1_003, 4002),
    row(`B80D01200000000000000000070F0000:9C46 ${loopback6}:0019`, '01', 1_004, 4003),
  ].join(''),
);

const cases = [
  ['a client here', '127.0.0.1', 40_001, { uids: [33] }],
  ['one that was closed', '127.0.0.1', 40_002, 'closed'],
  ['one port, two users', '127.0.0.1', 40_003, { uids: [33, 1_001] }],
  ['an IPv6 socket to an IPv4 address', '127.0.0.1', 40_004, { uids: [1_002] }],
  ['::1', '::1', 40_005, { uids: [1_003] }],
  ['a whole IPv6 address', '2001:db8::f07', 40_006, { uids: [1_004] }],
  ['nobody', '127.0.0.1', 40_009, 'elsewhere'],
  ['who listens is no client', '0.0.0.0', 25, 'elsewhere'],
  ['no address', 'unknown', 25, 'elsewhere'],
] as const;
for (const [name, address, port, owner] of cases) {
  test(name, () => assert.deepEqual(ownerIn({ address, port }, indexed({ v4, v6 })), owner));
}

test('a table that could not be read says nothing', () => {
  const end = { address: '127.0.0.1', port: 40_009 };
  assert.equal(ownerIn(end, indexed({ v4: undefined, v6 })), 'unknown');
  assert.equal(ownerIn(end, indexed({ v4, v6: Buffer.alloc(0) })), 'elsewhere');
  assert.equal(
    ownerIn(end, indexed({ v4: v4.subarray(0, 200), v6: Buffer.from('x\n\n:') })),
    'elsewhere',
  );
});

test('the owner of a real connection; other sockets are told from remote ones', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const client = connect(address.port, '127.0.0.1');
  await once(client, 'connect');
  const owners = openSocketOwners();
  assert.deepEqual(await owners.of({ address: '127.0.0.1', port: client.localPort ?? 0 }), {
    uids: [process.getuid?.()],
  });
  assert.deepEqual([owners.isHere('::1'), owners.isHere('192.0.2.7')], [true, false]);
  // A program may bind its end to any of them, and be let in by mynetworks.
  assert.ok(owners.isHere('127.0.0.2') && owners.isHere('127.255.1.9'));
  client.destroy();
  server.close();
});

test('both ends: the kernel is asked for one socket; where it cannot be, the table', async () => {
  const end = { address: '127.0.0.1', port: 40_003 };
  const other = { address: '127.0.0.1', port: 443 };
  let reads = 0;
  const of = (ask: SocketDiag): Promise<SocketOwner> =>
    openSocketOwners({
      ask,
      read: async () => {
        reads++;
        return { v4, v6 };
      },
    }).of(end, other);
  assert.deepEqual(await of(() => ({ uids: [7] })), { uids: [7] });
  assert.deepEqual([await of(() => 'elsewhere'), reads], ['elsewhere', 0]);
  assert.deepEqual([await of(() => undefined), reads], [{ uids: [1_001] }, 1]);
});

test('of the table: both ends, and every row of them', () => {
  const at = (address: string, port: number, to: readonly [string, number]): SocketOwner =>
    ownerIn({ address, port }, indexed({ v4, v6 }), { address: to[0], port: to[1] });
  assert.deepEqual(at('127.0.0.1', 40_003, ['127.0.0.1', 25]), { uids: [33] });
  assert.deepEqual(at('127.0.0.1', 40_003, ['127.0.0.1', 443]), { uids: [1_001] });
  assert.deepEqual(at('127.0.0.1', 40_003, ['127.0.0.1', 9_900]), 'elsewhere');
  assert.deepEqual(at('127.0.0.1', 40_004, ['127.0.0.1', 25]), { uids: [1_002] });
  assert.deepEqual(at('2001:db8::f07', 40_006, ['::1', 25]), { uids: [1_004] });
  assert.deepEqual(at('127.0.0.1', 40_002, ['127.0.0.1', 25]), 'closed');
  assert.deepEqual(at('127.0.0.1', 40_003, ['unknown', 25]), 'elsewhere');
  const ends = '0100007F:9C47 0100007F:0019';
  const twice = indexed({
    v4: Buffer.from([head, row(ends, '01', 33, 9), row(ends, '06', 0, 0)].join('')),
    v6: Buffer.alloc(0),
  });
  const [client, server] = [40_007, 25].map((port) => ({ address: '127.0.0.1', port }));
  assert.ok(client !== undefined);
  assert.deepEqual(ownerIn(client, twice), { uids: [33] });
  assert.deepEqual(ownerIn(client, twice, server), 'closed');
});

test('where the kernel does not tell its addresses, any may be one of this machine', () => {
  const interfaces = (): never => {
    throw new Error('EAFNOSUPPORT');
  };
  assert.ok(openSocketOwners({ interfaces }).isHere('192.0.2.7'));
});

test('one table at a time, and none that was begun before one asked', async () => {
  const reads: (() => void)[] = [];
  const owners = openSocketOwners({
    read: () => new Promise((resolve) => reads.push(() => resolve({ v4, v6 }))),
  });
  const told: string[] = [];
  const ask = (name: string): void => {
    void owners.of({ address: '127.0.0.1', port: 40_001 }).then(() => told.push(name));
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  ask('first');
  ask('second');
  ask('third');
  await settle();
  assert.equal(reads.length, 1);
  reads[0]?.();
  await settle();
  assert.deepEqual([told.join(), reads.length], ['first', 2]);
  reads[1]?.();
  await settle();
  assert.equal(told.join(), 'first,second,third');
});
