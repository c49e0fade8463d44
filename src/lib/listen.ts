/**
 * Makes a server listen: on an address, on a Unix socket with the right mode, or on a socket that
 * systemd has opened.
 */
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import type { ListenAddress } from './listener.ts';
import { OperatorError, sysexits } from './operator-error.ts';

/** The size of sun_path on Linux, without its closing NUL. */
const socketPathBytesMax = 107;
/** Connections that the kernel may keep waiting, enough for a burst after a restart. */
const backlog = 1_024;

/**
 * Makes any kind of server listen, and returns the address as Postfix writes it. A Unix socket
 * never has wider permissions than `mode`, not even for a moment. It replaces a dead socket file,
 * but no other file.
 */
export async function listen(server: Server, where: ListenAddress): Promise<string> {
  if ('fd' in where) {
    await bound(server, () => server.listen({ fd: where.fd, backlog }), where.name);
    return where.name;
  }
  if (!('path' in where)) {
    await bound(
      server,
      () => server.listen({ host: where.host, port: where.port, backlog }),
      `${where.host}:${where.port}`,
    );
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : where.port;
    return `inet:${where.host.includes(':') ? `[${where.host}]` : where.host}:${port}`;
  }
  if (Buffer.byteLength(where.path) > socketPathBytesMax) {
    throw new OperatorError('socket-path', `the socket path ${where.path} is too long`, {
      hint: `a Unix socket's path has at most ${socketPathBytesMax} bytes; choose a shorter one`,
      exit: sysexits.config,
    });
  }
  await removeStale(where.path);
  const mode = where.mode ?? 0o660;
  // The umask must be set before, because bind happens inside listen().
  const start = (): void => {
    const before = process.umask(0o777 & ~mode);
    try {
      server.listen({ path: where.path, backlog });
    } finally {
      process.umask(before);
    }
  };
  await bound(server, start, where.path);
  await chmod(where.path, mode);
  return `unix:${where.path}`;
}

/** Waits until the server listens. If it cannot, the error tells the operator why. */
function bound(server: Server, start: () => void, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('listening', () => {
      server.removeAllListeners('error');
      resolve();
    });
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const hints: Readonly<Record<string, string>> = {
        EADDRINUSE: 'another program listens there; choose another port, or stop that program',
        EACCES: 'this user may not listen there; choose a port above 1023 or a folder of its own',
        ENOENT: 'make the folder first',
        EADDRNOTAVAIL: 'this machine does not have that address',
      };
      const hint = hints[cause.code ?? ''];
      reject(
        new OperatorError('listen', `cannot listen on ${name}: ${cause.code ?? cause.message}`, {
          cause,
          exit: sysexits.unavailable,
          ...(hint === undefined ? {} : { hint }),
        }),
      );
    });
    start();
  });
}

/**
 * Removes the socket file of a process that died. Refuses if a program listens there, or if it is
 * another kind of file.
 */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new OperatorError('socket-path', `${path} exists and is not a socket`, {
      hint: 'choose another path for the socket, or move the existing file away',
      exit: sysexits.config,
    });
  }
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => resolve(true));
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
    probe.once('close', () => probe.removeAllListeners());
    probe.once('connect', () => probe.destroy());
  });
  if (alive) {
    throw new OperatorError('listen', `another program listens on ${path}`, {
      hint: 'is another postern running? see `postern status`',
      exit: sysexits.unavailable,
    });
  }
  await unlink(path);
}
