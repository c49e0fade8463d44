/**
 * Reads accounts from a database with its own client program, as Dovecot's dovecot-sql.conf.ext
 * says. The answer is written into the private folder and read from there, never through a pipe of
 * Node.
 *
 * With `list_query` in the file (Postern's own setting: columns user, password, and perhaps domain,
 * name, organisation) one query is enough. Otherwise Dovecot's `iterate_query` gives the names, and
 * `password_query` runs for each name.
 */

import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PrivateFolder } from '../sandbox/private-folder.ts';
import { batchRow, type CutRow, csvRows } from './answer.ts';
import {
  askClient,
  type Client,
  needed,
  type QueryOptions,
  readSettings,
  unfit,
} from './client.ts';
import { linesOf } from './lines.ts';
import { rowOf, type SourceRow } from './row.ts';

export type SqlFile = {
  readonly driver: 'pgsql' | 'sqlite' | 'mysql';
  readonly connect: Readonly<Record<string, string>>;
  readonly scheme: string;
  readonly listQuery: string;
  readonly iterateQuery: string;
  readonly passwordQuery: string;
};

/** How MySQL's client writes NULL. */
const nothing = Buffer.from('NULL');
/** Columns of `passwordOf`. It runs once for each account, so it prints no header. */
const passwordColumns = ['user', 'password'];

export function parseSqlFile(path: string): SqlFile {
  const values = readSettings(path);
  const driver = values.get('driver') ?? '';
  if (driver !== 'pgsql' && driver !== 'sqlite' && driver !== 'mysql') {
    throw unfit(path, `driver must be pgsql, mysql or sqlite; it is ${driver || 'not set'}`);
  }
  const connect = values.get('connect') ?? '';
  const file = {
    driver,
    connect: driver === 'sqlite' ? { dbname: connect } : connectOf(connect),
    scheme: values.get('default_pass_scheme') ?? 'CRYPT',
    listQuery: values.get('list_query') ?? '',
    iterateQuery: values.get('iterate_query') ?? '',
    passwordQuery: values.get('password_query') ?? '',
  } as const;
  if (file.listQuery === '' && (file.iterateQuery === '' || file.passwordQuery === '')) {
    throw unfit(path, 'set list_query, or both iterate_query and password_query');
  }
  return file;
}

/** Parses `host=… dbname=… password='with blanks'`, as libpq and Dovecot write it. */
function connectOf(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S*))/g);
  return Object.fromEntries(
    [...found].map(([, key = '', quoted, bare = '']) => [
      key.toLowerCase(),
      quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1'),
    ]),
  );
}

/** Throws OperatorError `source-unread` if the database does not answer. */
export async function sqlRows(path: string, how: QueryOptions): Promise<Iterable<SourceRow>> {
  const { folder, domain = '' } = how;
  const file = parseSqlFile(path);
  const answer = folder.file('answer');
  if (file.listQuery !== '') {
    await ask(path, file, how, file.listQuery);
    return listed(answer, file, domain, []);
  }
  await ask(path, file, how, file.iterateQuery);
  const script = folder.file('each');
  const fd = openSync(script, 'w', 0o600);
  for (const account of accountsOf(answer, file)) {
    writeSync(fd, `${passwordOf(file, account)};\n`);
  }
  closeSync(fd);
  await askClient(clientOf(path, file, folder, true), { path, ...how, script, answer });
  return listed(answer, file, domain, passwordColumns);
}

/**
 * The query that Dovecot would run for this user, with the user as first column. A derived table
 * gives the column of the password a known name.
 */
export function passwordOf({ driver, passwordQuery }: SqlFile, account: string): string {
  // MySQL allows strings in double quotes too.
  const quoted = (text: string): string =>
    driver === 'mysql' ? text.replace(/[\\'"]/g, '\\$&') : text.replaceAll("'", "''");
  const at = account.indexOf('@');
  const [local, domain] = at < 0 ? [account, ''] : [account.slice(0, at), account.slice(at + 1)];
  const values: Readonly<Record<string, string>> = { u: account, n: local, d: domain };
  const asked = passwordQuery
    .replace(/;\s*$/, '')
    .replace(/%(?:\{(user|username|domain)\}|L?([und]))/g, (_, long: string, short: string) => {
      const key = long === undefined ? short : { user: 'u', username: 'n', domain: 'd' }[long];
      return quoted(values[key ?? 'u'] ?? '');
    });
  const alias = driver === 'mysql' ? '`user`' : '"user"';
  return `SELECT '${quoted(account)}' AS ${alias}, asked.password FROM (${asked}) AS asked`;
}

/** The account names, from the columns that Dovecot reads: user, or username and domain. */
function* accountsOf(answer: string, { driver }: SqlFile): Generator<string> {
  let columns: readonly string[] = [];
  const cut = cutOf(driver);
  for (const { number, bytes } of linesOf(answer)) {
    const fields = bytes === undefined ? undefined : cut(bytes)?.map((one) => one.toString('utf8'));
    if (fields === undefined) continue;
    if (number === 1) {
      columns = fields.map((name) => name.toLowerCase());
      continue;
    }
    const value = (name: string): string => fields[columns.indexOf(name)] ?? '';
    const local = value('user') || value('username') || (fields[0] ?? '');
    if (/[\p{Cc}]/u.test(local) || local === '') continue;
    const domain = value('domain');
    yield domain === '' || local.includes('@') ? local : `${local}@${domain}`;
  }
}

/** The rows of an answer. `known`: the columns; empty if the first line names them. */
function* listed(
  answer: string,
  { scheme, driver }: SqlFile,
  domain: string,
  known: readonly string[],
): Generator<SourceRow> {
  let columns = known;
  const cut = cutOf(driver);
  for (const { number: line, bytes } of linesOf(answer)) {
    if (bytes?.length === 0) continue;
    const fields = bytes === undefined ? undefined : cut(bytes);
    if (fields === undefined) {
      const what =
        bytes === undefined ? 'the row is too long' : 'a value of the row has a line break';
      yield { kind: 'fault', line, what };
      continue;
    }
    if (columns.length === 0) {
      columns = fields.map((name) => name.toString('latin1').toLowerCase());
      continue;
    }
    const value = (name: string): Buffer | undefined => fields[columns.indexOf(name)];
    const account = value('user') ?? value('username') ?? fields[0];
    const password = value('password') ?? fields[1];
    if (account === undefined || password === undefined) {
      yield { kind: 'fault', line, what: 'a row needs the columns user and password' };
      continue;
    }
    if (password.length === 0 || (driver === 'mysql' && password.equals(nothing))) {
      // With NULL or '' Dovecot lets nobody in.
      yield { kind: 'locked', line, account: account.toString('utf8') };
      continue;
    }
    const own = value('domain')?.toString('utf8') ?? '';
    yield rowOf({
      line,
      account,
      password,
      scheme,
      name: value('name'),
      organisation: value('organisation')?.toString('utf8') ?? '',
      domain: own === '' ? domain : own,
    });
  }
}

const cutOf = (driver: SqlFile['driver']): CutRow => (driver === 'mysql' ? batchRow : csvRows());

async function ask(
  path: string,
  file: SqlFile,
  how: QueryOptions,
  statement: string,
): Promise<void> {
  const { folder } = how;
  const [script, answer] = [folder.file('script'), folder.file('answer')];
  const text = statement.replace(/;\s*$/, '').replace(/\s+/g, ' ');
  writeFileSync(script, `${text};\n`, { mode: 0o600 });
  await askClient(clientOf(path, file, folder), { path, ...how, script, answer });
}

/** The client program and its arguments. `bare`: the answer has no header. */
function clientOf(path: string, file: SqlFile, folder: PrivateFolder, bare = false): Client {
  const { driver, connect } = file;
  if (driver === 'sqlite') {
    const child = join(import.meta.dirname, 'sqlite-process.ts');
    const args = ['--disable-warning=ExperimentalWarning', child, connect['dbname'] ?? ''];
    return { program: process.execPath, args: [...args, ...(bare ? ['bare'] : [])], env: {} };
  }
  if (driver === 'mysql') return mysqlClient(path, connect, folder, bare);
  const args = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '--csv', ...(bare ? ['-t'] : [])];
  const env = { PGCONNECT_TIMEOUT: '20', ...settingsOf(connect, libpq) };
  return { program: needed(path, ['/usr/bin/psql']), args, env };
}

/** Keys of `connect` (server, user, encryption), and the names that the client has for them. */
const libpq: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  sslmode: 'PGSSLMODE',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslrootcert: 'PGSSLROOTCERT',
  sslcrl: 'PGSSLCRL',
  channel_binding: 'PGCHANNELBINDING',
  gssencmode: 'PGGSSENCMODE',
};
const libmysql: Readonly<Record<string, string>> = {
  port: 'port',
  user: 'user',
  password: 'password',
  ssl_ca: 'ssl-ca',
  ssl_key: 'ssl-key',
  ssl_ca_path: 'ssl-capath',
  ssl_cert: 'ssl-cert',
  ssl_cipher: 'ssl-cipher',
};

function settingsOf(
  connect: SqlFile['connect'],
  names: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const set = Object.entries(names).filter(([key]) => (connect[key] ?? '') !== '');
  return Object.fromEntries(set.map(([key, name]) => [name, connect[key] ?? '']));
}

function mysqlClient(
  path: string,
  connect: SqlFile['connect'],
  folder: PrivateFolder,
  bare: boolean,
): Client {
  const { host = 'localhost', dbname = '' } = connect;
  const options = folder.file('mysql.cnf');
  // In option files a backslash begins an escape, and a quote inside quotes does not end them.
  const literal = (one: string): string => `"${one.replaceAll('\\', '\\\\')}"`;
  const settings = settingsOf(connect, libmysql);
  const lines = Object.entries(settings).map(([name, one]) => `${name}=${literal(one)}\n`);
  const where = host.startsWith('/') ? `socket=${host}` : `host=${host}`;
  const ownCertificates = 'ssl_ca' in connect || 'ssl_ca_path' in connect;
  // As in Dovecot: with CA certificates in `connect`, the name of the server is verified.
  const verified = ownCertificates && connect['ssl_verify_server_cert'] !== 'no';
  if (verified) lines.push('loose-ssl-verify-server-cert\n', 'loose-ssl-mode=VERIFY_IDENTITY\n');
  writeFileSync(options, `[client]\n${where}\n${lines.join('')}`, { mode: 0o600 });
  // With --binary-mode, nothing in a query is a command for the client itself.
  const args = [`--defaults-extra-file=${options}`, '--batch', '--binary-mode'];
  args.push(...(bare ? ['--skip-column-names'] : []), `--database=${dbname}`);
  return { program: needed(path, ['/usr/bin/mariadb', '/usr/bin/mysql']), args, env: {} };
}
