/**
 * Another user's program holds the ports of the doors while the guard is down: `postern doctor` as
 * root names the process.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { examineServer } from '../../src/commands/doctor/doctor.ts';
import { mustBeRoot } from './dovecot-instance.ts';
import { freePort } from './leash.ts';

const uid = 64_004;

test('a door that another user holds: doctor names the process', async () => {
  mustBeRoot();
  const folder = await mkdtemp(join(tmpdir(), 'pdd-'));
  const port = await freePort();
  const program = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => {
    console.log('listens');
  });`;
  const user = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups'];
  const child = spawn('setpriv', [...user, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    const config = join(folder, 'postern.toml');
    await writeFile(config, `[doors]\nmilter = "inet:127.0.0.1:${port}"\nhttp = "off"\n`);
    const all = await examineServer({ config, state: folder, configDir: folder });
    const [held, ...more] = all.filter(({ id }) => id.startsWith('doors.held.'));
    assert.deepEqual(more, []);
    assert.equal(held?.kind, 'fail');
    assert.equal(
      held.found,
      `process ${child.pid} (${process.execPath}) of user ${uid} listens there, not this guard`,
    );
    assert.match(held.fix, new RegExp(`ps -fp ${child.pid};`));
  } finally {
    child.kill();
    await once(child, 'exit');
    await rm(folder, { recursive: true });
  }
});
