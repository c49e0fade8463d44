/** Debian's postgrey on a port of its own, with a database of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/integration/leash.ts';

export type Postgrey = {
  readonly port: number;
  readonly pid: number;
  [Symbol.asyncDispose](): Promise<void>;
};

/** `fill` writes its database before it starts. */
export async function startPostgrey(fill?: (folder: string) => Promise<void>): Promise<Postgrey> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-postgrey-'));
  try {
    await fill?.(folder);
    const port = await freePort();
    const user = process.getuid?.() === 0 ? ['--user=root', '--group=root'] : [];
    const words = [`--inet=127.0.0.1:${port}`, `--dbdir=${folder}`, ...user];
    const daemon = spawn('/usr/sbin/postgrey', words, { stdio: 'ignore' });
    for (let tries = 0; tries < 100 && !(await answers(port)); tries++) await sleep(200);
    return {
      port,
      pid: daemon.pid ?? 0,
      async [Symbol.asyncDispose]() {
        daemon.kill();
        await once(daemon, 'close');
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (fault) {
    rmSync(folder, { recursive: true, force: true });
    throw fault;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    return await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]);
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
