/**
 * Finds the user at the other end of a connection from this machine to itself. If both ends are
 * known, the kernel is asked for that one socket (socket-diag.ts). Else, and where it cannot be
 * asked, its table of TCP sockets (proc_pid_net(5)) names the user of each socket.
 *
 * The kernel needs about 10 ms to write a table of 10,000 sockets. So tables are read on Node's
 * thread pool, one at a time, and all questions that come meanwhile share the next table.
 */
import { open } from 'node:fs/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { SocketEnd, SocketOwner, SocketOwners } from '../../ports/scripts.ts';
import { openSocketDiag, type SocketDiag } from './socket-diag.ts';

/** Room for about 200,000 sockets of 150 bytes each. */
const tableBytesMax = 32 * 1024 * 1024;
const firstBytes = 256 * 1024;
const addressesForMs = 60_000;

/** The tables; undefined if a table is too long or cannot be read. */
export type SocketTable = { readonly v4: Buffer | undefined; readonly v6: Buffer | undefined };
/** Where the lines of each local address and port begin. */
type Index = ReadonlyMap<string, readonly number[]>;
type Indexed = SocketTable & { readonly at4: Index; readonly at6: Index };

type SocketOwnersDeps = {
  readonly read?: () => Promise<SocketTable>;
  readonly ask?: SocketDiag;
  readonly interfaces?: typeof networkInterfaces;
};

export function openSocketOwners({
  read = readTables,
  ask = openSocketDiag(),
  interfaces = networkInterfaces,
}: SocketOwnersDeps = {}): SocketOwners {
  let addresses: ReadonlySet<string> | undefined;
  let knownAt = Number.NEGATIVE_INFINITY;
  let running: Promise<Indexed> | undefined;
  let next: Promise<Indexed> | undefined;
  /** A table whose reading starts after this call. */
  const table = (): Promise<Indexed> => {
    if (running === undefined) {
      running = read()
        .then(indexed)
        .finally(() => {
          running = undefined;
        });
      return running;
    }
    next ??= running.then(
      () => fresh(),
      () => fresh(),
    );
    return next;
  };
  const fresh = (): Promise<Indexed> => {
    next = undefined;
    return table();
  };
  return {
    isHere(address) {
      // All of 127/8, because a program may bind to any address in it.
      if (address.startsWith('127.')) return true;
      const now = performance.now();
      if (now - knownAt > addressesForMs) {
        addresses = ownAddresses(interfaces);
        knownAt = now;
      }
      return addresses?.has(address) ?? true;
    },
    async of(end, other) {
      const found = other === undefined ? undefined : ask(end, other);
      return found ?? ownerIn(end, await table(), other);
    },
  };
}

export function indexed({ v4, v6 }: SocketTable): Indexed {
  return { v4, v6, at4: indexOf(v4), at6: indexOf(v6) };
}

/** Builds the index. Lines look like `  12: 0100007F:9C41 …`; the first line names the columns. */
function indexOf(table: Buffer | undefined): Index {
  const index = new Map<string, number[]>();
  if (table === undefined) return index;
  for (let line = table.indexOf(newline) + 1; line > 0 && line < table.length; ) {
    const start = table.indexOf(colon, line) + 2;
    const end = table.indexOf(space, start);
    if (start < 2 || end < 0) break;
    const local = table.toString('latin1', start, end);
    const known = index.get(local);
    if (known === undefined) index.set(local, [line]);
    else known.push(line);
    line = table.indexOf(newline, end) + 1;
  }
  return index;
}

const newline = 0x0a;
const colon = 0x3a;
const space = 0x20;

/**
 * The owners of the sockets with this address and port. `other` is the other end of the connection:
 * sockets of several users may share a port, if they are connected to different places.
 */
export function ownerIn(end: SocketEnd, table: Indexed, other?: SocketEnd): SocketOwner {
  const v4 = isIP(end.address) === 4;
  const local = written(end);
  const remote = other === undefined ? undefined : written(other);
  if (local === undefined) return 'elsewhere';
  if (other !== undefined && remote === undefined) return 'elsewhere';
  const rows = [
    ...(v4 ? rowsAt(table.v4, table.at4.get(local.short)) : []),
    ...rowsAt(table.v6, table.at6.get(local.wide)),
  ];
  const unread = (v4 && table.v4 === undefined) || table.v6 === undefined;
  const owners = rows
    .filter(({ to }) => remote === undefined || to === remote.short || to === remote.wide)
    .map(ownerOf)
    .filter((owner) => owner !== undefined);
  if (owners.length === 0) return unread ? 'unknown' : 'elsewhere';
  const uids = owners.filter((uid) => uid !== 'closed');
  // A port may have been used for other connections that are over; one connection may not.
  const closed = uids.length === 0 || (other !== undefined && uids.length < owners.length);
  return closed ? 'closed' : { uids: [...new Set(uids)] };
}

/** An end as the tables write it: of IPv4, and of IPv6, which shows IPv4 as ::ffff:a.b.c.d. */
function written({
  address,
  port,
}: SocketEnd): { readonly short: string; readonly wide: string } | undefined {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const v4 = isIP(address) === 4;
  const words = v4 ? words4(address) : words6(address);
  if (words === '') return undefined;
  return {
    short: `${words}${end}`,
    wide: `${v4 ? `0000000000000000FFFF0000${words}` : words}${end}`,
  };
}

type Row = {
  readonly to: string;
  readonly state: string;
  readonly uid: string;
  readonly inode: string;
};

const listening = '0A';

/** The owner of the socket of a row. A socket without a file has inode 0. */
function ownerOf({ state, uid, inode }: Row): number | 'closed' | undefined {
  if (state === listening || !/^\d+$/.test(uid)) return undefined;
  return inode === '0' ? 'closed' : Number(uid);
}

/**
 * Reads rows. Their columns are slot, local, remote, state, queues, timer, retransmits, uid,
 * timeout and inode.
 */
function rowsAt(table: Buffer | undefined, starts: readonly number[] = []): readonly Row[] {
  return starts.map((start) => {
    const end = table?.indexOf(newline, start) ?? -1;
    const line = table?.toString('latin1', start, end < 0 ? undefined : end) ?? '';
    const [, , to = '', state = '', , , , uid = '', , inode = ''] = line.trim().split(/\s+/);
    return { to, state, uid, inode };
  });
}

async function readTables(): Promise<SocketTable> {
  const [v4, v6] = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readTable));
  return { v4, v6 };
}

/** Reads a whole table; undefined if it is too long or cannot be read. */
async function readTable(path: string): Promise<Buffer | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return Buffer.alloc(0); // no IPv6 here
  try {
    let room = Buffer.allocUnsafe(firstBytes);
    let filled = 0;
    for (;;) {
      if (filled === room.length) {
        if (room.length >= tableBytesMax) return undefined;
        room = Buffer.concat([room, Buffer.allocUnsafe(room.length)]);
      }
      const { bytesRead } = await file.read(room, filled, room.length - filled, null);
      if (bytesRead === 0) return room.subarray(0, filled);
      filled += bytesRead;
    }
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

/**
 * Writes `127.0.0.1` as 0100007F: the four octets as a number in the machine's byte order. Every
 * machine that Node runs on is little-endian.
 */
function words4(address: string): string {
  return address
    .split('.')
    .map((part) => hex(Number(part)))
    .reverse()
    .join('');
}

/** Writes an IPv6 address as four such numbers. */
function words6(address: string): string {
  const groups = groupsOf(address);
  if (groups === undefined) return '';
  let text = '';
  for (let word = 0; word < 8; word += 2) {
    const [high = 0, low = 0] = groups.slice(word, word + 2);
    text += `${hex(low & 0xff)}${hex(low >> 8)}${hex(high & 0xff)}${hex(high >> 8)}`;
  }
  return text;
}

function groupsOf(address: string): readonly number[] | undefined {
  const [head = '', tail] = address.split('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const front = read(head);
  const back = tail === undefined ? [] : read(tail);
  const gap = 8 - front.length - back.length;
  if (tail === undefined ? gap !== 0 : gap < 0) return undefined;
  const all = [...front, ...Array.from({ length: gap }, () => 0), ...back];
  return all.every((group) => group >= 0 && group <= 0xffff) ? all : undefined;
}

const hex = (octet: number): string => octet.toString(16).toUpperCase().padStart(2, '0');

/** Undefined if the kernel does not tell: any address may then be one of this machine. */
function ownAddresses(interfaces: typeof networkInterfaces): ReadonlySet<string> | undefined {
  try {
    const all = Object.values(interfaces()).flatMap((list) => list ?? []);
    return new Set(['127.0.0.1', '::1', ...all.map(({ address }) => address)]);
  } catch {
    return undefined;
  }
}
