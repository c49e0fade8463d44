/** Opens the socket over which commands ask the guard. */
import { join } from 'node:path';
import { openCommandSocket } from '../doors/http/command-socket.ts';
import type { HttpDeps } from '../doors/http/server.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { peerOfSocket } from '../partners/kernel/peer-credentials.ts';
import type { Admin } from '../ports/admin.ts';
import type { DaemonOptions, DaemonParts } from './base/options.ts';
import { keepToken } from './base/token-file.ts';

/** What the page and the command socket are opened with. */
export function httpDeps(
  { counters, world }: DaemonParts,
  { state, token, log }: DaemonOptions,
  admin: Admin,
): HttpDeps {
  const { clock, count } = world;
  const metricsToken = keepToken(join(state, 'metrics-token'), log);
  return { admin, token, metricsToken, metrics: counters, log, count, clock };
}

/**
 * Answers with the address. Without the socket, such as in a state folder with a very long path,
 * commands ask over the page's address, and mail is guarded as always.
 */
export async function openCommands(
  { scope, state }: DaemonParts,
  deps: HttpDeps,
): Promise<string | undefined> {
  const path = join(state, 'command.sock');
  const uid = process.geteuid?.() ?? 0;
  try {
    return scope.use(await openCommandSocket(path, { ...deps, peerOf: peerOfSocket, uid })).address;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    deps.log('warn', 'command.no-socket', { why: error.message, instead: 'the page address' });
    return undefined;
  }
}
