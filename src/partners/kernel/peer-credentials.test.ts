/** Who is at the other end, also where its process is of a namespace that we do not see. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const onlyRoot = process.getuid?.() === 0 ? false : 'only root makes a namespace of processes';

for (const [name, words] of [
  ['of our own namespace', []],
  ['of another namespace', ['/usr/bin/unshare', '--pid', '--fork', '--kill-child']],
] as const) {
  test(`a peer ${name}`, { skip: words.length > 0 && onlyRoot }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ppc-'));
    const path = join(folder, 'door');
    const module = resolve(import.meta.dirname, 'peer-credentials.ts');
    const program = `import(${JSON.stringify(module)}).then(({ peerOf }) => {
      const server = require('node:net').createServer((socket) => {
        socket.end(JSON.stringify(peerOf(socket._handle.fd) ?? 'nobody'));
      });
      server.listen(${JSON.stringify(path)}, () => console.log('listens'));
    });`;
    const args = [...words, process.execPath, '--no-warnings', '-e', program];
    const child = spawn(args[0] ?? '', args.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      let said = '';
      const socket = connect(path);
      socket.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await once(socket, 'close');
      const { pid, uid } = JSON.parse(said) as { readonly pid: number; readonly uid: number };
      const seen = words.length > 0 ? 0 : process.pid;
      assert.deepEqual({ pid, uid }, { pid: seen, uid: process.getuid?.() });
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
