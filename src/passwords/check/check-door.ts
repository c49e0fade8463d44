/**
 * A small HTTP door that checks new passwords for web panels. `POST /` has the password as the body
 * and the account in `X-Account`; the answer is the verdict as JSON. It logs and keeps nothing.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../../lib/listen.ts';
import type { SocketAddress } from '../../lib/listener.ts';
import type { CheckPassword } from './check.ts';

/** Nobody types a longer password. */
const passwordBytesMax = 1_024;
const connectionsMax = 100;
const requestMs = 10_000;

/** Throws OperatorError if it cannot listen. */
export async function openCheckDoor(
  where: SocketAddress,
  check: CheckPassword,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const server = createServer({ requestTimeout: requestMs }, (request, response) => {
    answer(request, response, check).catch(() => response.destroy());
  });
  server.maxConnections = connectionsMax;
  const address = await listen(server, where);
  return {
    address: address.replace(/^inet:/, 'http://'),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  check: CheckPassword,
): Promise<void> {
  const reply = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(`${JSON.stringify(body)}\n`);
  };
  if (request.method !== 'POST') return reply(405, { error: 'POST the password' });
  const password = Buffer.alloc(passwordBytesMax);
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (length + chunk.length > passwordBytesMax) {
      chunk.fill(0);
      password.fill(0);
      return reply(413, { error: `a password has at most ${passwordBytesMax} bytes` });
    }
    chunk.copy(password, length);
    chunk.fill(0);
    length += chunk.length;
  }
  // A line break at the end is not part of the password.
  while (length > 0 && (password[length - 1] === 10 || password[length - 1] === 13)) length--;
  const account = request.headers['x-account'];
  reply(200, await check(password.subarray(0, length), typeof account === 'string' ? account : ''));
}
