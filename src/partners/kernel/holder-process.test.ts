import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { holderProcess } from './holder-process.ts';

const program = `const server = require('node:net').createServer();
server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
/** Root sees the files of every process, another user those of its own. */
const user =
  process.getuid?.() === 0
    ? ['setpriv', '--reuid', '64003', '--regid', '64003', '--clear-groups']
    : ['env'];

test('the process that holds a port, its program and its user', async () => {
  const [first = '', ...more] = user;
  const child = spawn(first, [...more, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const found = await holderProcess({ host: '127.0.0.1', port: Number(String(line)) });
    const uid = user.length > 1 ? 64_003 : process.getuid?.();
    assert.deepEqual(found, { uid, pid: child.pid, program: process.execPath });
  } finally {
    child.kill();
    await once(child, 'exit');
  }
});
