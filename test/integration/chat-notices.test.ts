/** A guard with a webhook of each chat service: what an HTTP server gets, and what is logged. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGuard } from './guard-instance.ts';

type Seen = { readonly asked: string; readonly token: string; readonly body: string };

async function openSink() {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { headers, method, url } = request;
    seen.push({ asked: `${method} ${url}`, token: headers.authorization ?? '', body });
    response.end('{"ok":true}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    seen,
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const room = '/_matrix/client/v3/rooms/!a:b.test/send/m.room.message';
const cases = [
  ['slack', '/services/PATHSECRET', /^POST \/services\/PATHSECRET$/, '', /"plain_text"/],
  ['mattermost', '/hooks/PATHSECRET', /^POST \/hooks\/PATHSECRET$/, '', /```\\n\[postern\]/],
  ['matrix', room, /^PUT .*m\.room\.message\/[\w-]+$/, 'Bearer FILESECRET', /"m\.mentions":\{\}/],
  ['ntfy', '/alerts', /^POST \/$/, 'Bearer FILESECRET', /"topic":"alerts"/],
  ['telegram', '/?chat_id=-7', /^POST \/botFILESECRET\/sendMessage$/, '', /"chat_id":"-7"/],
] as const;

for (const [format, path, asked, token, body] of cases) {
  test(`${format}: a test notice arrives, and the log has no secret`, async () => {
    await using sink = await openSink();
    const dir = mkdtempSync(join(tmpdir(), 'chat-'));
    const secret = join(dir, 'secret');
    writeFileSync(secret, 'FILESECRET\n', { mode: 0o600 });
    const settings = [
      `webhook = "${sink.origin}${path}"`,
      `webhook_format = "${format}"`,
      `webhook_secret_file = "${secret}"`,
    ];
    const config = `host = "mail.test"\n[notices]\n${settings.join('\n')}\n`;
    try {
      await using guard = await startGuard({ config });
      assert.match(await guard.cli('try', 'notice'), /webhook: taken/);
      assert.equal(sink.seen.length, 1);
      const [seen] = sink.seen;
      assert.match(seen?.asked ?? '', asked);
      assert.equal(seen?.token, token);
      assert.match(seen?.body ?? '', body);
      assert.match(seen?.body ?? '', /test notice from mail\.test/);
      await sink[Symbol.asyncDispose]();
      await assert.rejects(guard.cli('try', 'notice'), (error) => {
        assert.match(String(error), /the webhook at http:\/\/127\.0\.0\.1:\d+ cannot be reached/);
        assert.doesNotMatch(String(error), /SECRET/);
        return true;
      });
      assert.doesNotMatch(readFileSync(join(guard.state, 'guard.log'), 'utf8'), /SECRET/);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
}
