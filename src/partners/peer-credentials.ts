/** Who is at the other end of a Unix socket, by the kernel's word: SO_PEERCRED, as it was when the peer connected. */
import koffi from 'koffi';
import type { Peer } from '../ports-sendmail.ts';
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

/** Undefined: this is no Unix socket, or the peer's pid is of another namespace. */
export function peerOf(fd: number): Peer | undefined {
  if (fd < 0) return undefined;
  const value = Buffer.alloc(credentialBytes);
  const length = Buffer.alloc(4);
  length.writeInt32LE(credentialBytes);
  if (getsockopt(fd, solSocket, soPeerCred, value, length) !== 0) return undefined;
  const pid = value.readInt32LE(0);
  const uid = value.readUInt32LE(4);
  return pid > 0 && uid !== 0xffffffff ? { pid, uid, startedAt: startOf(pid) } : undefined;
}
