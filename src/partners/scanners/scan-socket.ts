/** Connects to a scanner, prints its address, and does one exchange on a new connection. */
import { connect, type Socket } from 'node:net';
import type { SocketAddress } from '../../lib/listener.ts';

/** Answers are scores and names of rules, or a marked message, which is as long as the message. */
const replyOctetsMax = 64 * 1024 * 1024;

export function openSocket(where: SocketAddress): Socket {
  return 'path' in where ? connect(where.path) : connect(where.port, where.host);
}

export function addressText(where: SocketAddress): string {
  return 'path' in where ? `unix:${where.path}` : `inet:${where.host}:${where.port}`;
}

export function overdue(where: SocketAddress, deadlineMs: number): Error {
  return new Error(`no answer from ${addressText(where)} within ${deadlineMs} ms`);
}

/**
 * Sends all parts, ends the sending side, and returns everything that the scanner sends until it
 * closes.
 */
export function exchangeOnSocket(
  where: SocketAddress,
  parts: readonly (string | Buffer)[],
  deadlineMs: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(where);
    const timer = setTimeout(() => fail(overdue(where, deadlineMs)), deadlineMs);
    const chunks: Buffer[] = [];
    let octets = 0;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const fail = (cause: Error): void => end(() => reject(cause));
    socket.on('error', fail);
    socket.on('data', (chunk) => {
      octets += chunk.length;
      if (octets > replyOctetsMax)
        fail(new Error(`the answer of ${addressText(where)} is too long`));
      else chunks.push(chunk);
    });
    socket.on('end', () => end(() => resolve(Buffer.concat(chunks))));
    // A scanner that closed early has cut its answer, which the parser detects.
    socket.on('close', () => end(() => resolve(Buffer.concat(chunks))));
    for (const part of parts) socket.write(part);
    // Half-closes the connection, because spamd reads to the end if a length is wrong.
    socket.end();
  });
}
