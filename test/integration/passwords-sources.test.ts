/**
 * Where accounts are kept besides files: MariaDB and OpenLDAP, the real ones, asked as Dovecot asks
 * them.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMariadb, startSlapd } from './directory-instances.ts';
import { hashOf, openScene, type Scene } from './password-tools.ts';
import { startPostgres } from './postgres-instance.ts';

const list = ['letmein99', 'correct-horse'];

async function told(scene: Scene, source: string): Promise<readonly string[]> {
  const { results, code, err } = await scene.audit('--source', source, '--quick', '--json').done;
  assert.equal(code, 0, err);
  return results.map(({ account, scheme, weak }) => `${account} ${scheme} ${weak}`).toSorted();
}

test('MariaDB, by names and by a query of our own', async () => {
  await using mariadb = await startMariadb();
  using scene = openScene(list);
  const joe = await hashOf('ssha256', 'joe@example.test', 'joe123');
  const kim = await hashOf('sha512crypt', "o'neil\\@example.test", 'zzKw9-4qPxQ');
  // As awkward as a password of a database can be.
  await mariadb.sql(`
    CREATE DATABASE mail; USE mail;
    CREATE TABLE users (username varchar(64), domain varchar(64),
      password varchar(200), person varchar(64));
    INSERT INTO users VALUES ('joe', 'example.test', '${joe}', 'Joe Weber'),
      ('o''neil\\\\', 'example.test', '${kim}', ''), ('pat', 'example.test', NULL, NULL),
      ('eve" \\\\! touch ${scene.dir}/owned; "', 'example.test', '${kim}',
        'Eve\\nvictim\\t{PLAIN}letmein99');
    CREATE USER audit@localhost IDENTIFIED BY 'it''s "se\\\\cret" # 1';
    GRANT SELECT ON mail.users TO audit@localhost;`);
  const secret = `'it\\'s "se\\\\cret" # 1'`;
  const connect = `host=${mariadb.socket} dbname=mail user=audit password=${secret}`;
  const dovecot = scene.file(
    'dovecot-sql.conf.ext',
    `driver = mysql
connect = ${connect}
password_query = SELECT username, domain, password \\
  FROM users WHERE username = "%n" AND domain = '%d'
iterate_query = SELECT username, domain FROM users
`,
  );
  const accounts = [
    `eve" \\! touch ${scene.dir}/owned; "@example.test sha512crypt false`,
    ...['joe@example.test ssha256 true', "o'neil\\@example.test sha512crypt false"],
  ];
  assert.deepEqual(await told(scene, `sql:${dovecot}`), accounts);
  assert.ok(!existsSync(join(scene.dir, 'owned')), 'a name is no order to the client');
  const own = scene.file(
    'own.conf',
    `driver = mysql
connect = ${connect}
list_query = SELECT concat(username, '@', domain) AS user, password, person AS name FROM users
`,
  );
  assert.deepEqual(await told(scene, `sql:${own}`), accounts);
  const wrong = scene.file(
    'wrong.conf',
    `driver = mysql\nconnect = host=${mariadb.socket} dbname=mail user=audit ` +
      'password=no\nlist_query = SELECT 1\n',
  );
  const { code, err } = await scene.audit('--source', `sql:${wrong}`).done;
  assert.equal(code, 66);
  assert.match(err, /wrong\.conf cannot be read: .*Access denied/);
});

test('PostgreSQL: names unchanged, encryption as the file says', async () => {
  await using postgres = await startPostgres();
  using scene = openScene(list);
  const hash = await hashOf('ssha256', 'user', 'letmein99');
  await postgres.sql(
    `CREATE ROLE audit LOGIN PASSWORD 'secret';
    CREATE TABLE users (username text, password text, name text);
    GRANT SELECT ON users TO audit;
    INSERT INTO users VALUES ('username', '${hash}', 'Joe "the mail", Weber'), ('pat', '', NULL)`,
  );
  const where = `host=${postgres.socketFolder} dbname=postgres user=audit password=secret`;
  const file = (mode: string): string =>
    `sql:${scene.file(
      'pgsql.conf',
      `driver = pgsql\nconnect = ${where} sslmode=${mode}\nlist_query = SELECT * FROM users\n`,
    )}`;
  assert.deepEqual(await told(scene, file('disable')), ['username ssha256 true']);
  const { code, err } = await scene.audit('--source', file('nonsense')).done;
  assert.equal(code, 66);
  assert.match(err, /invalid sslmode value: "nonsense"/);
});

test('OpenLDAP, with more entries than come in one page', async () => {
  const people = await Promise.all(
    ['ann letmein99 ssha', 'bob kX9-wqPq22zz ssha256', 'joe joe123 sha512crypt'].map(
      async (one) => {
        const [uid = '', password = '', scheme = ''] = one.split(' ');
        return person(uid, await hashOf(scheme, uid, password));
      },
    ),
  );
  const many = Array.from({ length: 700 }, (_, nth) =>
    person(`user${nth}`, '{SSHA}O2JEaAiwk8hEkTXK9xUyLM5HZ6JJXmp2eVZWOQ=='),
  );
  await using slapd = await startSlapd(
    'dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\ndc: ' +
      `example\no: Example\n\n${[...people, ...many].join('')}`,
  );
  using scene = openScene(list);
  const file = scene.file(
    'dovecot-ldap.conf.ext',
    `uris = ${slapd.uri}
dn = ${slapd.boss.dn}
dnpass = ${slapd.boss.password}
base = dc=example,dc=org
pass_attrs = mail=user,userPassword=password
pass_filter = (&(objectClass=inetOrgPerson)(mail=%u))
`,
  );
  const lines = await told(scene, `ldap:${file}`);
  assert.equal(lines.length, 703);
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('user')),
    [
      'ann@example.org ssha true',
      'bob@example.org ssha256 false',
      'joe@example.org sha512crypt true',
    ],
  );
  const anonymous = scene.file(
    'anonymous.conf',
    `uris = ${slapd.uri}\nbase = dc=example,dc=org\npass_filter = (uid=%u)\n`,
  );
  const { code, err } = await scene.audit('--source', `ldap:${anonymous}`).done;
  assert.equal(code, 66, err);
  assert.match(err, /anonymous\.conf: no entry shows the attribute userPassword/);
});

function person(uid: string, hash: string): string {
  const scheme = hash.startsWith('$') ? '{CRYPT}' : '';
  return `dn: uid=${uid},dc=example,dc=org
objectClass: inetOrgPerson
uid: ${uid}
cn: ${uid} of Example
sn: ${uid}
mail: ${uid}@example.org
userPassword: ${scheme}${hash}

`;
}
