/**
 * A bare HTTP client for this door's tests: it sends the headers that a browser would not let a
 * test choose.
 */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { metrics as listed } from '../../src/core/metrics/metrics.ts';
import type { HttpDoor } from '../../src/doors/http/server.ts';
import { openHttp } from '../../src/doors/http/server.ts';
import type { Counters } from '../../src/lib/counters.ts';
import { openCounters } from '../../src/lib/counters.ts';
import type { Millis } from '../../src/lib/time.ts';
import { openSocketOwners } from '../../src/partners/kernel/socket-owner.ts';
import type { Scripted } from './admin.ts';
import { scriptedAdmin } from './admin.ts';
import type { Scene } from './night.ts';

export const testToken = 'k9Qm3vT7xB2nR5wY8zC1dF4g';
export const testMetricsToken = 'q4Ws8eR2tY6uI0oP3aS7dF1g';
export const testNow = 1_790_000_000_000 as Millis;

export type Stage = Scripted & {
  readonly door: HttpDoor;
  readonly metrics: Counters;
  readonly log: string[];
  /** Moves the clock. */
  readonly clock: { at: Millis };
  [Symbol.asyncDispose](): Promise<void>;
};

/** The door, open, with a scripted admin behind it. */
export async function stage(
  scene: Scene = 'hijack',
  host = '127.0.0.1',
  now: number = testNow,
): Promise<Stage> {
  const clock = { at: now as Millis };
  const scripted = scriptedAdmin(() => clock.at, scene);
  const metrics = openCounters(listed);
  const log: string[] = [];
  const door = await openHttp(
    { host, port: 0 },
    {
      admin: scripted.admin,
      token: testToken,
      metricsToken: testMetricsToken,
      owners: openSocketOwners(),
      metrics,
      count: metrics.count,
      log: (level, event, fields) => log.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`),
      clock: { now: () => clock.at },
    },
  );
  return { ...scripted, door, metrics, log, clock, [Symbol.asyncDispose]: door.close };
}

export type Answered = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): unknown;
};
export type Asking = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** One request, answered whole. */
export async function ask(door: HttpDoor, path: string, how: Asking = {}): Promise<Answered> {
  const response = await begin(door, path, how);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { statusCode = 0, headers } = response;
  return { status: statusCode, headers, text, json: () => JSON.parse(text) as unknown };
}

/** One request, up to its answer's head. */
export async function begin(
  door: HttpDoor,
  path: string,
  how: Asking = {},
): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body } = how;
  const asked = request(`${door.address}${path}`, { method, headers, agent: false });
  // a body refused half-way resets the connection; the answer is still read
  asked.on('error', () => undefined);
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}

export const bearer: { readonly Authorization: string } = { Authorization: `Bearer ${testToken}` };

/** Signs in as the page does: its cookie, and what a POST of the page carries. */
export async function signIn(
  door: HttpDoor,
): Promise<{ cookie: string; post: Readonly<Record<string, string>> }> {
  const answer = await ask(door, '/login', {
    method: 'POST',
    headers: { Origin: door.address },
    body: JSON.stringify({ token: testToken }),
  });
  const cookie = (answer.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
  const session = await ask(door, '/session', { headers: { Cookie: cookie } });
  const { csrf } = session.json() as { csrf: string };
  return { cookie, post: { Cookie: cookie, Origin: door.address, 'X-CSRF-Token': csrf } };
}
