/** Where passwords are kept, by what doveconf prints; and how a database is asked. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { passdbsOf, passwdFiles, sourcesOf } from './discover.ts';
import { parseLdapFile } from './ldap.ts';
import { parseSqlFile, passwordOf } from './sql.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-discover-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('passdb blocks of Dovecot 2.3 and 2.4', () => {
  const printed = [
    ...[
      'protocols = imap',
      'passdb {',
      '  args = /etc/deny',
      '  deny = yes',
      '  driver = passwd-file',
      '}',
    ],
    ...['passdb {', '  args = scheme=PLAIN /etc/users', '  driver = passwd-file', '}'],
    ...['passdb sql {', '  query {', '    x = y', '  }', '}', 'userdb {', '  driver = static', '}'],
    ...['passdb passwd-file {', '  default_password_scheme = SHA512-CRYPT'],
    ...['  passwd_file_path = /etc/users2', '}'],
  ];
  assert.deepEqual(passdbsOf(printed), [
    { driver: 'passwd-file', skipped: true, args: '/etc/deny' },
    { driver: 'passwd-file', skipped: false, args: 'scheme=PLAIN /etc/users' },
    { driver: 'sql', skipped: false, args: '' },
    { driver: 'passwd-file', skipped: false, args: 'scheme=SHA512-CRYPT /etc/users2' },
  ]);
  const found = passdbsOf(printed).flatMap(sourcesOf);
  assert.deepEqual(
    found.map(({ spec }) => spec),
    ['passwd-file,scheme=PLAIN:/etc/users', '', 'passwd-file,scheme=SHA512-CRYPT:/etc/users2'],
  );
  assert.match(found[1]?.note ?? '', /--source sql:FILE/);
});

test('passwd-files: one, or one for each domain', () => {
  assert.deepEqual(passwdFiles('username_format=%u /etc/users'), ['passwd-file:/etc/users']);
  assert.deepEqual(passwdFiles('scheme=CRYPT /etc/users'), ['passwd-file,scheme=CRYPT:/etc/users']);
  for (const domain of ['a.org', 'b.org']) {
    mkdirSync(join(folder, domain));
    writeFileSync(join(folder, domain, 'passwd'), '');
  }
  assert.deepEqual(passwdFiles(`${folder}/%d/passwd`), [
    `passwd-file,domain=a.org:${folder}/a.org/passwd`,
    `passwd-file,domain=b.org:${folder}/b.org/passwd`,
  ]);
});

test('a file such as dovecot-sql.conf.ext', () => {
  const path = join(folder, 'sql.conf');
  writeFileSync(
    path,
    `# comment
driver = pgsql
connect = host=/run/pg dbname=mail user=dovecot password='with \\' quote'
default_pass_scheme = SSHA256
password_query = SELECT username AS user, password \\
  FROM users WHERE username = '%n' AND domain = '%d'
iterate_query = SELECT username, domain FROM users
`,
  );
  const file = parseSqlFile(path);
  assert.deepEqual(file.connect, {
    host: '/run/pg',
    dbname: 'mail',
    user: 'dovecot',
    password: "with ' quote",
  });
  assert.equal(file.scheme, 'SSHA256');
  assert.equal(
    passwordOf(file, "o'neil@example.org"),
    `SELECT 'o''neil@example.org' AS "user", asked.password FROM (SELECT username AS user, ` +
      `password FROM users WHERE username = 'o''neil' AND domain = 'example.org') AS asked`,
  );
  assert.match(passwordOf({ ...file, driver: 'mysql' }, 'a\\b'), /^SELECT 'a\\\\b' AS `user`/);
});

test('a file such as dovecot-ldap.conf.ext', () => {
  const path = join(folder, 'ldap.conf');
  const common = 'base = dc=example,dc=org\n';
  const cases: readonly (readonly [string, Partial<ReturnType<typeof parseLdapFile>>])[] = [
    [
      'hosts = one two:1389\n' +
        'dn = cn=x\n' +
        'dnpass = a b\n' +
        'pass_filter = (&(objectClass=person)(uid=%Lu))\n',
      {
        uris: 'ldap://one ldap://two:1389',
        dn: 'cn=x',
        dnPassword: 'a b',
        scheme: 'CRYPT',
        filter: '(&(objectClass=person)(uid=*))',
        user: 'uid',
        password: 'userPassword',
      },
    ],
    [
      'uris = ldaps://d\n' +
        'pass_attrs = mail=user, sambaHash=password\n' +
        'pass_filter = (mail=%n@%d)\n' +
        'scope = onelevel\n' +
        'tls = yes\n',
      {
        uris: 'ldaps://d',
        user: 'mail',
        password: 'sambaHash',
        filter: '(mail=*@*)',
        scope: 'one',
        startTls: true,
      },
    ],
    [
      'pass_attrs = =user=%{ldap:mail},=password=%{ldap:userPassword;x-a}\n' +
        'iterate_filter = (a=b)\n',
      { user: 'mail', password: 'userPassword;x-a', filter: '(a=b)', uris: 'ldap://localhost' },
    ],
  ];
  for (const [text, wanted] of cases) {
    writeFileSync(path, common + text);
    assert.partialDeepStrictEqual(parseLdapFile(path), wanted);
  }
  for (const text of ['', `${common}sasl_bind = yes\n`, `${common}scope = x\n`]) {
    writeFileSync(path, text);
    assert.throws(() => parseLdapFile(path), { code: 'source-unfit' });
  }
});

test('what no account can be read with is said to be unfit', () => {
  const path = join(folder, 'bad.conf');
  for (const text of ['driver = oracle\n', 'driver = sqlite\nconnect = /x\n']) {
    writeFileSync(path, text);
    assert.throws(() => parseSqlFile(path), { code: 'source-unfit' });
  }
});
