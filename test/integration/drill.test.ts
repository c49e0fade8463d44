/** Live fire on a real Postfix and Dovecot: each link is cut on the real thing, and found. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DrillServer, startDrillServer } from './drill-server.ts';

let server: DrillServer;
before(async () => {
  server = await startDrillServer();
});
after(() => server[Symbol.asyncDispose]());

test('an uncut drill finds every link in order', async () => {
  const report = await server.drill();
  console.log(JSON.stringify(report, null, 1));
  assert.equal(report.fine, true);
});
