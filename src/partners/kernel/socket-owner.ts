/**
 * Finds the user at the other end of a connection from this machine to itself. The kernel's table
 * of TCP sockets (proc_pid_net(5)) names the user of each socket. It is only asked for clients with
 * an address of this machine.
 *
 * The kernel needs about 10 ms to write a table of 10,000 sockets. So tables are read on Node's
 * thread pool, one at a time, and all questions that come meanwhile share the next table.
 */
import { open } from 'node:fs/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { SocketEnd, SocketOwner, SocketOwners } from '../../ports/scripts.ts';

/** Room for about 200,000 sockets of 150 bytes each. */
const tableBytesMax = 32 * 1024 * 1024;
const firstBytes = 256 * 1024;
const addressesForMs = 60_000;

/** The tables; undefined if a table is too long or cannot be read. */
export type SocketTable = { readonly v4: Buffer | undefined; readonly v6: Buffer | undefined };
/** Where the lines of each local address and port begin. */
type Index = ReadonlyMap<string, readonly number[]>;
type Indexed = SocketTable & { readonly at4: Index; readonly at6: Index };

export function openSocketOwners(read: () => Promise<SocketTable> = readTables): SocketOwners {
  let addresses: ReadonlySet<string> = new Set();
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
        addresses = ownAddresses();
        knownAt = now;
      }
      return addresses.has(address);
    },
    async of(end) {
      return ownerIn(end, await table());
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

/** The owner of the socket with this address and port. */
export function ownerIn({ address, port }: SocketEnd, table: Indexed): SocketOwner {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const v4 = isIP(address) === 4;
  const local = v4 ? words4(address) : words6(address);
  if (local === '') return 'elsewhere';
  // An IPv6 socket shows IPv4 addresses as ::ffff:a.b.c.d.
  const wide = v4 ? `0000000000000000FFFF0000${local}` : local;
  const rows = [
    ...(v4 ? lines(table.v4, table.at4.get(`${local}${end}`)) : []),
    ...lines(table.v6, table.at6.get(`${wide}${end}`)),
  ];
  const unread = (v4 && table.v4 === undefined) || table.v6 === undefined;
  const owners = rows.map(ownerOf).filter((owner) => owner !== undefined);
  if (owners.length === 0) return unread ? 'unknown' : 'elsewhere';
  const uids = owners.filter((uid) => uid !== 'closed');
  return uids.length === 0 ? 'closed' : { uids: [...new Set(uids)] };
}

const listening = '0A';

/**
 * Reads the owner from a line with the columns slot, local, remote, state, queues, timer,
 * retransmits, uid, timeout and inode. A socket without a file has inode 0.
 */
function ownerOf(line: string): number | 'closed' | undefined {
  const [, , , state, , , , uid, , inode] = line.trim().split(/\s+/);
  if (state === listening || uid === undefined || !/^\d+$/.test(uid)) return undefined;
  return inode === '0' ? 'closed' : Number(uid);
}

function lines(table: Buffer | undefined, starts: readonly number[] = []): readonly string[] {
  return starts.map((start) => {
    const end = table?.indexOf(newline, start) ?? -1;
    return table?.toString('latin1', start, end < 0 ? undefined : end) ?? '';
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

function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return new Set(['127.0.0.1', '::1', ...all.map(({ address }) => address)]);
}
