/** The live feed is batched and bounded, and ends when nobody listens. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { test } from 'node:test';
import { scriptedAdmin } from '../../../test/doubles/admin.ts';
import { ask, bearer, begin, stage, testNow } from '../../../test/doubles/client.ts';
import { metrics as listed } from '../../core/metrics/metrics.ts';
import { openCounters } from '../../lib/counters.ts';
import { listenersMax, openLive } from './live.ts';

type LiveEvent = { readonly name: string; readonly data: unknown };

/** Events in order. */
async function* events(response: IncomingMessage): AsyncGenerator<LiveEvent> {
  let pending = '';
  for await (const chunk of response) {
    pending += String(chunk);
    const blocks = pending.split('\n\n');
    pending = blocks.pop() ?? '';
    for (const block of blocks) {
      const name = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (name !== undefined && data !== undefined) yield { name, data: JSON.parse(data) };
    }
  }
}

test('a page gets the status at once, then verdicts and the number left out', async () => {
  await using at = await stage();
  const response = await begin(at.door, '/api/live', { headers: bearer });
  assert.equal(response.statusCode, 200);
  assert.match(String(response.headers['content-type']), /^text\/event-stream/);
  const live = events(response);
  const first = (await live.next()).value as LiveEvent;
  assert.equal(first.name, 'status');
  assert.equal((first.data as { mode: string }).mode, 'guard');
  for (let nth = 0; nth < 1_000; nth++) at.push({ id: `id-${nth}` });
  let seen = 0;
  for await (const { name, data } of live) {
    if (name !== 'feed') continue;
    const { items, skipped } = data as { items: { id: string }[]; skipped: number };
    seen += items.length + skipped;
    assert.ok(items.length <= 40, 'one send is small');
    assert.equal(items.at(-1)?.id, 'id-999', 'the newest is what is shown');
    break;
  }
  assert.equal(seen, 1_000);
});

test('verdicts are watched only while somebody listens', async () => {
  await using at = await stage();
  assert.equal(at.listeners(), 0);
  const one = await begin(at.door, '/api/live', { headers: bearer });
  const two = await begin(at.door, '/api/live', { headers: bearer });
  assert.equal(at.listeners(), 1, 'one subscription serves all');
  one.destroy();
  two.destroy();
  while (at.listeners() > 0) await ask(at.door, '/health');
  const again = await begin(at.door, '/api/live', { headers: bearer });
  assert.equal(at.listeners(), 1);
  again.destroy();
});

test('listeners are limited, and each needs a session', async () => {
  await using at = await stage();
  assert.equal((await ask(at.door, '/api/live')).status, 401);
  const open = [];
  for (let nth = 0; nth < listenersMax; nth++) {
    open.push(await begin(at.door, '/api/live', { headers: bearer }));
  }
  const refused = await ask(at.door, '/api/live', { headers: bearer });
  assert.equal(refused.status, 503);
  assert.match(refused.text, /already follow/);
  for (const one of open) one.destroy();
});

test('a reader that does not read is dropped, and the others go on', {
  timeout: 60_000,
}, async () => {
  const scripted = scriptedAdmin(() => testNow, 'quiet');
  const metrics = openCounters(listed);
  const live = openLive(scripted.admin, metrics);
  const server = createServer((_, response) => live.attach(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const slow = connect(port, '127.0.0.1');
  slow.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  slow.pause();
  slow.on('error', () => undefined);
  const [connected] = await Promise.all([once(server, 'request')]);
  assert.ok(connected);
  // Long reasons fill the kernel's buffers sooner.
  const why = 'w'.repeat(200_000);
  assert.equal(metrics.read('postern_live_listeners'), 1);
  while (metrics.read('postern_live_listeners') > 0) {
    for (let nth = 0; nth < 40; nth++) scripted.push({ why });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(metrics.read('postern_live_dropped_total'), 1);
  slow.destroy();
  server.close();
});

test('closing the door ends the feeds', async () => {
  const at = await stage();
  const response = await begin(at.door, '/api/live', { headers: bearer });
  response.resume();
  const ended = once(response, 'end');
  await at.door.close();
  await ended;
  assert.equal(at.listeners(), 0);
});
