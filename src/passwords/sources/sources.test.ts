/**
 * Sources: what their files say, malformed lines by their number, and no password in the clear as a
 * string.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { OperatorError } from '../../lib/operator-error.ts';
import { openPrivateFolder } from '../sandbox/private-folder.ts';
import { htpasswdRows, listRows, passwdFileRows, shadowRows, vpopmailRows } from './files.ts';
import { ldifRows } from './ldif.ts';
import { fieldsOf, linesOf } from './lines.ts';
import { decode, type SourceRow } from './row.ts';
import { parseSource, rowsOf } from './source.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-sources-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const sha = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=';
const md5crypt = '$1$n42aTZRJ$G56/539uGYINF9g2jJ2AG0';

/** `account scheme` of accounts, the line and the reason of all else. */
function told(rows: Iterable<SourceRow>): readonly string[] {
  return [...rows].map((row) => {
    if (row.kind === 'account') return `${row.account} ${row.hash.scheme}`;
    return row.kind === 'fault' ? `line ${row.line}: ${row.what}` : `${row.account} ${row.kind}`;
  });
}

test('shadow, with names from the passwd beside it', () => {
  file('passwd', 'joe:x:1000:1000:Joe Weber,,,:/home/joe:/bin/sh\n');
  const path = file(
    'shadow',
    `joe:${md5crypt}:19000:0:99999:7:::\nbin:*:1:\nnobody\nann::1:\nkim:$9$x:1\n\n`,
  );
  const rows = [...shadowRows(path)];
  assert.deepEqual(told(rows), [
    'joe md5crypt',
    'bin locked',
    'line 3: the line has no password field',
    'ann empty',
    'line 5: kim: this is no password hash that crypt(3) makes',
  ]);
  const [joe] = rows;
  assert.equal(joe?.kind === 'account' && joe.name, 'Joe Weber,,,');
});

test('a Dovecot passwd-file: comments, schemes, gecos, domains from its place', () => {
  const text = [
    ...['# users', `joe:${sha}:1000:1000:Joe Weber::`, 'ann:{PLAIN}hunter2', 'kim::::::'],
    ...['pat::::::: nopassword=y', ''],
  ].join('\n');
  const path = file('users', text);
  assert.deepEqual(told(passwdFileRows(path, { domain: 'example.org' })), [
    'joe@example.org sha',
    'ann@example.org plain',
    'kim locked',
    'pat@example.org empty',
  ]);
  const plain = file('plain-users', 'joe:hunter2\n');
  assert.deepEqual(told(passwdFileRows(plain, { scheme: 'PLAIN' })), ['joe plain']);
});

test('htpasswd, plain lists, vpopmail', () => {
  const one = file(
    'htpasswd',
    `joe:$apr1$ANpHuJ5o$j2D/YJWy69PKbpCrS56TK1\nann:${sha}:a comment\r\n`,
  );
  assert.deepEqual(told(htpasswdRows(one)), ['joe apr1', 'ann sha']);
  const list = file('list', 'joe 5ebe2294ecd0e0f08eab7690d2a6ee69\nann\tsecret\nkim:{PLAIN}x\n');
  assert.deepEqual(told(listRows(list)), [
    'joe plain-md5',
    'line 2: ann: this is no password hash that crypt(3) makes',
    'kim plain',
  ]);
  const colon = [...listRows(file('plain-list', 'joe:pass:word\n'), { scheme: 'PLAIN' })];
  const sha1 = createHash('sha1').update('pass:word').digest('hex');
  assert.ok(colon[0]?.kind === 'account' && colon[0].sha1 === sha1);
  mkdirSync(join(folder, 'domains', 'example.org'), { recursive: true });
  file('domains/example.org/vpasswd', `joe:${md5crypt}:1:0:Joe Weber:/home/v:NOQUOTA:hunter2\n`);
  assert.deepEqual(told(vpopmailRows(join(folder, 'domains'))), ['joe@example.org md5crypt']);
});

test('LDIF: folded and encoded values, several passwords, options, comments', () => {
  const encoded = Buffer.from('{SSHA}O2JEaAiwk8hEkTXK9xUyLM5HZ6JJXmp2eVZWOQ==').toString('base64');
  const path = file(
    'export.ldif',
    [
      ...['version: 1', '', '# joe', 'dn: uid=joe,dc=example,dc=org', 'uid: joe', 'cn: Joe Weber'],
      ...['o: Muster', `userPassword:: ${encoded.slice(0, 20)}`, ` ${encoded.slice(20)}`],
      ...['', 'dn: uid=ann,dc=example,dc=org', 'mail: ann@example.org', 'userPassword: hunter2'],
      ...[`userPassword;x-one: ${sha}`, '', 'dn: cn=x', 'userPassword: y', '', 'no colon here', ''],
    ].join('\n'),
  );
  const rows = [...ldifRows(path)];
  assert.deepEqual(told(rows), [
    'joe ssha',
    'ann@example.org plain',
    'ann@example.org sha',
    'line 16: an entry with a password has no uid',
    'line 19: the line has no colon',
  ]);
  const [joe] = rows;
  assert.deepEqual(joe?.kind === 'account' && [joe.name, joe.organisation], [
    'Joe Weber',
    'Muster',
  ]);
});

test('a password in brackets is not told as a scheme; a value in another file is a fault', () => {
  const path = file('brackets', 'joe:{hunter2}\nann:{SASL}ann@example.org\n');
  const rows = told(passwdFileRows(path, { scheme: 'PLAIN' }));
  assert.doesNotMatch(rows.join(), /hunter2/i);
  assert.match(rows[0] ?? '', /^line 1: joe: .* is no known scheme/);
  assert.match(rows[1] ?? '', /^line 2: ann: the scheme sasl cannot/);
  const ldif = file('url.ldif', 'dn: uid=joe\nuid: joe\nuserPassword:< file:///etc/shadow\n');
  assert.deepEqual(told(ldifRows(ldif)), ['line 3: the value is in another file']);
});

test('a clear password becomes a salted digest, and the same for the same', () => {
  const rows = [
    ...passwdFileRows(
      file('clear', 'a:{PLAIN}hunter2\nb:{CLEAR.b64}aHVudGVyMg==\nc:{PLAIN}other\n'),
    ),
  ];
  const digests = rows.map((row) => row.kind === 'account' && JSON.stringify(row.hash.tried));
  assert.equal(digests[0], digests[1]);
  assert.notEqual(digests[0], digests[2]);
  assert.ok(!JSON.stringify(rows).includes('hunter2'));
  const [first] = rows;
  const sha1 = createHash('sha1').update('hunter2').digest('hex');
  assert.equal(first?.kind === 'account' && first.sha1, sha1);
});

test('names that are no text, and lines without end, are faults; the rest goes on', () => {
  const long = 'x'.repeat(70_000);
  const bytes = Buffer.concat([
    Buffer.from(`\u0001:${sha}\n:${sha}\n${long}:${sha}\n`),
    Buffer.from([0xff, 0xfe]),
    Buffer.from(`:${sha}\nlast:${sha}`),
  ]);
  assert.deepEqual(told(passwdFileRows(file('odd', bytes))), [
    'line 1: the account name is too long or not text',
    'line 2: the account name is empty',
    'line 3: the line is too long',
    'line 4: the account name is too long or not text',
    'last sha',
  ]);
});

test('lines are cut as split would, whatever is in them, and zeroed afterwards', () => {
  const line = fc
    .uint8Array({ maxLength: 300 })
    .map((bytes) => bytes.filter((byte) => byte !== 10));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 80 }), (lines) => {
      const text = lines.map((one) => Buffer.from(one).toString('latin1'));
      const path = file('lines', Buffer.from(`${text.join('\n')}\n`, 'latin1'));
      const seen: Buffer[] = [];
      const found: string[] = [];
      for (const { bytes } of linesOf(path)) {
        if (bytes !== undefined) seen.push(bytes);
        found.push(bytes?.toString('latin1') ?? 'too long');
      }
      const wanted = text.map((one) => one.replace(/\r$/, ''));
      assert.deepEqual(found, lines.length === 0 ? [''] : wanted);
      assert.ok(seen.every((bytes) => bytes.every((byte) => byte === 0)));
    }),
    { numRuns: 50 },
  );
});

test('fields: the last one is the rest', () => {
  const fields = (most: number): readonly string[] =>
    fieldsOf(Buffer.from('a:b::c'), most).map(String);
  assert.deepEqual(fields(2), ['a', 'b::c']);
  assert.deepEqual(fields(9), ['a', 'b', '', 'c']);
});

test('base64 and hex are decoded as Buffer decodes them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const encoding of ['base64', 'hex'] as const) {
        const text = Buffer.from(Buffer.from(bytes).toString(encoding));
        assert.deepEqual([...decode(text, encoding)], [...bytes]);
      }
    }),
  );
});

test('a source is KIND,options:PATH', () => {
  assert.deepEqual(parseSource('passwd-file,scheme=PLAIN,domain=example.org:/etc/users'), {
    spec: 'passwd-file,scheme=PLAIN,domain=example.org:/etc/users',
    kind: 'passwd-file',
    path: '/etc/users',
    how: { scheme: 'PLAIN', domain: 'example.org' },
  });
  for (const wrong of ['', 'shadow', 'shadow:', 'nosuch:/x', '/etc/shadow']) {
    assert.throws(() => parseSource(wrong), OperatorError, wrong);
  }
});

test('what is not there or a folder is said so', () => {
  assert.throws(() => [...linesOf(join(folder, 'none'))], { code: 'source-unread' });
  assert.throws(() => [...linesOf(folder)], { code: 'source-unread' });
});

test('a pipe or a device in place of a file holds nothing up', () => {
  const pipe = join(folder, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  assert.throws(() => [...linesOf(pipe)], { code: 'source-unread' });
  assert.throws(() => [...linesOf('/dev/zero')], { code: 'source-unread' });
});

test('vpopmail: where one domain cannot be read the others are, and it is said at the end', () => {
  const domains = join(folder, 'some-domains');
  for (const domain of ['a.test', 'b.test']) mkdirSync(join(domains, domain), { recursive: true });
  mkdirSync(join(domains, 'a.test', 'vpasswd'));
  const lines = `joe:${md5crypt}:1:0::/home/v:NOQUOTA\nnonsense\n`;
  writeFileSync(join(domains, 'b.test', 'vpasswd'), lines);
  const names: string[] = [];
  assert.throws(
    () => {
      for (const row of vpopmailRows(domains)) names.push(...told([row]));
    },
    { code: 'source-unread' },
  );
  const wrong = `line 2: ${domains}/b.test/vpasswd: the line has no password field`;
  assert.deepEqual(names, ['joe@b.test md5crypt', wrong]);
});

test('a database that does not answer is left when the audit is to end', async () => {
  using place = openPrivateFolder(undefined);
  const path = join(folder, 'slow.db');
  const database = new DatabaseSync(path);
  const conf = join(folder, 'slow.conf');
  const endless =
    'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n';
  writeFileSync(conf, `driver = sqlite\nconnect = ${path}\nlist_query = ${endless}\n`);
  database.close();
  const signal = AbortSignal.timeout(1_500);
  const source = parseSource(`sql:${conf}`);
  await assert.rejects(() => rowsOf(source, { folder: place, signal }), { code: 'source-unread' });
});

test('of what a database answered nothing is left once it was read', async () => {
  using place = openPrivateFolder(undefined);
  const path = join(folder, 'users.db');
  const database = new DatabaseSync(path);
  database.exec(
    "CREATE TABLE users (user TEXT, password TEXT); INSERT INTO users VALUES ('joe', 'x')",
  );
  database.close();
  const conf = join(folder, 'sqlite.conf');
  const settings = ['driver = sqlite', `connect = ${path}`, 'default_pass_scheme = PLAIN'];
  writeFileSync(conf, [...settings, 'list_query = SELECT user, password FROM users'].join('\n'));
  const source = parseSource(`sql:${conf}`);
  const { signal } = new AbortController();
  const rows = await rowsOf(source, { folder: place, signal });
  assert.ok(readdirSync(place.path).includes('answer'));
  assert.deepEqual(
    [...rows].map((row) => row.kind),
    ['account'],
  );
  assert.deepEqual(readdirSync(place.path), []);
  writeFileSync(conf, [...settings, 'list_query = SELECT nothing'].join('\n'));
  await assert.rejects(() => rowsOf(source, { folder: place, signal }), { code: 'source-unread' });
  assert.deepEqual(readdirSync(place.path), []);
});
