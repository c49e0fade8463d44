/**
 * The doors of a Postern that lets everything pass and remembers what came: what `connect postfix`
 * needs to find. The milter and policy doors are the real ones; the web answers the three questions
 * that a proof of connection asks.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Submission } from '../../src/core/event.ts';
import { openMilter } from '../../src/doors/milter/server.ts';
import { openPolicy } from '../../src/doors/policy/server.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { PolicyRequest } from '../../src/ports/message.ts';
import { plainPath } from '../doubles/path.ts';

export type ConnectedDaemon = AsyncDisposable & {
  /** Holds run.json. */
  readonly state: string;
  readonly submissions: readonly { readonly message: Submission; readonly by: string }[];
  readonly asked: readonly PolicyRequest[];
  /** Writes run.json again, with other addresses. */
  say(doors: { readonly milter?: string; readonly policy?: string }): Promise<void>;
};

export async function startConnectedDaemon(): Promise<ConnectedDaemon> {
  const state = await mkdtemp(join(tmpdir(), 'pst-'));
  const submissions: { message: Submission; by: string }[] = [];
  const asked: PolicyRequest[] = [];
  let sessions = 0;
  const count = (name: string): void => {
    if (name === 'postern_milter_sessions_total') sessions++;
  };
  const log = (): void => undefined;
  const here = { host: '127.0.0.1', port: 0 } as const;
  const milter = await openMilter(here, {
    path: plainPath({
      mayBegin: () => ({ kind: 'pass' }),
      submit(message, by, answer) {
        submissions.push({ message, by });
        answer({ kind: 'pass' });
      },
    }),
    clock: { now: () => Date.now() as Millis },
    log,
    count,
  });
  const policy = await openPolicy(here, {
    handler: {
      ask(_connection, request, answer) {
        asked.push(request);
        answer({ kind: 'pass' });
      },
      gone: () => undefined,
    },
    log,
    count,
  });
  const web = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const allowed = request.headers.authorization === 'Bearer secret';
    const found = submissions.find(({ message }) => path === `/api/explain/${message.id}`);
    if (path === '/metrics') response.end(`postern_milter_sessions_total ${sessions}\n# EOF\n`);
    else if (!allowed) response.writeHead(401).end();
    else if (path === '/api/recent') {
      const items = submissions.map(({ message }) => ({
        id: message.id,
        account: message.account,
      }));
      response.end(JSON.stringify(items));
    } else if (found !== undefined) response.end(JSON.stringify({ message: found.message }));
    else response.writeHead(404).end();
  });
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  const address = web.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const say: ConnectedDaemon['say'] = async (doors) => {
    const http = `http://127.0.0.1:${port}`;
    const all = { milter: milter.address, policy: policy.address, http, ...doors };
    const run = { pid: process.pid, doors: all, token: 'secret' };
    await writeFile(join(state, 'run.json'), JSON.stringify(run), { mode: 0o600 });
  };
  await mkdir(state, { recursive: true });
  await say({});
  return {
    state,
    submissions,
    asked,
    say,
    async [Symbol.asyncDispose]() {
      web.closeAllConnections();
      web.close();
      await milter.close();
      await policy.close();
      await rm(state, { recursive: true, force: true });
    },
  };
}
