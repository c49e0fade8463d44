/** What a server that is no rspamd may answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { signedByRspamd } from './other-signers.ts';

async function asked(answer: (response: ServerResponse) => void): Promise<readonly string[]> {
  const server = createServer((request, response) => {
    request.resume();
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await signedByRspamd(`http://127.0.0.1:${port}`, 'From: a@b.example\r\n\r\n', 'a@b.c');
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('an answer without an end is not kept', async () => {
  const chunk = Buffer.alloc(65_536, ' ');
  const endless = (response: ServerResponse): void => {
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  };
  await assert.rejects(asked(endless), /sent more than a megabyte/);
});

test('an answer that is not of rspamd is an error', async () => {
  const say = (text: string) => asked((response) => response.end(text));
  await assert.rejects(say('<html>'), /sent no answer of rspamd/);
  assert.deepEqual(await say('null'), []);
  assert.deepEqual(await say('{"dkim-signature": {"a": 1}}'), []);
  assert.deepEqual(await say('{"dkim-signature": ["v=1", 2]}'), [' v=1']);
});
