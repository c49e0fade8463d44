/**
 * A real PostgreSQL in a folder of its own, reached by its socket there alone. Ended with the
 * scope:
 *
 *     await using postgres = await startPostgres();
 *     await postgres.sql('CREATE TABLE …');   // as its superuser
 *     postgres.socketFolder;                  // for host=
 */
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mustBeRoot } from './dovecot-instance.ts';
import { eventually, leash } from './leash.ts';

const run = promisify(execFile);

export type PostgresInstance = AsyncDisposable & {
  readonly socketFolder: string;
  sql(text: string): Promise<string>;
};

export async function startPostgres(): Promise<PostgresInstance> {
  mustBeRoot();
  const bin = globSync('/usr/lib/postgresql/*/bin').sort().at(-1);
  if (bin === undefined) throw new Error('PostgreSQL is not installed');
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (which) => Number((await run('id', [which, 'postgres'])).stdout)),
  );
  const dir = await mkdtemp(join(tmpdir(), 'ppg-')); // short: socket paths end at 107 characters
  await chmod(dir, 0o755);
  await chown(dir, uid ?? 0, gid ?? 0);
  const as = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
  const data = join(dir, 'data');
  const passwordFile = join(dir, 'boss');
  await writeFile(passwordFile, 'bosspw\n');
  const first = [
    '-D',
    data,
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '-U',
    'boss',
    '-N',
    '-E',
    'UTF8',
  ];
  await run('setpriv', [...as, join(bin, 'initdb'), ...first], { cwd: dir });
  const settings = [
    '-c',
    'listen_addresses=',
    '-c',
    `unix_socket_directories=${dir}`,
    '-c',
    'fsync=off',
  ];
  const daemon = leash('setpriv', [...as, join(bin, 'postgres'), '-D', data, ...settings], {
    detaches: false,
    graceMs: 5_000,
  });
  const env = { ...process.env, PGHOST: dir, PGUSER: 'boss', PGPASSWORD: 'bosspw' };
  const sql = async (text: string): Promise<string> => {
    const asked = run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', 'postgres'], {
      env,
    });
    // A client that cannot connect ends before it has read this; its exit says why.
    asked.child.stdin?.on('error', () => undefined).end(text);
    return (await asked).stdout;
  };
  await eventually('PostgreSQL answers', () => sql('SELECT 1').catch(() => undefined), {
    detail: () => daemon.output(),
  });
  return {
    socketFolder: dir,
    sql,
    async [Symbol.asyncDispose]() {
      await daemon.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
