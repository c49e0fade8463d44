/** The dead man's ping: one GET, no redirect is followed, and no path is ever shown. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { pingDeadMan } from './dead-man.ts';

const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  if (request.url === '/moved') response.writeHead(302, { location: '/elsewhere' }).end();
  else response.writeHead(request.url === '/fault' ? 500 : 200).end();
});
let origin: string;
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

test('a ping is one GET', async () => {
  assert.equal(await pingDeadMan(`${origin}/secret`), undefined);
  assert.deepEqual(asked.splice(0), ['GET /secret']);
});

test('a redirect is not followed, and counts as not taken', async () => {
  assert.equal(await pingDeadMan(`${origin}/moved`), `${origin} answered 302`);
  assert.deepEqual(asked.splice(0), ['GET /moved']);
});

test('a fault names the origin alone', async () => {
  assert.equal(await pingDeadMan(`${origin}/fault`), `${origin} answered 500`);
  assert.equal(await pingDeadMan('http://127.0.0.1:1/secret'), 'http://127.0.0.1:1 did not answer');
});
