/**
 * The doors of a Postern that lets everything pass and remembers what came: what `connect postfix`
 * needs to find. The milter and policy doors are the real ones; the web answers the three questions
 * that a proof of connection asks.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { doorNames } from '../../src/commands/connect/postfix-doors.ts';
import { guardKnows } from '../../src/commands/connect/postfix-facts.ts';
import { socketsOf } from '../../src/core/checklist/doors.ts';
import type { Submission } from '../../src/core/event.ts';
import { type MilterDeps, openMilter } from '../../src/doors/milter/server.ts';
import { openPolicy, type PolicyDeps } from '../../src/doors/policy/server.ts';
import type { Listener } from '../../src/lib/listener.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { PolicyRequest } from '../../src/ports/message.ts';
import { plainPath } from '../doubles/path.ts';

export type ConnectedDaemon = AsyncDisposable & {
  /** Holds run.json. */
  readonly state: string;
  readonly doors: { readonly milter: string; readonly policy: string };
  readonly submissions: readonly { readonly message: Submission; readonly by: string }[];
  readonly asked: readonly PolicyRequest[];
  /** Writes run.json again, with other addresses. */
  say(doors: { readonly milter?: string; readonly policy?: string }): Promise<void>;
};

/** `auto`: the doors follow postfix.json into the queue directory of each instance. */
export async function startConnectedDaemon(
  how: { readonly auto?: boolean } = {},
): Promise<ConnectedDaemon> {
  const state = await mkdtemp(join(tmpdir(), 'pst-'));
  const submissions: { message: Submission; by: string }[] = [];
  const asked: PolicyRequest[] = [];
  let sessions = 0;
  const count = (name: string): void => {
    if (name === 'postern_milter_sessions_total') sessions++;
  };
  const log = (): void => undefined;
  const here = { host: '127.0.0.1', port: 0 } as const;
  const milterDeps: MilterDeps = {
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
  };
  const policyDeps: PolicyDeps = {
    handler: {
      ask(_connection, request, answer) {
        asked.push(request);
        answer({ kind: 'pass' });
      },
      gone: () => undefined,
    },
    log,
    count,
  };
  const milter = await openMilter(here, milterDeps);
  const policy = await openPolicy(here, policyDeps);
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
  const queues = new Map<string, readonly Listener[]>();
  const say: ConnectedDaemon['say'] = async (doors) => {
    const http = `http://127.0.0.1:${port}`;
    const there = [...queues.keys()].map(socketsOf);
    const places = doorNames.map((name) => [name, there.map((one) => one[name])] as const);
    const follows = { auto: ['milter', 'policy'], all: Object.fromEntries(places) };
    const own = { milter: milter.address, policy: policy.address, http, ...doors };
    const all = how.auto === true ? { ...own, ...follows } : own;
    const run = { pid: process.pid, doors: all, token: 'secret' };
    await writeFile(join(state, 'run.json.new'), JSON.stringify(run), { mode: 0o600 });
    await rename(join(state, 'run.json.new'), join(state, 'run.json'));
  };
  const follow = async (): Promise<void> => {
    const known = await guardKnows(state);
    const here = (known?.instances ?? []).filter(({ doors }) => doors.milter.startsWith('unix:'));
    const wanted = new Set(here.map(({ queueDirectory }) => queueDirectory));
    const gone = [...queues].filter(([queue]) => !wanted.has(queue));
    const fresh = [...wanted].filter((queue) => !queues.has(queue));
    for (const [queue, listeners] of gone) {
      queues.delete(queue);
      for (const one of listeners) await one.close();
    }
    for (const queue of fresh) {
      const at = (name: string) => ({ path: `${queue}/postern/${name}`, mode: 0o660 });
      queues.set(queue, [
        await openMilter(at('milter'), milterDeps),
        await openMilter(at('inbound'), milterDeps),
        await openPolicy(at('policy'), policyDeps),
      ]);
    }
    if (gone.length + fresh.length > 0) await say({});
  };
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(follow);
  }, 100);
  if (how.auto !== true) clearInterval(timer);
  await mkdir(state, { recursive: true });
  await say({});
  return {
    state,
    doors: { milter: milter.address, policy: policy.address },
    submissions,
    asked,
    say,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
      for (const one of [...queues.values()].flat()) await one.close();
      web.closeAllConnections();
      web.close();
      await milter.close();
      await policy.close();
      await rm(state, { recursive: true, force: true });
    },
  };
}
