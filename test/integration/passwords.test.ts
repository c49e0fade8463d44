/**
 * The audit with the real John on hashes of the real tools: all weak ones found and no other, in
 * files, in Dovecot's and in PostgreSQL's; what cannot be read is said, and the rest goes on.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { startDovecot } from './dovecot-instance.ts';
import { launcher } from './guard-instance.ts';
import { freePort } from './leash.ts';
import {
  type Audited,
  afterJohnDid,
  hashOf,
  type Made,
  makeAccounts,
  makers,
  openScene,
  type Scene,
} from './password-tools.ts';
import { startPostgres } from './postgres-instance.ts';

/** Fewer, for a John that starts slowly: ACCOUNTS=200. */
const accountsMax = Number(process.env['ACCOUNTS'] ?? 2_000);
const weakEvery = 20;
const list = ['correct-horse', 'letmein99', 'Tr0ub4dor&3', 'sunshine!', 'p4ssw0rd'];

type Planned = Parameters<typeof makeAccounts>[0][number];

/**
 * Every twentieth is weak, in turn by its own name, by the list, and by its name with a year; all
 * else is random. Of each dear scheme there is one, that gives way to one of the first candidates;
 * of each slow one a quarter of those that are not weak.
 */
function planned(): readonly Planned[] {
  const dear = makers.filter((one) => one.dear === true);
  const cheap = makers.filter((one) => one.dear !== true);
  const quick = cheap.filter((one) => one.slow !== true);
  return Array.from({ length: accountsMax }, (_, nth): Planned => {
    const twenty = Math.floor(nth / weakEvery);
    const account = `user${nth}`;
    const isWeak = nth % weakEvery === 1;
    // Shifted, so that the weak ones are not all of a few schemes.
    const usual = cheap[(nth + twenty) % cheap.length];
    const other = usual?.slow === true && nth % 4 !== 0 ? quick[nth % quick.length] : usual;
    const maker = isWeak ? (dear[twenty] ?? usual) : other;
    const weak = [`User${nth}`, list[twenty % list.length], `user${nth}2026`];
    const early = maker?.dear === true ? `User${nth}!` : weak[twenty % weak.length];
    const password = isWeak ? early : randomBytes(12).toString('base64url');
    assert.ok(maker !== undefined && password !== undefined);
    return { account, password, maker };
  });
}

test('2,000 accounts over all schemes, 5 % weak: all of them found, and nobody else', async () => {
  using scene = openScene(list);
  const made = await makeAccounts(planned());
  const kinds = ['shadow', 'passwd-file', 'htpasswd'] as const;
  const sources = kinds.flatMap((kind) => {
    const lines = made.filter((one) => one.kind === kind).map(lineOf);
    return ['--source', `${kind}:${scene.file(kind, lines.join(''))}`];
  });
  const { results, code, err } = await scene.audit(...sources, '--quick', '--json').done;
  assert.equal(code, 0, err);
  assert.equal(results.length, accountsMax);
  const weak = new Set(made.filter(isWeak).map(({ account }) => account));
  assert.equal(weak.size, accountsMax / weakEvery);
  const found = results.filter((line) => line.weak).map(({ account }) => account);
  assert.deepEqual(found.toSorted(), [...weak].toSorted());
  const schemes = new Map(made.map(({ account, scheme }) => [account, scheme]));
  for (const line of results) assert.equal(line.scheme, schemes.get(line.account), line.account);
  for (const line of results.filter((one) => one.weak)) {
    assert.equal(line.class, 'under-a-second');
    assert.ok(line.by === 'single' || line.by === 'top-list');
  }
});

function lineOf({ account, hash, kind }: Made & { readonly kind: string }): string {
  return kind === 'htpasswd' ? `${account}:${hash}\n` : `${account}:${hash}:1:1:::\n`;
}

function isWeak({ account }: Made): boolean {
  return Number(/\d+/.exec(account)?.[0]) % weakEvery === 1;
}

test('found from Dovecot’s configuration: a passwd-file and PostgreSQL', async () => {
  await using postgres = await startPostgres();
  await using dovecot = await startDovecot({
    users: { 'ann@example.test': 'letmein99', 'bob@example.test': 'kX9-wqPq22zz' },
  });
  const joe = await hashOf('ssha256', 'joe@example.test', 'joe123');
  const kim = await hashOf('sha512crypt', "o'neil@example.test", 'zzKw9-4qPxQ');
  await postgres.sql(`
    CREATE ROLE dovecot LOGIN PASSWORD 'it''s secret';
    CREATE TABLE users (username text, domain text, password text);
    GRANT SELECT ON users TO dovecot;
    INSERT INTO users VALUES ('joe', 'example.test', '${joe}'),
      ('o''neil', 'example.test', '${kim}'), ('pat', 'example.test', NULL);`);
  using scene = openScene(list, `[dovecot]\nconfig = "${dovecot.configFile}"\n`);
  const sqlFile = scene.file(
    'dovecot-sql.conf.ext',
    `driver = pgsql
connect = host=${postgres.socketFolder} dbname=postgres user=dovecot password='it\\'s secret'
password_query = SELECT username || '@' || domain AS user, password FROM users \\
  WHERE username = '%n' AND domain = '%d'
iterate_query = SELECT username, domain FROM users
`,
  );
  const config = readFileSync(dovecot.configFile, 'utf8');
  writeFileSync(dovecot.configFile, `${config}passdb {\n  driver = sql\n  args = ${sqlFile}\n}\n`);
  const { results, code, err } = await scene.audit('--quick', '--json').done;
  assert.equal(code, 0, err);
  const told = results.map(({ account, scheme, weak }) => `${account} ${scheme} ${weak}`);
  assert.deepEqual(told.toSorted(), [
    'ann@example.test plain true',
    'bob@example.test plain false',
    'joe@example.test ssha256 true',
    "o'neil@example.test sha512crypt false",
  ]);
});

test('an SQLite database, by a query of our own', async () => {
  using scene = openScene(list);
  const joe = await hashOf('ssha', 'joe@example.org', 'Weber1');
  const path = `${scene.dir}/users.db`;
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE mailbox (name TEXT, hash TEXT, person TEXT)');
  database.prepare('INSERT INTO mailbox VALUES (?, ?, ?)').run('joe', joe, 'Joe Weber');
  database.close();
  const file = scene.file(
    'sqlite.conf',
    `driver = sqlite\nconnect = ${path}\nlist_query = SELECT name AS user, hash AS ` +
      'password, person AS name FROM mailbox\n',
  );
  const { results, err } = await scene.audit('--source', `sql:${file}`, '--quick', '--json').done;
  assert.deepEqual(
    results.map(({ account, weak, by }) => [account, weak, by]),
    [['joe', true, 'single']],
    err,
  );
});

test('sources and lines that cannot be read are said; the rest is tried', async () => {
  using scene = openScene(list);
  const joe = await hashOf('md5crypt', 'joe', 'letmein99');
  const path = scene.file('shadow', `nonsense\njoe:${joe}:1\npat:$9$no:1\n\u0007:x:1\n`);
  const sources = ['--source', `shadow:${path}`, '--source', `passwd-file:${scene.dir}/none`];
  const { code, err, out, results } = await scene.audit(...sources, '--quick', '--json').done;
  assert.equal(code, 0);
  for (const told of [
    'line 1: the line has no password field',
    'line 3: pat: ',
    'line 4: the account name',
    `${scene.dir}/none`,
  ]) {
    assert.ok(err.includes(told), `${told} in ${err}`);
  }
  assert.deepEqual(
    results.map(({ account, weak }) => [account, weak]),
    [['joe', true]],
    out,
  );
  const none = await scene.audit('--source', `shadow:${scene.dir}/none`).done;
  assert.equal(none.code, 66);
  assert.match(none.err, /no account could be read/);
});

test('an unchanged password is not tried again, a changed one is', async () => {
  using scene = openScene(list);
  const { seen, config } = spiedJohn(scene);
  const made = new Map<string, string>();
  // Made once: an unchanged password keeps its hash.
  const lineFor = async ([account, password]: readonly [string, string]): Promise<string> => {
    const key = `${account}:${password}`;
    const hash = made.get(key) ?? (await hashOf('md5crypt', account, password));
    made.set(key, hash);
    return `${account}:${hash}:1\n`;
  };
  const audited = async (
    passwords: Readonly<Record<string, string>>,
    ...words: readonly string[]
  ): Promise<{ readonly tried: string; readonly weak: string }> => {
    const lines = await Promise.all(Object.entries(passwords).map(lineFor));
    const source = `shadow:${scene.file('shadow', lines.join(''))}`;
    writeFileSync(seen, '');
    const about = ['--config', config, '--source', source, '--rules', 'none', '--json'];
    const { results, err, code } = await scene.audit(...about, ...words).done;
    assert.equal(code, 0, err);
    const tried = new Set(readFileSync(seen, 'utf8').split('\n'));
    const weak = results.filter((one) => one.weak).map(({ account }) => account);
    return { tried: [...tried].toSorted().join(' ').trim(), weak: weak.toSorted().join(' ') };
  };
  const before = { ann: 'kX9-wqPq22zz', bob: 'zzKw9-4qPxQ', joe: 'letmein99' };
  assert.deepEqual(await audited(before), { tried: 'ann bob joe', weak: 'joe' });
  assert.deepEqual(await audited(before), { tried: '', weak: 'joe' });
  const now = { ann: before.ann, bob: 'correct-horse', joe: 'yvR6+kkLw0pQ' };
  assert.deepEqual(await audited(now), { tried: 'bob joe', weak: 'bob' });
  // Another list is new to all but the weak.
  const leaks = scene.file('leaks', `${before.ann}\n`);
  assert.deepEqual(await audited(now, '--list', leaks), { tried: 'ann joe', weak: 'ann bob' });
  const more = ['--list', leaks, '--list', scene.file('more', 'nothing-of-anybody\n')];
  assert.deepEqual(await audited(now, ...more), { tried: 'joe', weak: 'ann bob' });
  assert.deepEqual(await audited(now, ...more), { tried: '', weak: 'ann bob' });
});

/** The real John, which first writes down whose hashes it was given. */
function spiedJohn(scene: Scene): { readonly seen: string; readonly config: string } {
  const seen = scene.file('seen', '');
  chmodSync(seen, 0o666);
  const spy = `[ ! -e hashes ] || cut -d: -f1 hashes >>${seen}`;
  return { seen, config: afterJohnDid(scene, 'spy', spy) };
}

test('an empty password in a hash, odd names and passwords are each reported', async () => {
  const long = 'a'.repeat(80);
  using scene = openScene(['two words', 'pass:word', 'Mötley99', 'tail (x)', long]);
  const shadow = {
    'account-2': 'two words',
    'od dd': 'kX9-wqPq22zz',
    'joe (x) (ann)': 'two words',
    "o'neil": 'pass:word',
    müller: 'Mötley99',
    '-rf': 'tail (x)',
    '+pat': 'kX9-wqPq22zz',
  };
  const lines = Object.entries(shadow).map(
    async ([name, password]) => `${name}:${await hashOf('md5crypt', name, password)}:1\n`,
  );
  const empty = await hashOf('md5crypt', 'void', '');
  const sha1 = createHash('sha1').update('abcd').digest();
  lines.push(Promise.resolve(`void:${empty}:1\n`));
  lines.push(Promise.resolve(`gone:!${empty}:1\noff:*:1\n`));
  lines.push(
    Promise.resolve(
      `void2:{SSHA}${Buffer.concat([sha1, Buffer.from('abcd')]).toString('base64')}:1\n`,
    ),
  );
  // bcrypt looks at 72 octets, and so must whoever tries.
  lines.push(
    hashOf('bcrypt', 'kim', `${'a'.repeat(72)}-and-more`).then((hash) => `kim:${hash}:1\n`),
  );
  const source = `shadow:${scene.file('shadow', (await Promise.all(lines)).join(''))}`;
  const { results, code, err } = await scene.audit('--source', source, '--quick', '--json').done;
  assert.equal(code, 0, err);
  assert.match(err, /2 locked/);
  const weak = results.filter((line) => line.weak).map(({ account }) => account);
  assert.deepEqual(
    weak.toSorted(),
    ['-rf', 'account-2', 'joe (x) (ann)', 'kim', 'müller', "o'neil", 'void', 'void2'].toSorted(),
  );
});

test('a hash that takes an hour for one try does not keep the others from their turn', async () => {
  using scene = openScene(list);
  const hash = await hashOf('md5crypt', 'joe', 'Sommer2026');
  const dear = `$6$rounds=999999999$abcdefgh$${'a'.repeat(86)}`;
  const source = `shadow:${scene.file('shadow', `eve:${dear}:1\njoe:${hash}:1\n`)}`;
  const audit = (time: string): Promise<Audited> =>
    scene.audit('--source', source, '--rules', 'none', '--time', time, '--json').done;
  let ran = await audit('8s');
  // The list is made by workers that everything else on the machine comes before.
  for (const time of ['1m', '5m'])
    if (!ran.results.some(({ weak }) => weak)) ran = await audit(time);
  const { results, code, err } = ran;
  assert.equal(code, 0, err);
  assert.deepEqual(
    results.map(({ account, weak, by }) => [account, weak, by]),
    [
      ['eve', false, undefined],
      ['joe', true, 'season'],
    ],
  );
  assert.match(err, /not everything was tried/);
});

test('leaks by range without salt; a silent service is reported, the rest tried', async () => {
  const leaked = 'Leaked-quokka-7';
  const sha1 = createHash('sha1').update(leaked).digest('hex').toUpperCase();
  using scene = openScene(list);
  const ranges = `${scene.dir}/ranges`;
  mkdirSync(ranges);
  writeFileSync(`${ranges}/${sha1.slice(0, 5)}.txt`, `${sha1.slice(5)}:4\r\n`);
  const lines = [
    `ann:${await hashOf('sha', 'ann', leaked)}\n`,
    `bob:${await hashOf('plain', 'bob', leaked)}\n`,
    `kim:${await hashOf('sha', 'kim', 'kX9-wqPq22zz')}\n`,
    `joe:${await hashOf('ssha256', 'joe', leaked)}\n`,
    `pat:${await hashOf('ssha256', 'pat', 'letmein99')}\n`,
  ];
  const source = `passwd-file:${scene.file('users', lines.join(''))}`;
  const audited = async (setting: string): Promise<Audited> => {
    const config = scene.file('ranges.toml', `${readFileSync(scene.config, 'utf8')}${setting}\n`);
    return await scene.audit('--config', config, '--source', source, '--quick', '--json').done;
  };
  const weakOf = ({ results }: Audited): readonly string[] =>
    results.flatMap(({ account, weak, by }) => (weak ? [`${account} ${by}`] : []));
  const down = await audited(`range_service = "http://127.0.0.1:${await freePort()}/"`);
  assert.equal(down.code, 0, down.err);
  assert.match(down.err, /leaks: http:\S+ did not answer/);
  assert.deepEqual(weakOf(down), ['pat top-list']);
  assert.deepEqual(weakOf(await audited(`range_files = "${ranges}"`)), [
    ...['ann leaked-range', 'bob leaked-range', 'pat top-list'],
  ]);
});

test('on a terminal a bar with rate and time left', async () => {
  using scene = openScene(list);
  const hash = await hashOf('md5crypt', 'ann', 'kX9-wqPq22zz');
  const source = `shadow:${scene.file('shadow', `ann:${hash}:1\n`)}`;
  const about = [...scene.about, '--source', source, '--rules', 'none'].join(' ');
  const child = spawn('script', ['-qec', `${launcher} passwords audit ${about}`, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0, text);
  // Each bar takes the place of the one before.
  const shown = text.replaceAll('\r\n', '\n').split('\r\u001b[K');
  assert.ok(shown.length > 3, text);
  for (const bar of shown.slice(1, -1)) {
    assert.match(bar, /^\[#*\.*\] +\d+ % {2}[\w-]+ {2}[\d,]+ tries\/s {2}0 weak {2}\d+ \w+ left$/);
  }
  assert.equal(shown.at(-1), '1 account, 0 weak\n', 'and nothing is left');
  assert.doesNotMatch(text, /"leg"/);
});

test('the list as JSON is one value', async () => {
  using scene = openScene(list);
  const path = `${scene.dir}/three`;
  const hash = '{SSHA}O2JEaAiwk8hEkTXK9xUyLM5HZ6JJXmp2eVZWOQ==';
  writeFileSync(path, ['ann', 'ben', 'eve'].map((name) => `${name}:${hash}\n`).join(''));
  const listed = async (...source: readonly string[]): Promise<readonly { account: string }[]> => {
    const words = ['passwords', 'list', ...scene.about, '--json', ...source];
    const child = spawn(launcher, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    return JSON.parse(await text(child.stdout)) as readonly { account: string }[];
  };
  const three = await listed('--source', `passwd-file:${path}`);
  assert.deepEqual(
    three.map(({ account }) => account),
    ['ann', 'ben', 'eve'],
  );
  writeFileSync(path, '');
  assert.deepEqual(await listed('--source', `passwd-file:${path}`), []);
});

test('a million accounts are listed within 200 MB', async () => {
  using scene = openScene(list);
  const path = `${scene.dir}/users`;
  const file = createWriteStream(path);
  const hash = '{SSHA}O2JEaAiwk8hEkTXK9xUyLM5HZ6JJXmp2eVZWOQ==';
  for (let block = 0; block < 1_000; block++) {
    const lines = Array.from({ length: 1_000 }, (_, nth) => `user${block * 1_000 + nth}:${hash}\n`);
    if (!file.write(lines.join(''))) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
  const words = ['passwords', 'list', ...scene.about];
  const child = spawn(launcher, [...words, '--json-lines', '--source', `passwd-file:${path}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let lines = 0;
  let most = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (lines++ % 20_000 === 0) most = Math.max(most, rssMb(child.pid ?? 0));
    if (lines === 1_000_000) assert.match(line, /"account":"user999999","scheme":"ssha"/);
  }
  assert.equal(lines, 1_000_000);
  assert.ok(most < 200, `${most} MB`);
});

function rssMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024;
  } catch {
    return 0; // it has ended
  }
}
