/** Root speaks to the guard's own program alone, whatever run.json names. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { requestGuard } from './request.ts';

const skip = process.geteuid?.() === 0 ? false : 'only root could be led astray';

test('root tells nothing to a program of another user at the command socket', {
  skip,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'prq-'));
  const path = join(folder, 'other.sock');
  let bytes = 0;
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.on('error', () => undefined);
  }).listen(path);
  await once(server, 'listening');
  try {
    const doors = { milter: 'off', policy: 'off', http: 'off', command: `unix:${path}` };
    const run = { pid: process.pid, doors, token: 'k9Qm3vT7xB2nR5wY8zC1dF4g', owner: 64_711 };
    await assert.rejects(
      requestGuard(run, { path: '/api/status', deadlineMs: 20_000 }),
      /the program there runs as user 0, and the state folder belongs to 64711/,
    );
    assert.equal(bytes, 0);
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
