/**
 * A small HTTP door for web panels and the like: `POST /` with the password as the body, `X-Account` beside it; the answer is
 * the verdict as JSON. Logs nothing, keeps nothing.
 */

import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Where } from '../lib/listener.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import type { CheckPassword } from './check.ts';

/** Nobody types more. */
const passwordBytesMax = 1_024;
const connectionsMax = 100;
const requestMs = 10_000;

/** Throws OperatorError `check-door` where it cannot listen. */
export async function openCheckDoor(
  where: Where,
  check: CheckPassword,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const server = createServer({ requestTimeout: requestMs }, (request, response) => {
    answer(request, response, check).catch(() => response.destroy());
  });
  server.maxConnections = connectionsMax;
  try {
    await listening(server, where);
  } catch (cause) {
    throw new OperatorError('check-door', 'cannot listen for passwords to check', {
      cause,
      exit: sysexits.unavailable,
    });
  }
  const bound = server.address();
  const address =
    typeof bound === 'object' && bound !== null
      ? `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
      : `unix:${bound}`;
  return {
    address,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function listening(server: Server, where: Where): Promise<void> {
  if ('path' in where) {
    rmSync(where.path, { force: true });
    server.listen(where.path);
  } else server.listen(where.port, where.host);
  await once(server, 'listening');
  if ('path' in where) chmodSync(where.path, where.mode ?? 0o660);
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
  const account = request.headers['x-account'];
  reply(200, await check(password.subarray(0, length), typeof account === 'string' ? account : ''));
}
