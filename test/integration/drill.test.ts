/** Live fire on a real Postfix and Dovecot: each link is cut on the real thing, and found. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { ChecklistItem } from '../../src/core/checklist/items/item.ts';
import { linkIds } from '../../src/core/drill/links.ts';
import { type DrillReport, firstFailed } from '../../src/core/drill/report.ts';
import { sinkDomain } from '../../src/flow/drill/drill-mail.ts';
import { dayMs } from '../../src/lib/time.ts';
import type { FeedItem, StatusView } from '../../src/ports/admin.ts';
import type { AuditRow } from '../../src/ports/ledger.ts';
import { cuts } from './drill-cuts.ts';
import { canary, type DrillServer, operator, startDrillServer } from './drill-server.ts';
import { launcher } from './guard-instance.ts';
import { eventually } from './leash.ts';

const run = promisify(execFile);

let server: DrillServer;
/** What the guard knows and has counted, before the first drill. */
let known: unknown;
before(async () => {
  server = await startDrillServer();
  known = await knowledge();
});
after(() => server[Symbol.asyncDispose]());

test('the command in the checklist runs a drill: all links work, nothing else moves', async () => {
  const was = await checklist();
  assert.equal(was.get('drill.ran')?.state, 'missing');
  assert.equal(was.get('guard.notices')?.state, 'unknown');
  await run('/bin/sh', ['-c', was.get('drill.ran')?.command ?? ''], { cwd: dirname(launcher) });
  const last = await run(launcher, ['drill', 'last', '--json', '--state', server.state]);
  const report = JSON.parse(last.stdout) as DrillReport;
  assert.deepEqual(
    report.links.filter(({ state }) => state !== 'fine'),
    [],
  );
  assert.equal(report.fine, true);
  const now = await checklist();
  const moved = [...now.keys()].filter((id) => now.get(id)?.state !== was.get(id)?.state);
  assert.deepEqual(moved.sort(), ['drill.ran', 'guard.notices']);
  assert.match(now.get('drill.ran')?.found ?? '', /^today: 18 of 18 links work$/);
  const { found = '', state } = now.get('guard.notices') ?? assert.fail();
  assert.equal(state, 'done', found);
  assert.match(found, /mail: delivered today/);
  assert.match(found, /webhook: taken today/);
  const audit = await server.guard.json<readonly AuditRow[]>('/api/audit');
  assert.deepEqual(
    audit.filter(({ action }) => action === 'drill').map(({ account }) => account),
    [canary],
  );
});

test('a drill teaches the guard nothing, and is not counted', async () => {
  assert.deepEqual(await knowledge(), known);
});

for (const { cut, found, what } of cuts) {
  test(`${what}: ${found} is found`, async (t) => {
    const repair = await cut(server);
    const report = await server.drill().finally(repair);
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

test('when all is repaired, every link works again', async () => {
  const report = await server.drill();
  assert.equal(report.fine, true, JSON.stringify(report.links));
});

test('of two drills at once the second does nothing', async () => {
  const both = [server.startDrill(), server.startDrill()];
  const ends = await Promise.all(both.map((child) => once(child, 'close')));
  assert.deepEqual(ends.map(([code, signal]) => signal ?? code).sort(), [0, 75]);
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
  await eventually('the guard has removed all', gone, { detail: about });
  const report = await server.drill();
  assert.equal(report.fine, true, JSON.stringify(report.links));
});

async function checklist(): Promise<ReadonlyMap<string, ChecklistItem>> {
  const words = ['checklist', '--json', '--no-probe', '--config', server.configFile];
  return eventually('every source answers in time', async () => {
    const ran = run(launcher, [...words, '--state', server.state], { maxBuffer: 16 << 20 });
    const { stdout } = await ran.catch((error: { readonly stdout: string }) => error);
    const { items } = JSON.parse(stdout) as { readonly items: readonly ChecklistItem[] };
    if (items.some(({ found }) => /no answer within/.test(found))) return undefined;
    return new Map(items.map((item) => [item.id, item]));
  });
}

/** What the guard has learned and counted, but for its own notices. */
async function knowledge(): Promise<unknown> {
  const { guard } = server;
  const status = await guard.json<StatusView>('/api/status');
  const { accounts, bypass, held, providers, verdicts } = status;
  const lists = ['held', 'incidents', 'providers'];
  const answers = await Promise.all(lists.map((path) => guard.json(`/api/${path}`)));
  const recent = await guard.json<readonly FeedItem[]>('/api/recent?limit=200');
  const stopped = { ...verdicts, pass: 0 };
  const ofCanary = recent.filter(({ account }) => account === canary);
  // The audit trail has one line for each drill, and nothing else.
  const audit = (await guard.json<readonly AuditRow[]>('/api/audit')).filter(
    ({ action }) => action !== 'drill',
  );
  const bypassed = bypass.messages;
  return { accounts, audit, bypassed, held, providers, stopped, answers, ofCanary };
}

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

test('the statistics of all drills together do not know the canary', async () => {
  const today = Math.floor(Date.now() / dayMs);
  const days = `since=${today - 1}&until=${today + 1}`;
  const counted = await server.guard.json(`/api/stats?by=account&${days}`);
  assert.ok(!JSON.stringify(counted).includes(canary));
});

test('every notice said DRILL, and went to the operator alone', () => {
  const { sink, web } = server;
  const events = new Set(web.notices.map(({ event }) => event));
  assert.deepEqual([...events], ['drill']);
  const notices = sink.deliveries.filter(({ headers }) => headers.includes('X-Postern-Event'));
  assert.ok(notices.length > 0);
  for (const { headers, to } of notices) {
    assert.deepEqual(to, [operator]);
    assert.match(headers, /^Subject: .*DRILL/m);
  }
  const all = sink.deliveries.flatMap(({ to }) => to);
  assert.ok(!all.some((address) => address.endsWith(sinkDomain)));
  assert.ok(web.pings >= 2);
});

test('setup --undo gives back main.cf to the byte', async () => {
  const [before, now] = await server.undoSetup();
  assert.ok(!before.includes(sinkDomain));
  assert.equal(now, before);
});
