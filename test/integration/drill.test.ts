/** Live fire on a real Postfix and Dovecot: each link is cut on the real thing, and found. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { linkIds } from '../../src/core/drill/links.ts';
import { firstFailed } from '../../src/core/drill/report.ts';
import { cuts } from './drill-cuts.ts';
import { type DrillServer, startDrillServer } from './drill-server.ts';

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
