/** Live fire on a real Postfix and Dovecot: each link is cut on the real thing, and found. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { linkIds } from '../../src/core/drill/links.ts';
import { firstFailed } from '../../src/core/drill/report.ts';
import { cuts } from './drill-cuts.ts';
import { canary, type DrillServer, operator, startDrillServer } from './drill-server.ts';
import { eventually } from './leash.ts';

let server: DrillServer;
before(async () => {
  server = await startDrillServer();
});
after(() => server[Symbol.asyncDispose]());

test('an uncut drill shows that every link works, and leaves nothing', async () => {
  const report = await server.drill();
  assert.deepEqual(
    report.links.filter(({ state }) => state !== 'fine'),
    [],
  );
  assert.equal(report.fine, true);
});

test('a drill teaches the guard nothing, and nothing of it is counted', async () => {
  const { guard } = server;
  const { accounts } = await guard.json<{ accounts: { known: number } }>('/api/status');
  assert.equal(accounts.known, 0);
  assert.deepEqual(await guard.json('/api/recent?limit=100'), []);
  assert.deepEqual(await guard.json('/api/held?limit=100'), []);
  assert.equal(await guard.metric('postern_drill_fine'), 1);
});

for (const { cut, found, what } of cuts) {
  test(`${what}: ${found} is found`, async (t) => {
    const mend = await cut(server);
    const report = await server.drill().finally(mend);
    t.diagnostic(`${report.tookMs} ms`);
    const failed = report.links.filter(({ state }) => state === 'failed');
    assert.equal(firstFailed(report.links)?.id, found, JSON.stringify(failed));
    assert.deepEqual(
      failed.map(({ id }) => id),
      [found],
      JSON.stringify(failed),
    );
    assert.equal(report.fine, false);
    assert.equal(report.links.length, linkIds.length);
    assert.notEqual(failed[0]?.fix, '');
  });
}

test('when all is mended, every link works again', async () => {
  const report = await server.drill();
  assert.equal(report.fine, true, JSON.stringify(report.links));
});

test('a drill that is killed in the middle leaves nothing, and the next one runs', async () => {
  const child = server.startDrill();
  const about = (): Promise<string> => server.dovecot.log();
  await eventually('the login of the canary is closed', closedLogin, { detail: about });
  child.kill('SIGKILL');
  assert.deepEqual(
    (await server.postfix.queue()).map(({ sender }) => sender),
    [canary, canary],
  );
  const gone = async (): Promise<true | undefined> => {
    const queue = await server.postfix.queue();
    return queue.length === 0 && (await closedLogin()) === undefined ? true : undefined;
  };
  await eventually('the guard has removed all of it', gone, { timeoutMs: 40_000, detail: about });
  const report = await server.drill();
  assert.equal(report.fine, true, JSON.stringify(report.links));
});

async function closedLogin(): Promise<true | undefined> {
  const names = await readFile(server.dovecot.denyFile, 'utf8').catch(() => '');
  return names.includes(canary) ? true : undefined;
}

test('a guard that is killed in a drill removes what is left at its next start', async () => {
  const child = server.startDrill();
  await eventually('the login of the canary is closed', closedLogin);
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  child.kill('SIGKILL');
  server.guard = await server.startGuard();
  await eventually('nothing is left', async () => {
    const queue = await server.postfix.queue();
    return queue.length === 0 && (await closedLogin()) === undefined ? true : undefined;
  });
});

test('outside a drill the canary sends nothing', async () => {
  assert.match(await server.sendAsCanary(), /only while a drill runs/);
});

test('every notice said DRILL, and went to the operator alone', () => {
  const { sink, web } = server;
  const events = new Set(web.notices.map(({ event }) => event));
  assert.deepEqual([...events], ['drill']);
  for (const { to } of sink.deliveries) assert.deepEqual(to, [operator]);
  assert.ok(sink.deliveries.every(({ headers }) => /^Subject: .*DRILL/m.test(headers)));
  assert.ok(web.pings >= 2);
});
