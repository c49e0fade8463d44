/** postern-root behind a socket, as systemd starts it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DovecotInstance } from './dovecot-instance.ts';
import type { PostfixInstance } from './postfix-instance.ts';

const rootHelper = join(import.meta.dirname, '../../packaging/postern-root');

export type HelperSocket = {
  readonly path: string;
  /** The list of instances that root connected. */
  readonly instances: string;
  close(): Promise<void>;
};

/**
 * Does what postern-root.socket does: one helper for each connection, with the unit's capabilities
 * and no more.
 */
export async function listenForHelper(of: {
  readonly mail: Pick<PostfixInstance, 'configDirectory'>;
  readonly imap?: Pick<DovecotInstance, 'configFile'>;
  /** The list of mail that waits. */
  readonly waiting?: string;
}): Promise<HelperSocket> {
  const dir = await mkdtemp(join(tmpdir(), 'phl-'));
  const path = join(dir, 'root.sock');
  const unit = join(import.meta.dirname, '../../packaging/systemd/postern-root@.service');
  const caps = /^CapabilityBoundingSet=(.*)$/m.exec(await readFile(unit, 'utf8'))?.[1] ?? '';
  const bounding = [
    '-all',
    ...caps
      .toLowerCase()
      .split(' ')
      .map((cap) => `+${cap.slice(4)}`),
  ];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const child = spawn(
      'setpriv',
      ['--no-new-privs', `--bounding-set=${bounding.join(',')}`, '--', rootHelper],
      {
        stdio: ['pipe', 'pipe', 'ignore'],
        env: {
          POSTERN_POSTFIX_CONFIG: of.mail.configDirectory,
          POSTERN_DOVECOT_CONFIG: of.imap?.configFile,
          POSTERN_POSTFIX_INSTANCES: join(dir, 'instances'),
          POSTERN_WAITING: of.waiting ?? join(dir, 'waiting', 'list'),
        },
      },
    );
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
    child.stdin.on('error', () => undefined);
    socket.on('error', () => child.kill());
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    path,
    instances: join(dir, 'instances'),
    async close() {
      server.close();
      await once(server, 'close');
      await rm(dir, { recursive: true, force: true });
    },
  };
}
