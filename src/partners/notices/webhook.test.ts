/** The webhook channel against a real HTTP server on loopback. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { Notice } from '../../core/notice.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { noticeWebhook } from './webhook.ts';

const notice: Notice = {
  version: 1,
  event: 'test',
  id: 'n-1',
  host: 'mail.example.org',
  at: '2026-11-23T18:03:40Z',
  account: '',
  since: '2026-11-23T18:03:40Z',
  leaked: { messages: 0, recipients: 0 },
  stopped: { messages: 0, fromQueue: 0 },
  loginClosed: false,
  reasons: [],
  undo: '',
  explain: '',
};
const never = new AbortController().signal;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
async function listen(handler: Handler): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook/secret-in-path`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('the notice arrives as JSON, signed', async () => {
  let seen: { body: string; signature: unknown; type: unknown } | undefined;
  await using server = await listen((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    request.on('end', () => {
      const { 'x-postern-signature': signature, 'content-type': type } = request.headers;
      seen = { body, signature, type };
      response.writeHead(204).end();
    });
  });
  await noticeWebhook({ url: server.url, secret: 'key' }).send(notice, never);
  assert.deepEqual(JSON.parse(seen?.body ?? ''), notice);
  const digest = createHmac('sha256', 'key')
    .update(seen?.body ?? '')
    .digest('hex');
  assert.equal(seen?.signature, `sha256=${digest}`);
  assert.equal(seen?.type, 'application/json');
});

test('a redirect is not followed, and is a failure', async () => {
  let calls = 0;
  await using server = await listen((_request, response) => {
    calls++;
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  await assert.rejects(noticeWebhook({ url: server.url }).send(notice, never), /redirect/);
  assert.equal(calls, 1);
});

test('a refusal names the server, never the path', async () => {
  await using server = await listen((_request, response) => {
    response.writeHead(503).end('x'.repeat(100_000));
  });
  await assert.rejects(noticeWebhook({ url: server.url }).send(notice, never), (error) => {
    assert.ok(error instanceof OperatorError);
    assert.match(error.message, /^the webhook at http:\/\/127\.0\.0\.1:\d+ answered 503$/);
    return true;
  });
});

test('a server that never answers is given up at the deadline', async () => {
  await using server = await listen(() => undefined);
  const channel = noticeWebhook({ url: server.url, deadlineMs: 50 });
  await assert.rejects(channel.send(notice, never), /did not answer in time/);
});

test('Matrix gets a PUT with the token, and a repeated notice is the same event', async () => {
  const seen: { method: string; url: string; token: string }[] = [];
  await using server = await listen((request, response) => {
    const { headers, method = '', url = '' } = request;
    seen.push({ method, url, token: headers.authorization ?? '' });
    response.end('{"event_id":"$1"}');
  });
  const path = '/_matrix/client/v3/rooms/!abc:example.org/send/m.room.message';
  const url = `${new URL(server.url).origin}${path}`;
  const channel = noticeWebhook({ url, format: 'matrix', secret: 'token' });
  await channel.send(notice, never);
  await channel.send(notice, never);
  const asked = { method: 'PUT', url: `${path}/n-1`, token: 'Bearer token' };
  assert.deepEqual(seen, [asked, asked]);
});

test('no error has the token of a bot, a room or a password, whatever fails', async () => {
  await using server = await listen((_request, response) => {
    response.writeHead(404).end();
  });
  const { host } = new URL(server.url);
  const path = 'botTOPSECRET/sendMessage?chat_id=-1';
  for (const url of [
    `http://${host}/${path}`,
    `http://127.0.0.1:1/${path}`,
    `http://user:TOPSECRET@${host}/?chat_id=-1`,
    `http://nowhere.invalid/${path}`,
  ]) {
    const channel = noticeWebhook({ url, format: 'telegram', secret: 'TOPSECRET' });
    await assert.rejects(channel.send(notice, never), (error) => {
      assert.ok(error instanceof OperatorError);
      assert.doesNotMatch(faultText(error), /TOPSECRET|chat_id/);
      return true;
    });
  }
});
