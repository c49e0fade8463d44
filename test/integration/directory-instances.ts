/**
 * Where accounts are kept besides PostgreSQL, each a real server in a folder of its own, ended with
 * the scope:
 *
 *     await using mariadb = await startMariadb();
 *     await using ldap = await startSlapd(ldif);
 */
import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mustBeRoot } from './dovecot-instance.ts';
import { eventually, freePort, leash } from './leash.ts';

const run = promisify(execFile);

export type MariadbInstance = AsyncDisposable & {
  readonly socket: string;
  /** As its superuser. */
  sql(text: string): Promise<string>;
};

/** Reached by its socket alone. */
export async function startMariadb(): Promise<MariadbInstance> {
  mustBeRoot();
  const dir = await mkdtemp(join(tmpdir(), 'pmy-'));
  const data = join(dir, 'data');
  await run('mariadb-install-db', [
    ...['--no-defaults', `--datadir=${data}`, '--user=root', '--skip-test-db'],
    '--auth-root-authentication-method=normal',
  ]);
  const socket = join(dir, 's');
  const daemon = leash(
    'mariadbd',
    [
      ...['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, '--skip-networking'],
      ...['--user=root', `--pid-file=${join(dir, 'pid')}`, '--innodb-flush-log-at-trx-commit=0'],
    ],
    { detaches: false, graceMs: 5_000 },
  );
  const sql = async (text: string): Promise<string> => {
    const asked = run('mariadb', ['--no-defaults', `--socket=${socket}`, '--batch', 'mysql']);
    // A client that cannot connect ends before it has read this; its exit says why.
    asked.child.stdin?.on('error', () => undefined).end(text);
    return (await asked).stdout;
  };
  await eventually('MariaDB answers', () => sql('SELECT 1').catch(() => undefined), {
    detail: () => daemon.output(),
  });
  return {
    socket,
    sql,
    async [Symbol.asyncDispose]() {
      await daemon.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export type SlapdInstance = AsyncDisposable & {
  readonly uri: string;
  readonly boss: { readonly dn: string; readonly password: string };
};

/**
 * OpenLDAP with one database below dc=example,dc=org, filled from LDIF; passwords are for its boss
 * alone.
 */
export async function startSlapd(ldif: string): Promise<SlapdInstance> {
  mustBeRoot();
  const dir = await mkdtemp(join(tmpdir(), 'pld-'));
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (which) => Number((await run('id', [which, 'openldap'])).stdout)),
  );
  const data = join(dir, 'data');
  await mkdir(data);
  const boss = { dn: 'cn=boss,dc=example,dc=org', password: "boss's pw" };
  const schemas = ['core', 'cosine', 'nis', 'inetorgperson'];
  const config = join(dir, 'slapd.conf');
  await writeFile(
    config,
    `${schemas.map((name) => `include /etc/ldap/schema/${name}.schema\n`).join('')}
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${dir}/pid
sizelimit unlimited
database mdb
suffix "dc=example,dc=org"
rootdn "${boss.dn}"
rootpw "${boss.password}"
directory ${data}
access to attrs=userPassword by * auth
access to * by * read
`,
  );
  const file = join(dir, 'all.ldif');
  await writeFile(file, ldif);
  await run('slapadd', ['-q', '-f', config, '-l', file]);
  for (const path of [dir, data, join(data, 'data.mdb'), join(data, 'lock.mdb')]) {
    await chown(path, uid ?? 0, gid ?? 0);
  }
  const uri = `ldap://127.0.0.1:${await freePort()}`;
  const words = ['-d', '0', '-h', uri, '-f', config, '-u', 'openldap', '-g', 'openldap'];
  const daemon = leash('slapd', words, { detaches: false, graceMs: 5_000 });
  const ask = ['-x', '-H', uri, '-b', '', '-s', 'base'];
  await eventually('slapd answers', () => run('ldapsearch', ask).catch(() => undefined), {
    detail: () => daemon.output(),
  });
  return {
    uri,
    boss,
    async [Symbol.asyncDispose]() {
      await daemon.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
