/** Debian's postgrey on a port of its own, with a database of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, listens } from '../test/integration/leash.ts';

export type Postgrey = AsyncDisposable & { readonly port: number; readonly pid: number };

/** `fill` writes its database before it starts. */
export async function startPostgrey(fill?: (folder: string) => Promise<void>): Promise<Postgrey> {
  await using scope = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'postern-postgrey-'));
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  await fill?.(folder);
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['--user=root', '--group=root'] : [];
  const words = [`--inet=127.0.0.1:${port}`, `--dbdir=${folder}`, ...user];
  const daemon = spawn('/usr/sbin/postgrey', words, { stdio: 'ignore' });
  const closed = once(daemon, 'close');
  scope.defer(async () => {
    daemon.kill();
    await closed;
  });
  await listens(port);
  const owned = scope.move();
  return { port, pid: daemon.pid ?? 0, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
