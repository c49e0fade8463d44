/**
 * Answers of databases: whatever a value holds, it is that value or a row that is no row, and never
 * a row of its own.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { openPrivateFolder } from '../sandbox/private-folder.ts';
import { batchRow, csvRows } from './answer.ts';
import { parseSource, rowsOf } from './source.ts';
import { passwordOf, type SqlFile } from './sql.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-answer-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const value = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\t', '\\', 'n', 'ü', '') });
const rows = fc.array(fc.array(value, { minLength: 2, maxLength: 4 }), { maxLength: 8 });

test('CSV: rows come back as they were; those with a line break are left out', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const quoted = (one: string): string =>
        /["\n,\\]/.test(one) ? `"${one.replaceAll('"', '""')}"` : one;
      const text = all.map((row) => `${row.map(quoted).join(',')}\n`).join('');
      const cut = csvRows();
      const found = text
        .split('\n')
        .slice(0, -1)
        .map((line) => cut(Buffer.from(line))?.map(String))
        .filter((row) => row !== undefined);
      assert.deepEqual(
        found,
        all.filter((row) => !row.join('').includes('\n')),
      );
    }),
  );
});

test('MySQL’s batch format: every row comes back as it was', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const names: Readonly<Record<string, string>> = { '\n': 'n', '\t': 't', '\\': '\\' };
      const escaped = (one: string): string =>
        one.replace(/[\n\t\\]/g, (char) => `\\${names[char]}`);
      const lines = all.map((row) => row.map(escaped).join('\t'));
      assert.deepEqual(
        lines.map((line) => batchRow(Buffer.from(line)).map(String)),
        all,
      );
    }),
  );
});

async function told(settings: string): Promise<readonly string[]> {
  using place = openPrivateFolder(undefined);
  const path = join(folder, 'users.db');
  rmSync(path, { force: true });
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE users (user TEXT, password TEXT, name TEXT)');
  const add = database.prepare('INSERT INTO users VALUES (?, ?, ?)');
  add.run('user', '{PLAIN}user', 'One that is called like its column');
  add.run('user', 'password', 'and so is this');
  add.run('eve', '{PLAIN}x', 'Eve\nvictim\u001f{PLAIN}letmein\u001fV\nvictim,{PLAIN}letmein,V');
  add.run('joe', '{PLAIN}y', 'Joe "the mail", Weber');
  database.close();
  const conf = join(folder, 'sqlite.conf');
  writeFileSync(
    conf,
    `driver = sqlite\nconnect = ${path}\ndefault_pass_scheme = PLAIN\n${settings}`,
  );
  const { signal } = new AbortController();
  const found = await rowsOf(parseSource(`sql:${conf}`), { folder: place, signal });
  return [...found].map((row) => {
    if (row.kind === 'fault') return row.what;
    return row.kind === 'account' ? `${row.account} (${row.name})` : row.account;
  });
}

test('an account called like its column is an account; no name makes others', async () => {
  const lineBreak = 'a value of the row has a line break';
  assert.deepEqual(await told('list_query = SELECT user, password, name FROM users\n'), [
    'user (One that is called like its column)',
    'user (and so is this)',
    ...[lineBreak, lineBreak, lineBreak],
    'joe (Joe "the mail", Weber)',
  ]);
  const each = "password_query = SELECT password FROM users WHERE user = '%u'\n";
  const names = await told(`iterate_query = SELECT DISTINCT user FROM users\n${each}`);
  assert.deepEqual(names, ['user ()', 'user ()', 'eve ()', 'joe ()']);
});

test('a name cannot end the string it stands in, in either kind of quotes', () => {
  const file = (driver: SqlFile['driver']): SqlFile => ({
    driver,
    connect: {},
    scheme: 'CRYPT',
    listQuery: '',
    iterateQuery: '',
    passwordQuery: 'SELECT password FROM users WHERE user = "%u"',
  });
  const asked = passwordOf(file('mysql'), 'a\'b"c\\d');
  assert.match(asked, /^SELECT 'a\\'b\\"c\\\\d' AS .*user = "a\\'b\\"c\\\\d"\) AS asked$/);
  assert.match(passwordOf(file('pgsql'), "a'b\\"), /^SELECT 'a''b\\' AS/);
});
