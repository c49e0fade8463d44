/**
 * Unix sockets that listen before the guard starts and while it restarts, as systemd holds them for
 * a socket unit. Given to the guard with `startGuard({ sockets: held.fds })`.
 */
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import koffi from 'koffi';

const libc = koffi.load(null);
const socket: (family: number, type: number, protocol: number) => number = libc.func(
  'int socket(int, int, int)',
);
const bind: (fd: number, address: Buffer, length: number) => number = libc.func(
  'int bind(int, void*, uint32_t)',
);
const listen: (fd: number, backlog: number) => number = libc.func('int listen(int, int)');
const close: (fd: number) => number = libc.func('int close(int)');

const afUnix = 1;
const sockStream = 1;
const closeOnExec = 0o2000000;

export type HeldSockets = Disposable & { readonly fds: readonly number[] };

/** As packaging/systemd/postern.socket: root's folder, sockets for root and this group. */
export function holdSockets(paths: readonly string[], group: number): HeldSockets {
  const fds = paths.map((path) => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const fd = socket(afUnix, sockStream | closeOnExec, 0);
    const name = Buffer.from(`\0\0${path}\0`);
    name.writeUInt16LE(afUnix, 0);
    if (fd < 0 || bind(fd, name, name.length) !== 0 || listen(fd, 4_096) !== 0) {
      throw new Error(`cannot listen on ${path}`);
    }
    chownSync(path, 0, group);
    chmodSync(path, 0o660);
    return fd;
  });
  return {
    fds,
    [Symbol.dispose]() {
      for (const fd of fds) close(fd);
    },
  };
}
