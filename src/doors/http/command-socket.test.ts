/** The command socket: who may connect, what it answers, and that the token is asked for too. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { scriptedAdmin } from '../../../test/doubles/admin.ts';
import { bearer, testMetricsToken, testNow, testToken } from '../../../test/doubles/client.ts';
import { metrics as listed } from '../../core/metrics/metrics.ts';
import { type Counters, openCounters } from '../../lib/counters.ts';
import { peerOfSocket as peerOf } from '../../partners/kernel/peer-credentials.ts';
import { type CommandDeps, openCommandSocket } from './command-socket.ts';

type Stage = AsyncDisposable & {
  readonly path: string;
  readonly metrics: Counters;
  ask(path: string, headers?: Readonly<Record<string, string>>): Promise<number>;
};

async function stage(who: Pick<CommandDeps, 'peerOf' | 'uid'>): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'pcs-'));
  const path = join(folder, 'command.sock');
  const metrics = openCounters(listed);
  const socket = await openCommandSocket(path, {
    admin: scriptedAdmin(() => testNow, 'hijack').admin,
    token: testToken,
    metricsToken: testMetricsToken,
    metrics,
    count: metrics.count,
    log: () => undefined,
    clock: { now: () => testNow },
    ...who,
  });
  assert.equal(socket.address, `unix:${path}`);
  return {
    path,
    metrics,
    async ask(asked, headers = {}) {
      const sent = request({ socketPath: path, path: asked, headers, agent: false });
      sent.end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode ?? 0;
    },
    async [Symbol.asyncDispose]() {
      await socket[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

const me = process.geteuid?.() ?? 0;

test('answers its own user, who needs the token as well; it has no page', async () => {
  await using at = await stage({ peerOf, uid: me });
  assert.equal(statSync(at.path).mode & 0o777, 0o600);
  assert.equal(await at.ask('/api/status', bearer), 200);
  assert.equal(await at.ask('/metrics', bearer), 200);
  assert.equal(await at.ask('/health'), 200);
  assert.equal(await at.ask('/api/status'), 401);
  assert.equal(await at.ask('/api/status', { Authorization: 'Bearer guess' }), 401);
  assert.equal(await at.ask('/'), 404);
  assert.equal(await at.ask(`/?token=${testToken}`), 404);
  assert.equal(await at.ask('/api/live', bearer), 404);
});

test('closes the connection of another user, and of one without a name', async () => {
  const peers = [{ pid: 1, uid: 4_711, startedAt: undefined }, undefined];
  for (const peer of peers) {
    await using at = await stage({ peerOf: () => peer, uid: 998 });
    const socket = connect({ path: at.path });
    socket.on('error', () => undefined);
    socket.write(
      `GET /api/status HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer.Authorization}\r\n\r\n`,
    );
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    await new Promise((resolve) => void socket.once('close', resolve));
    assert.equal(text, '');
    assert.equal(at.metrics.read('postern_http_refused_total', 'peer'), 1);
  }
});

test('a path that is too long for a socket is refused with its length', async () => {
  await assert.rejects(
    openCommandSocket(`/tmp/${'x'.repeat(110)}`, {
      admin: scriptedAdmin(() => testNow, 'hijack').admin,
      token: testToken,
      metricsToken: testMetricsToken,
      metrics: openCounters(listed),
      count: () => undefined,
      log: () => undefined,
      clock: { now: () => testNow },
      peerOf,
      uid: me,
    }),
    /is too long/,
  );
});
