/**
 * Who may connect to a door. Other users are bare uids, and the kernel is the real one; only what
 * it cannot be brought to say is made up.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Admission, Arrival } from '../../lib/listener.ts';
import type { SocketOwner } from '../../ports/scripts.ts';
import { openPeerCheck, type PeerCheckDeps } from './peer-check.ts';
import { openSocketOwners } from './socket-owner.ts';

const [postfix, webUser, gateway] = [42_001, 42_002, 42_003];
const onlyRoot = process.getuid?.() === 0 ? false : 'only root starts programs of other users';

type Notes = { readonly counted: string[]; readonly logged: Record<string, unknown>[] };

function check(more: Partial<PeerCheckDeps> = {}) {
  const notes: Notes = { counted: [], logged: [] };
  const admit = openPeerCheck({
    allowedUids: () => new Set([postfix, gateway]),
    trustedUids: () => new Set([postfix]),
    isAllowedAddress: (address) => address === '192.0.2.7',
    owners: openSocketOwners(),
    count: (name, _by, label) => notes.counted.push(`${name} ${label}`),
    log: (_level, event, fields) => notes.logged.push({ event, ...fields }),
    ...more,
  }).admit('milter');
  return { admit, notes };
}

/** A program of this user that connects, says `connected`, and stays. `from`: its own port. */
function client(uid: number, to: object, from?: number): ChildProcess {
  const options = JSON.stringify({ ...to, ...(from === undefined ? {} : { localPort: from }) });
  const program = `
    process.setgroups([]);
    process.setgid(${uid});
    process.setuid(${uid});
    const socket = require('node:net').connect(${options}, () => console.log('connected'));
    socket.on('error', (error) => console.log(error.code));
    setTimeout(() => {}, 60_000);`;
  return spawn(process.execPath, ['--no-warnings', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Listens, and asks `admit` about each connection. */
async function door(
  where: { readonly host: string } | { readonly path: string },
  admit: (arrival: Arrival) => Admission | Promise<Admission>,
): Promise<{ readonly server: Server; readonly seen: () => Promise<Admission> }> {
  const waiting: ((admission: Admission) => void)[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const handle: unknown = '_handle' in socket ? socket._handle : undefined;
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    const ends =
      localAddress === undefined || remoteAddress === undefined
        ? undefined
        : {
            local: { address: localAddress, port: localPort ?? 0 },
            remote: { address: remoteAddress, port: remotePort ?? 0 },
          };
    const fd = handle !== null && typeof handle === 'object' && 'fd' in handle ? handle.fd : -1;
    void Promise.resolve(admit({ fd: Number(fd), ends })).then((admission) =>
      waiting.shift()?.(admission),
    );
  });
  server.listen('path' in where ? where : { host: where.host, port: 0 });
  await once(server, 'listening');
  return { server, seen: () => new Promise((resolve) => waiting.push(resolve)) };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** What a door says about a client of each of these users. */
async function told(
  where: { readonly host: string } | { readonly path: string },
  admit: (arrival: Arrival) => Admission | Promise<Admission>,
  uids: readonly number[],
): Promise<readonly Admission[]> {
  const { server, seen } = await door(where, admit);
  if ('path' in where) chmodSync(where.path, 0o666);
  const to = 'path' in where ? where : { host: clientHost(where.host), port: portOf(server) };
  const all: Admission[] = [];
  for (const uid of uids) {
    const next = seen();
    const child = client(uid, to);
    all.push(await next);
    child.kill('SIGKILL');
  }
  server.close();
  return all;
}

/** A listener on `::` takes IPv4 clients, too, and shows them as ::ffff:127.0.0.1. */
const clientHost = (host: string): string => (host === '::' ? '127.0.0.1' : host);

const expected = [
  { kind: 'admitted', peer: 'uid 0', trusted: true },
  { kind: 'admitted', peer: `uid ${postfix}`, trusted: true },
  { kind: 'admitted', peer: `uid ${gateway}`, trusted: false },
  { kind: 'refused', uid: webUser, why: 'this user is not in doors.allowed_users' },
];

test('a Unix socket: the user at the other end, whatever its mode lets in', {
  skip: onlyRoot,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ppc-'));
  chmodSync(folder, 0o755);
  const { admit, notes } = check();
  try {
    const path = join(folder, 'door');
    assert.deepEqual(await told({ path }, admit, [0, postfix, gateway, webUser]), expected);
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.deepEqual(notes.counted, [`postern_refused_peers_total milter ${webUser}`]);
  const why = 'this user is not in doors.allowed_users';
  assert.deepEqual(notes.logged, [{ event: 'peer.refused', door: 'milter', uid: webUser, why }]);
});

for (const [name, host] of [
  ['IPv4', '127.0.0.1'],
  ['IPv6', ownAddress('IPv6', '::1')],
  ['IPv4 to a listener of IPv6', ownAddress('IPv6', '::1') && '::'],
  ['an address of this machine that is not loopback', ownAddress('IPv4')],
] as const) {
  const skip = onlyRoot || (host === undefined && 'this machine has no such address');
  test(`TCP from this machine, ${name}: the same`, { skip }, async () => {
    const { admit } = check();
    const uids = [0, postfix, gateway, webUser];
    assert.deepEqual(await told({ host: host ?? '' }, admit, uids), expected);
  });
}

/** This address, if the machine has it, or one that is not loopback. */
function ownAddress(family: 'IPv4' | 'IPv6', wanted?: string): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const found = all.find((one) =>
    wanted === undefined ? one.family === family && !one.internal : one.address === wanted,
  );
  return found?.address;
}

test('two users share a port of the client: only the one that is connected here counts', {
  skip: onlyRoot,
}, async () => {
  const { admit } = check();
  const here = await door({ host: '127.0.0.1' }, admit);
  const elsewhere = createServer().listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const [hereTo, otherTo] = [here.server, elsewhere].map((server) => ({
    host: '127.0.0.1',
    localAddress: '127.0.0.1',
    port: portOf(server),
  }));
  assert.ok(hereTo !== undefined && otherTo !== undefined);
  for (const [connected, other, kind] of [
    [webUser, postfix, 'refused'],
    [postfix, webUser, 'admitted'],
  ] as const) {
    const port = await freePort();
    const first = client(other, otherTo, port);
    const [line] = (await once(first.stdout ?? assert.fail(), 'data')) as [Buffer];
    assert.equal(line.toString().trim(), 'connected');
    const next = here.seen();
    const second = client(connected, hereTo, port);
    const admission = await next;
    assert.equal(admission.kind, kind);
    // By one end, both users own the port.
    const both = await openSocketOwners().of({ address: '127.0.0.1', port });
    assert.ok(typeof both === 'object' && both.uids.length === 2);
    for (const child of [first, second]) child.kill('SIGKILL');
  }
  here.server.close();
  elsewhere.close();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** TCP connections from this address, with what the kernel says of each look. */
async function asked(
  address: string,
  says: readonly SocketOwner[],
  { isHere = true } = {},
): Promise<{ readonly admission: Admission; readonly looks: number }> {
  let looks = 0;
  const { admit } = check({
    owners: {
      isHere: () => isHere,
      of: async (end, other) => {
        assert.ok(!end.address.includes('%') && !end.address.startsWith('::ffff:'));
        assert.equal(other?.port, 9_900);
        return says[looks++] ?? 'unknown';
      },
    },
  });
  const ends = {
    local: { address: '::ffff:127.0.0.1', port: 9_900 },
    remote: { address, port: 40_001 },
  };
  return { admission: await admit({ fd: -1, ends }), looks };
}

test('every owner of a connection must be allowed; without a user it is refused', async () => {
  const kinds = async (...says: SocketOwner[]): Promise<string> => {
    const { admission, looks } = await asked('::ffff:127.0.0.1', says);
    return `${admission.kind} after ${looks}`;
  };
  assert.equal(await kinds({ uids: [postfix, 0] }), 'admitted after 1');
  assert.equal(await kinds({ uids: [postfix, webUser] }), 'refused after 1');
  assert.equal(await kinds('closed'), 'refused after 1');
  assert.equal(await kinds('unknown'), 'refused after 1');
  assert.equal(await kinds('elsewhere', 'elsewhere', { uids: [postfix] }), 'admitted after 3');
  assert.equal(await kinds('elsewhere', 'elsewhere', 'elsewhere'), 'refused after 3');
});

test('peers elsewhere: only listed addresses, and no program here that borrows one', async () => {
  const far = { isHere: false };
  const peer = await asked('192.0.2.7', ['elsewhere'], far);
  assert.deepEqual(peer.admission, { kind: 'admitted', peer: '192.0.2.7', trusted: false });
  assert.equal((await asked('::ffff:192.0.2.7', ['elsewhere'], far)).admission.kind, 'admitted');
  for (const owner of [{ uids: [webUser] }, 'closed', 'unknown'] as const) {
    assert.equal((await asked('192.0.2.7', [owner], far)).admission.kind, 'refused');
  }
  const stranger = await asked('198.51.100.1', [], far);
  assert.deepEqual([stranger.admission.kind, stranger.looks], ['refused', 0]);
});

test('a file that is no socket, and a connection that is gone, are nobody', () => {
  const { admit, notes } = check();
  const admission = admit({ fd: -1, ends: undefined });
  assert.deepEqual(admission, {
    kind: 'refused',
    why: 'the kernel does not say which user it is',
  });
  assert.deepEqual(notes.counted, ['postern_refused_peers_total milter unknown']);
});

test('each user is logged once a minute; after some users the rest are one', async () => {
  let now = 0;
  const uids: number[] = [];
  const { admit, notes } = check({
    nowMs: () => now,
    owners: { isHere: () => true, of: async () => ({ uids: [uids[0] ?? 0] }) },
  });
  const ends = {
    local: { address: '127.0.0.1', port: 9_900 },
    remote: { address: '127.0.0.1', port: 40_001 },
  };
  const refuse = async (uid: number): Promise<void> => {
    uids[0] = uid;
    await admit({ fd: -1, ends });
  };
  for (let index = 0; index < 1_000; index++) await refuse(webUser);
  assert.deepEqual([notes.logged.length, notes.counted.length], [1, 1_000]);
  now += 60_000;
  await refuse(webUser);
  assert.deepEqual([notes.logged.length, notes.logged[1]?.['leftOut']], [2, 999]);
  for (let uid = 50_000; uid < 51_000; uid++) await refuse(uid);
  assert.ok(new Set(notes.counted).size < 20 && notes.logged.length < 20);
  assert.ok(notes.counted.includes('postern_refused_peers_total milter other'));
});
