/**
 * Accounts in a database: read with the database's own client program, as the file says that Dovecot reads
 * (dovecot-sql.conf.ext). Its answer goes into the private folder and is read from there, never through a pipe of Node's.
 *
 * Where the file has `list_query` (ours: columns user, password, and perhaps domain, name, organisation), that is asked;
 * else Dovecot's `iterate_query` for the names, and `password_query` for each of them.
 */

import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PrivateFolder } from '../private-folder.ts';
import { type AskHow, askClient, type Client, needed, readSettings, unfit } from './client.ts';
import { fieldsOf, linesOf } from './lines.ts';
import { type Row, rowOf } from './row.ts';

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
/** Between columns: no name and no hash has it. */
const separator = '\u001f';

export function parseSqlFile(path: string): SqlFile {
  const values = readSettings(path);
  const driver = values.get('driver') ?? '';
  if (driver !== 'pgsql' && driver !== 'sqlite' && driver !== 'mysql') {
    throw unfit(path, `driver must be pgsql, mysql or sqlite, and is ${driver || 'not set'}`);
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
    throw unfit(path, 'it has no list_query, nor iterate_query and password_query together');
  }
  return file;
}

/** `host=… dbname=… password='with blanks'`, as libpq and Dovecot write it. */
function connectOf(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S*))/g);
  return Object.fromEntries(
    [...found].map(([, key = '', quoted, bare = '']) => [
      key.toLowerCase(),
      quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1'),
    ]),
  );
}

/** Throws OperatorError `source-unread` where the database does not answer. */
export async function sqlRows(path: string, how: AskHow): Promise<Iterable<Row>> {
  const { folder, domain = '' } = how;
  const file = parseSqlFile(path);
  const answer = folder.file('answer');
  if (file.listQuery !== '') {
    await ask(path, file, how, file.listQuery);
    return listed(answer, file, domain);
  }
  await ask(path, file, how, file.iterateQuery);
  const script = folder.file('each');
  const fd = openSync(script, 'w', 0o600);
  for (const account of accountsOf(answer)) {
    writeSync(fd, `${passwordOf(file, account)};\n`);
  }
  closeSync(fd);
  await askClient(clientOf(path, file, folder), { path, ...how, script, answer });
  return listed(answer, file, domain);
}

/** What Dovecot would ask for this user, with the user in front. A derived table gives its column a name that is known. */
export function passwordOf({ driver, passwordQuery }: SqlFile, account: string): string {
  const quoted = (text: string): string =>
    (driver === 'mysql' ? text.replaceAll('\\', '\\\\') : text).replaceAll("'", "''");
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

/** Names by the columns that Dovecot reads: user, or username and domain. */
function* accountsOf(answer: string): Generator<string> {
  let columns: readonly string[] = [];
  for (const { number, bytes } of linesOf(answer)) {
    if (bytes === undefined) continue;
    const fields = cut(bytes).map((field) => field.toString('utf8'));
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

/** A header, then rows. Each statement of a script brings its header along: it is passed over. */
function* listed(answer: string, { scheme, driver }: SqlFile, domain: string): Generator<Row> {
  let columns: readonly string[] = [];
  for (const { number: line, bytes } of linesOf(answer)) {
    if (bytes === undefined) {
      yield { kind: 'fault', line, what: 'the row is too long' };
      continue;
    }
    const fields = cut(bytes);
    if (line === 1 || fields[0]?.toString('latin1') === columns[0]) {
      if (line === 1) columns = fields.map((name) => name.toString('latin1').toLowerCase());
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
      // NULL and '' alike: Dovecot lets nobody in by them.
      yield { kind: 'locked', line, account: account.toString('utf8') };
      continue;
    }
    const name = value('name');
    const own = value('domain')?.toString('utf8') ?? '';
    yield rowOf({
      ...{ line, account, password, scheme, ...(name === undefined ? {} : { name }) },
      organisation: value('organisation')?.toString('utf8') ?? '',
      domain: own === '' ? domain : own,
    });
  }
}

const cut = (bytes: Buffer): readonly Buffer[] => fieldsOf(bytes, 16, separator.charCodeAt(0));

async function ask(path: string, file: SqlFile, how: AskHow, statement: string): Promise<void> {
  const { folder } = how;
  const [script, answer] = [folder.file('script'), folder.file('answer')];
  const text = statement.replace(/;\s*$/, '').replace(/\s+/g, ' ');
  writeFileSync(script, `${text};\n`, { mode: 0o600 });
  await askClient(clientOf(path, file, folder), { path, ...how, script, answer });
}

function clientOf(path: string, { driver, connect }: SqlFile, folder: PrivateFolder): Client {
  const value = (key: string): string => connect[key] ?? '';
  if (driver === 'sqlite') {
    const child = join(import.meta.dirname, 'sqlite-process.ts');
    const quiet = '--disable-warning=ExperimentalWarning';
    return { program: process.execPath, args: [quiet, child, value('dbname')], env: {} };
  }
  const user = value('user');
  if (driver === 'pgsql') {
    const env = Object.entries({
      ...{ PGHOST: value('host'), PGPORT: value('port'), PGDATABASE: value('dbname') },
      ...{ PGUSER: user, PGPASSWORD: value('password'), PGCONNECT_TIMEOUT: '20' },
    }).filter(([, text]) => text !== '');
    const layout = ['-A', '-F', separator, '-P', 'footer=off', '-P', 'null='];
    const args = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...layout];
    return { program: needed(path, ['/usr/bin/psql']), args, env: Object.fromEntries(env) };
  }
  const host = value('host');
  const options = folder.file('mysql.cnf');
  const where = host.startsWith('/') ? `socket=${host}` : `host=${host || 'localhost'}`;
  // In option files a backslash begins an escape; a quote inside of quotes does not end them.
  const literal = (one: string): string => `"${one.replaceAll('\\', '\\\\')}"`;
  const login = `user=${literal(user)}\npassword=${literal(value('password'))}\n`;
  const text = `[client]\n${where}\n${login}`;
  const port = value('port') === '' ? '' : `port=${value('port')}\n`;
  writeFileSync(options, text + port, { mode: 0o600 });
  // Tabs stand between its columns; --raw keeps backslashes as they are.
  const script = `exec "$0" "--defaults-extra-file=$1" --batch --raw "$2" | tr '\\t' '\\037'`;
  const program = needed(path, ['/usr/bin/mariadb', '/usr/bin/mysql']);
  const args = ['-c', `set -o pipefail; ${script}`, program, options, value('dbname')];
  return { program: '/bin/bash', args, env: {} };
}
