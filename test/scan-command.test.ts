/** `postern scan` against a spamd that a test plays. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { stateFolder } from './command-line.ts';

test('--marked prints the message octet for octet, whatever its charset', async () => {
  await using folder = await stateFolder();
  const message = Buffer.from('Subject: caf\xe9\r\n\r\n\xfc\xc3\xbc\r\n', 'latin1');
  const file = join(folder.path, 'message.eml');
  await writeFile(file, message);
  await using server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('end', () => {
      socket.write(`SPAMD/1.1 0 EX_OK\r\nContent-length: ${message.length}\r\n\r\n`);
      socket.end(message);
    });
    socket.resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const words = ['scan', file, '--marked', '--spamassassin', `inet:127.0.0.1:${address.port}`];
  const { stdout } = await promisify(execFile)(process.execPath, ['src/cli.ts', ...words], {
    encoding: 'buffer',
  });
  assert.deepEqual(stdout, message);
});
