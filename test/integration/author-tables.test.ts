/**
 * Rights from real tables of Postfix, asked with postmap(1): each type of table that this machine
 * has, services with tables of their own, a table that hangs, one that nobody may read, and many
 * accounts. No Postfix runs; its configuration is enough.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import { orderDeclarations } from '../../src/core/authors/declaration.ts';
import type { Permission } from '../../src/core/authors/permission.ts';
import { openAuthorRights } from '../../src/flow/authors/author-rights.ts';
import type { Millis } from '../../src/lib/time.ts';
import { askAsThisUser } from '../../src/partners/postfix/author-ask.ts';
import { openAuthorTables } from '../../src/partners/postfix/author-tables.ts';

const folder = await mkdtemp(join(tmpdir(), 'pat-'));
const servers: Server[] = [];
after(async () => {
  for (const server of servers) server.close();
  await rm(folder, { recursive: true, force: true });
});
const types = new Set(execFileSync('/usr/sbin/postconf', ['-m']).toString().trim().split('\n'));

const master = 'smtp inet n - y - - smtpd\n';

async function postfixAt(
  name: string,
  settings: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
  services = master,
): Promise<string> {
  const directory = join(folder, name);
  await mkdir(directory);
  const lines = { compatibility_level: '3.6', myhostname: 'mx.test', ...settings };
  const main = Object.entries(lines).map(([key, value]) => `${key} = ${value}\n`);
  for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
  await writeFile(join(directory, 'main.cf'), main.join(''));
  await writeFile(join(directory, 'master.cf'), services);
  return directory;
}

async function rightsOf(directories: readonly string[], deadlineMs = 60_000) {
  const state = { processes: 0, changed: 0, now: 1_000_000 };
  const tables = openAuthorTables({
    directories: () => directories,
    ownDomains: new Set(['a.test', 'b.test']),
    ask: (...asked) => {
      state.processes++;
      return askAsThisUser(...asked);
    },
    homes: undefined,
    changed: () => {
      state.changed++;
      rights.changed();
    },
    log: (level, event, fields) => void logged.push(`${level} ${event} ${fields?.['why'] ?? ''}`),
  });
  const logged: string[] = [];
  const nothing = orderDeclarations([]);
  const rights = openAuthorRights({
    tables,
    logins: { defaultDomain: '', domains: undefined },
    declarations: () => nothing,
    observed: () => undefined,
    world: {
      clock: { now: () => state.now as Millis },
      count: () => undefined,
      log: (_level, _event, fields) => void logged.push(String(fields?.['why'])),
    },
    deadlineMs,
  });
  await tables.refresh();
  const ask = async (account: string, address: string): Promise<Permission> => {
    const answers = await new Promise<readonly Permission[]>((done) => {
      rights.ask(account as Account, [address], done);
    });
    assert.ok(answers[0] !== undefined);
    return answers[0];
  };
  return { ask, logged, state, tables };
}

for (const type of ['hash', 'btree', 'lmdb', 'cdb', 'texthash', 'proxy:texthash']) {
  const plain = type.replace('proxy:', '');
  const skip = types.has(plain) ? false : `this Postfix has no ${plain}: tables`;
  test(`aliases and senders in ${type}: tables`, { skip }, async () => {
    const name = type.replace(':', '-');
    const at = join(folder, name);
    const directory = await postfixAt(
      name,
      {
        recipient_delimiter: '+',
        mydestination: 'club.test, localhost',
        virtual_alias_maps: `${type}:${at}/virtual`,
        alias_maps: `${type}:${at}/aliases`,
        smtpd_sender_login_maps: `${type}:${at}/senders`,
      },
      {
        virtual:
          'Info@b.test joe@a.test,\n  ann@a.test\n@c.test @a.test\nchain@b.test info@b.test\n',
        aliases: 'office carl\n',
        senders: '@d.test joe@a.test\n',
      },
    );
    for (const file of ['virtual', 'aliases', 'senders']) {
      if (plain === 'texthash') continue;
      execFileSync('/usr/sbin/postmap', ['-c', directory, `${plain}:${join(directory, file)}`]);
    }
    const { ask } = await rightsOf([directory]);
    const right = await ask('joe@a.test', 'info+x@b.test');
    assert.deepEqual(right, {
      kind: 'map',
      source: `virtual_alias_maps = ${type}:${at}/virtual`,
    });
    assert.equal((await ask('joe@a.test', 'chain@b.test')).kind, 'map');
    assert.equal((await ask('joe@a.test', 'joe@c.test')).kind, 'map');
    assert.equal((await ask('joe@a.test', 'boss@c.test')).kind, 'foreign');
    assert.equal((await ask('carl', 'office@club.test')).kind, 'map');
    assert.equal((await ask('joe@a.test', 'x@d.test')).kind, 'map');
    assert.equal((await ask('eve@a.test', 'info@b.test')).kind, 'foreign');
  });
}

for (const type of ['regexp', 'pcre']) {
  const skip = types.has(type) ? false : `this Postfix has no ${type}: tables`;
  test(`patterns in ${type}: tables are asked for complete addresses`, { skip }, async () => {
    const at = join(folder, type);
    const directory = await postfixAt(
      type,
      { virtual_alias_maps: `${type}:${at}/virtual` },
      // Postfix asks no pattern for @b.test, which the first line would match.
      { virtual: '/^@b\\.test$/ eve@a.test\n/^(.*)-team@b\\.test$/ $1@a.test\n' },
    );
    const { ask } = await rightsOf([directory]);
    assert.equal((await ask('joe@a.test', 'joe-team@b.test')).kind, 'map');
    assert.equal((await ask('joe@a.test', 'ann-team@b.test')).kind, 'foreign');
    assert.equal((await ask('eve@a.test', 'any@b.test')).kind, 'foreign');
  });
}

test('a table in SQLite', {
  skip: types.has('sqlite') ? false : 'this Postfix has no sqlite: tables',
}, async () => {
  const at = join(folder, 'sqlite');
  const directory = await postfixAt(
    'sqlite',
    { virtual_alias_maps: `proxy:sqlite:${at}/alias.cf` },
    { 'alias.cf': `dbpath = ${at}/mail.db\nquery = SELECT target FROM alias WHERE name = '%s'\n` },
  );
  const sql =
    "CREATE TABLE alias (name, target); INSERT INTO alias VALUES ('i@b.test','joe@a.test')";
  execFileSync('sqlite3', [join(at, 'mail.db'), sql]);
  const { ask } = await rightsOf([directory]);
  assert.equal((await ask('joe@a.test', 'i@b.test')).kind, 'map');
  assert.equal((await ask('eve@a.test', 'i@b.test')).kind, 'foreign');
});

test('a service in master.cf may have senders of its own', async () => {
  const at = join(folder, 'services');
  const directory = await postfixAt(
    'services',
    { smtpd_sender_login_maps: `texthash:${at}/main`, own_senders: `texthash:${at}/submission` },
    { main: 'one@b.test joe@a.test\n', submission: 'two@b.test joe@a.test\n' },
    `${master}submission inet n - y - - smtpd\n  -o smtpd_sender_login_maps=$own_senders\n`,
  );
  const { ask } = await rightsOf([directory]);
  for (const address of ['one@b.test', 'two@b.test']) {
    assert.equal((await ask('joe@a.test', address)).kind, 'map', address);
  }
  assert.equal((await ask('joe@a.test', 'three@b.test')).kind, 'foreign');
});

test('several servers on one machine are all asked', async () => {
  const one = await postfixAt('first', { virtual_alias_maps: 'inline:{ x@b.test=joe@a.test }' });
  const two = await postfixAt('second', { virtual_alias_maps: 'inline:{ y@b.test=joe@a.test }' });
  const { ask } = await rightsOf([one, two]);
  assert.equal((await ask('joe@a.test', 'x@b.test')).kind, 'map');
  assert.equal((await ask('joe@a.test', 'y@b.test')).kind, 'map');
});

test('a table that does not answer is given up at the deadline', async () => {
  const socket = join(folder, 'hung.sock');
  const server = createServer(() => undefined).listen(socket);
  servers.push(server);
  const directory = await postfixAt('hung', {
    virtual_alias_maps: `socketmap:unix:${socket}:aliases`,
    smtpd_sender_login_maps: 'inline:{ x@b.test=joe@a.test }',
  });
  const { ask, logged } = await rightsOf([directory], 10_000);
  const answer = await ask('joe@a.test', 'y@b.test');
  assert.equal(answer.kind, 'unknown');
  assert.equal(logged.length, 1);
  // What another table says still counts.
  assert.equal((await ask('joe@a.test', 'x@b.test')).kind, 'map');
});

test('a table that is missing makes an address unknown, not foreign', async () => {
  const directory = await postfixAt('missing', { virtual_alias_maps: 'hash:/nonexistent/virtual' });
  const { ask } = await rightsOf([directory]);
  const { kind, source } = await ask('joe@a.test', 'y@b.test');
  assert.equal(kind, 'unknown');
  assert.match(source, /nonexistent/);
});

test('a server that cannot be read makes addresses unknown, until it can be read', async () => {
  const directory = await postfixAt('unread', {
    virtual_alias_maps: 'inline:{ x@b.test=joe@a.test }',
  });
  await rm(join(directory, 'master.cf'));
  const { ask, logged, tables } = await rightsOf([directory]);
  assert.equal((await ask('joe@a.test', 'x@b.test')).kind, 'unknown');
  // What is this machine's own is not known either.
  assert.equal((await ask('user:root', 'cron@mx.test')).kind, 'unknown');
  assert.equal((await ask('client:127.0.0.1', 'cron@mx.test')).kind, 'unknown');
  await tables.refresh();
  assert.equal(logged.filter((line) => line.includes('authors.not-read')).length, 1);
  await writeFile(join(directory, 'master.cf'), master);
  await tables.refresh();
  assert.equal((await ask('joe@a.test', 'x@b.test')).kind, 'map');
  assert.equal((await ask('user:root', 'cron@mx.test')).kind, 'own');
  assert.equal((await ask('client:127.0.0.1', 'cron@mx.test')).kind, 'own');
  assert.equal((await ask('client:192.0.2.1', 'cron@mx.test')).kind, 'foreign');
});

test('a server that was just connected counts from its first message on', async () => {
  const directories: string[] = [];
  const { ask } = await rightsOf(directories);
  assert.equal((await ask('client:127.0.0.1', 'cron@mx.test')).kind, 'foreign');
  directories.push(await postfixAt('late', {}));
  assert.equal((await ask('client:127.0.0.1', 'cron@mx.test')).kind, 'own');
});

test('a changed table and a changed main.cf are noticed', async () => {
  const at = join(folder, 'changed');
  const directory = await postfixAt(
    'changed',
    { virtual_alias_maps: `texthash:${at}/virtual` },
    { virtual: '# nothing yet\n' },
  );
  const { ask, state, tables } = await rightsOf([directory]);
  assert.equal((await ask('joe@a.test', 'x@b.test')).kind, 'foreign');
  await writeFile(join(at, 'virtual'), 'x@b.test joe@a.test\n');
  await utimes(join(at, 'virtual'), 5_000, 5_000);
  assert.equal((await ask('joe@a.test', 'x@b.test')).kind, 'foreign');
  await tables.refresh();
  assert.equal((await ask('joe@a.test', 'x@b.test')).kind, 'map');
  const before = state.changed;
  await tables.refresh();
  assert.equal(state.changed, before);
  execFileSync('/usr/sbin/postconf', ['-c', at, '-e', 'myorigin=other.test']);
  await utimes(join(at, 'main.cf'), 6_000, 6_000);
  await tables.refresh();
  assert.equal(tables.place.origin, 'other.test');
});

test('names in IDN are found in both spellings', async () => {
  const directory = await postfixAt(
    'idn',
    { virtual_alias_maps: `texthash:${join(folder, 'idn')}/virtual` },
    { virtual: 'u@bücher.test joe@a.test\na@xn--bcher-kva.test joe@a.test\n' },
  );
  const { ask } = await rightsOf([directory]);
  for (const local of ['u', 'a']) {
    for (const domain of ['bücher.test', 'xn--bcher-kva.test']) {
      assert.equal((await ask('joe@a.test', `${local}@${domain}`)).kind, 'map', local + domain);
    }
  }
});

test('50,000 accounts in the tables: nothing is read ahead, and memory stays small', async (t) => {
  const at = join(folder, 'many');
  const count = 50_000;
  const lines = Array.from({ length: count }, (_, nth) => `role${nth}@b.test u${nth}@a.test\n`);
  const directory = await postfixAt(
    'many',
    { virtual_alias_maps: `hash:${at}/virtual` },
    { virtual: lines.join('') },
  );
  execFileSync('/usr/sbin/postmap', ['-c', directory, `hash:${at}/virtual`]);
  const before = process.memoryUsage();
  const begun = performance.now();
  const { ask, state } = await rightsOf([directory]);
  const startMs = performance.now() - begun;
  assert.equal(state.processes, 0, 'no table is read at the start');
  for (let nth = 0; nth < count; nth += 2_000) {
    assert.equal((await ask(`u${nth}@a.test`, `role${nth}@b.test`)).kind, 'map');
    assert.equal((await ask(`u${nth}@a.test`, `role${nth + 1}@b.test`)).kind, 'foreign');
  }
  const grown = process.memoryUsage().rss - before.rss;
  const perPair = (performance.now() - begun - startMs) / 50;
  t.diagnostic(
    `start ${startMs.toFixed(0)} ms, ${perPair.toFixed(1)} ms for each new pair, ` +
      `${(state.processes / 50).toFixed(1)} processes, ${(grown / 1e6).toFixed(1)} MB more`,
  );
  assert.ok(state.processes <= 50 * 4, `${state.processes} processes for 50 pairs`);
});
