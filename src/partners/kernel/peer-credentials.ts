/**
 * Asks the kernel who is at the other end of a Unix socket (SO_PEERCRED, as it was when the peer
 * connected).
 */
import type { Socket } from 'node:net';
import koffi from 'koffi';
import type { Peer } from '../../ports/handover.ts';
import { startOf } from './process-facts.ts';

const solSocket = 1;
const soPeerCred = 17;
/** struct ucred: pid, uid, gid. */
const credentialBytes = 12;

const getsockopt: (
  fd: number,
  level: number,
  name: number,
  value: Buffer,
  length: Buffer,
) => number = koffi.load(null).func('int getsockopt(int, int, int, _Out_ void*, _Inout_ void*)');

/**
 * The peer of a socket; undefined if it is not a Unix socket. A peer in a process namespace that
 * Postern cannot see has pid 0 and its uid.
 */
export function peerOf(fd: number): Peer | undefined {
  const peer = credentialsOf(fd);
  return peer && { ...peer, startedAt: peer.pid > 0 ? startOf(peer.pid) : undefined };
}

/** The user of a peer; undefined if it is not a Unix socket. */
export function peerUid(fd: number): number | undefined {
  return credentialsOf(fd)?.uid;
}

function credentialsOf(fd: number): Pick<Peer, 'pid' | 'uid'> | undefined {
  if (fd < 0) return undefined;
  const value = Buffer.alloc(credentialBytes);
  const length = Buffer.alloc(4);
  length.writeInt32LE(credentialBytes);
  if (getsockopt(fd, solSocket, soPeerCred, value, length) !== 0) return undefined;
  const pid = value.readInt32LE(0);
  const uid = value.readUInt32LE(4);
  return uid === 0xffffffff ? undefined : { pid, uid };
}

/** The same for a socket of Node, whose descriptor is in an internal field only. */
export function peerOfSocket(socket: Socket): Pick<Peer, 'pid' | 'uid'> | undefined {
  const handle: unknown = '_handle' in socket ? socket._handle : undefined;
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
  return typeof handle.fd === 'number' ? credentialsOf(handle.fd) : undefined;
}
