/**
 * Asks the kernel for one TCP socket by both of its ends (sock_diag(7)). That takes microseconds;
 * the kernel's whole table of sockets takes milliseconds, on any machine with much memory.
 */
import koffi from 'koffi';
import { parseIpv4, parseIpv6 } from '../../formats/spf/network.ts';
import type { SocketEnd, SocketOwner } from '../../ports/scripts.ts';

const libc = koffi.load(null);
const socket: (family: number, type: number, protocol: number) => number = libc.func(
  'int socket(int, int, int)',
);
const send: (fd: number, bytes: Buffer, length: number, flags: number) => number = libc.func(
  'long send(int, const void*, size_t, int)',
);
const receive: (fd: number, bytes: Buffer, length: number, flags: number) => number = libc.func(
  'long recv(int, _Out_ void*, size_t, int)',
);

const afNetlink = 16;
/** SOCK_RAW and SOCK_CLOEXEC. */
const rawCloseOnExec = 3 | 0o2000000;
const netlinkSockDiag = 4;
const dontWait = 0x40;

const sockDiagByFamily = 20;
const netlinkError = 2;
const flagRequest = 1;
const headerBytes = 16;
const requestBytes = 56;
/** Offsets in an answer, behind its header. */
const answerBytes = 72;
const [stateAt, uidAt, inodeAt] = [1, 64, 68];
const protocolTcp = 6;
const listening = 10;
const noSuchSocket = -2;
/** Answers to earlier requests that may have to be thrown away. */
const staleMax = 8;

/**
 * The owner of the socket that connects `end` with `other`; undefined where the kernel cannot be
 * asked.
 */
export type SocketDiag = (end: SocketEnd, other: SocketEnd) => SocketOwner | undefined;

export function openSocketDiag(): SocketDiag {
  let fd: number | undefined;
  let sequence = 0;
  /**
   * A socket was found before. Without its module for such requests, the kernel answers as if there
   * were no socket.
   */
  let works = false;
  const one: SocketDiag = (end, other) => {
    const ends = endsOf(end, other);
    if (ends === undefined) return undefined;
    fd ??= socket(afNetlink, rawCloseOnExec, netlinkSockDiag);
    if (fd < 0) return undefined;
    sequence = (sequence + 1) & 0x7fffffff;
    const request = requestFor(ends, sequence);
    if (send(fd, request, request.length, dontWait) !== request.length) return undefined;
    const answer = Buffer.alloc(4_096);
    for (let stale = 0; stale < staleMax; stale++) {
      const length = receive(fd, answer, answer.length, dontWait);
      if (length < headerBytes + 4) return undefined;
      if (answer.readUInt32LE(8) === sequence) return ownerOf(answer.subarray(0, length));
    }
    return undefined;
  };
  const isFound = (owner: SocketOwner | undefined): boolean =>
    owner !== undefined && owner !== 'elsewhere';
  return (end, other) => {
    const owner = one(end, other);
    // Of a connection that is taken here, the other socket is on this machine in any case.
    works ||= isFound(owner) || isFound(one(other, end));
    return works ? owner : undefined;
  };
}

type Ends = { readonly family: 2 | 10; readonly octets: Buffer };

/** Ports and addresses as a request has them; undefined for link-local ones, which need more. */
function endsOf(end: SocketEnd, other: SocketEnd): Ends | undefined {
  const v4 = [parseIpv4(end.address), parseIpv4(other.address)];
  const v6 = [parseIpv6(end.address), parseIpv6(other.address)];
  const isV4 = v4.every((ip) => ip !== undefined);
  const [source, target] = isV4 ? v4 : v6;
  if (source === undefined || target === undefined) return undefined;
  const isLinkLocal = source.octets[0] === 0xfe && ((source.octets[1] ?? 0) & 0xc0) === 0x80;
  if (!isV4 && isLinkLocal) return undefined;
  const octets = Buffer.alloc(36);
  octets.writeUInt16BE(end.port, 0);
  octets.writeUInt16BE(other.port, 2);
  octets.set(source.octets, 4);
  octets.set(target.octets, 20);
  return { family: isV4 ? 2 : 10, octets };
}

/** Numbers are in the machine's byte order. Every machine that Node runs on is little-endian. */
function requestFor({ family, octets }: Ends, sequence: number): Buffer {
  const request = Buffer.alloc(headerBytes + requestBytes);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(sockDiagByFamily, 4);
  request.writeUInt16LE(flagRequest, 6);
  request.writeUInt32LE(sequence, 8);
  request.writeUInt8(family, headerBytes);
  request.writeUInt8(protocolTcp, headerBytes + 1);
  request.writeUInt32LE(0xffffffff, headerBytes + 4); // any state
  octets.copy(request, headerBytes + 8);
  // Any interface is 0; the socket's cookie is not known.
  request.fill(0xff, headerBytes + requestBytes - 8);
  return request;
}

function ownerOf(answer: Buffer): SocketOwner | undefined {
  const type = answer.readUInt16LE(4);
  const body = answer.subarray(headerBytes);
  if (type === netlinkError) return body.readInt32LE(0) === noSuchSocket ? 'elsewhere' : undefined;
  if (type !== sockDiagByFamily || body.length < answerBytes) return undefined;
  // Without such a connection, the kernel answers with the socket that listens there.
  if (body[stateAt] === listening) return 'elsewhere';
  // A socket without a file has inode 0.
  return body.readUInt32LE(inodeAt) === 0 ? 'closed' : { uids: [body.readUInt32LE(uidAt)] };
}
