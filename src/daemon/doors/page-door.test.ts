/** What becomes of the page where another program holds its address. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { HttpDoor } from '../../doors/http/server.ts';
import { openPageDoor } from './page-door.ts';

/** Opens a plain server in place of the page. */
async function open({ host, port }: { host: string; port: number }): Promise<HttpDoor> {
  const server = createServer();
  server.listen({ host, port });
  await once(server, 'listening');
  const bound = server.address();
  const address = `http://${host}:${typeof bound === 'object' ? bound?.port : ''}`;
  const close = async (): Promise<void> => void server.close();
  return { address, close, [Symbol.asyncDispose]: close };
}

async function beside(ifTaken: 'move' | 'wait' | 'fail') {
  const holder = createServer();
  holder.listen({ host: '127.0.0.1', port: 0 });
  await once(holder, 'listening');
  const bound = holder.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const troubles = new Map<string, string | undefined>();
  const seen: string[] = [];
  let tick = (): void => undefined;
  const page = await openPageDoor({
    where: { host: '127.0.0.1', port },
    open,
    ifTaken,
    log: (_level, event) => void seen.push(event),
    timers: {
      every(_ms, run) {
        tick = run;
        return () => void seen.push('stopped');
      },
    },
    troubles: { set: (part, why) => void troubles.set(part, why) },
    changed: () => void seen.push('changed'),
  }).catch((error: unknown) => {
    holder.close();
    throw error;
  });
  return { holder, page, port, seen, tick: () => tick(), troubles };
}

test('an installed guard starts without its page, and opens it when it can', async () => {
  const { holder, page, port, seen, tick, troubles } = await beside('wait');
  assert.equal(page.address(), undefined);
  assert.match(troubles.get('door http') ?? '', new RegExp(`cannot listen on 127.0.0.1:${port}`));
  tick();
  holder.close();
  await once(holder, 'close');
  while (page.address() === undefined) {
    tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(page.address(), `http://127.0.0.1:${port}`);
  assert.deepEqual([seen, troubles.get('door http')], [['stopped', 'changed'], undefined]);
  await page[Symbol.asyncDispose]();
});

test('a checkout takes a free port, or fails where the operator chose the port', async () => {
  const moved = await beside('move');
  assert.notEqual(moved.page.address(), `http://127.0.0.1:${moved.port}`);
  assert.deepEqual(moved.seen, ['door.moved']);
  await moved.page[Symbol.asyncDispose]();
  moved.holder.close();
  await assert.rejects(beside('fail'), /cannot listen on|EADDRINUSE/);
});
