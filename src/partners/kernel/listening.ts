/**
 * Asks the kernel about listening sockets: the address of one that systemd opened for Postern, and
 * who holds an address where Postern cannot listen.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, isIPv4 } from 'node:net';
import koffi from 'koffi';
import type { SocketAddress } from '../../lib/listener.ts';
import { peerOfSocket } from './peer-credentials.ts';

/** struct sockaddr_storage. */
const addressBytes = 128;
const families = { unix: 1, inet: 2, inet6: 10 } as const;
const probeMs = 2_000;

const getsockname: (fd: number, address: Buffer, length: Buffer) => number = koffi
  .load(null)
  .func('int getsockname(int, _Out_ void*, _Inout_ void*)');

/** `unix:/PATH` or `inet:HOST:PORT` of an open socket; undefined if it is no such socket. */
export function listeningAt(fd: number): string | undefined {
  const address = Buffer.alloc(addressBytes);
  const length = Buffer.alloc(4);
  length.writeInt32LE(addressBytes);
  if (getsockname(fd, address, length) !== 0) return undefined;
  const family = address.readUInt16LE(0);
  if (family === families.unix) {
    const end = address.indexOf(0, 2);
    const path = address.toString('utf8', 2, end < 0 ? length.readInt32LE(0) : end);
    return path.startsWith('/') ? `unix:${path}` : undefined;
  }
  const port = address.readUInt16BE(2);
  if (family === families.inet) return `inet:${[...address.subarray(4, 8)].join('.')}:${port}`;
  if (family !== families.inet6) return undefined;
  const groups = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(8 + 2 * at));
  const { hostname } = new URL(`http://[${groups.map((one) => one.toString(16)).join(':')}]`);
  return `inet:${hostname}:${port}`;
}

export type Holder = {
  readonly uid: number;
  /** Undefined if the kernel does not tell it: for TCP, to an ordinary user. */
  readonly pid?: number;
};

/** The user whose program listens at an address; undefined if it cannot be found out. */
export async function holderOf(where: SocketAddress): Promise<Holder | undefined> {
  if ('path' in where) return unixHolder(where.path);
  const uid = portHolder(where.host, where.port, socketTables());
  return uid === undefined ? undefined : { uid };
}

export function socketTables(): readonly string[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return ''; // no IPv6 here
    }
  });
}

const listening = '0A';

/** The uid of a program that listens on the port, at this address or at all. */
export function portHolder(
  host: string,
  port: number,
  tables: readonly string[],
): number | undefined {
  return listenerAt(host, port, tables)?.uid;
}

/**
 * The listening socket on the port, at this address or at all (proc_pid_net(5)). An IPv6 address is
 * compared by its port alone.
 */
export function listenerAt(
  host: string,
  port: number,
  tables: readonly string[],
): { readonly uid: number; readonly inode: string } | undefined {
  const end = port.toString(16).toUpperCase().padStart(4, '0');
  const hex = (octet: string): string => Number(octet).toString(16).toUpperCase().padStart(2, '0');
  const own = isIPv4(host) ? host.split('.').map(hex).reverse().join('') : undefined;
  for (const line of tables.flatMap((table) => table.split('\n'))) {
    const [, local = '', , state, , , , uid = '', , inode = ''] = line.trim().split(/\s+/);
    const [address = '', localPort] = local.split(':');
    if (state !== listening || localPort !== end || !/^\d+$/.test(uid)) continue;
    const isEverywhere = /^0+$/.test(address);
    const isMapped = own !== undefined && address === `0000000000000000FFFF0000${own}`;
    if (isEverywhere || isMapped || own === undefined || address === own) {
      return { uid: Number(uid), inode };
    }
  }
  return undefined;
}

/** A connection to the socket tells who made it listen (unix(7), SO_PEERCRED). */
async function unixHolder(path: string): Promise<Holder | undefined> {
  const socket = connect({ path });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(probeMs) });
    const peer = peerOfSocket(socket);
    if (peer === undefined) return undefined;
    return peer.pid > 0 ? { uid: peer.uid, pid: peer.pid } : { uid: peer.uid };
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
