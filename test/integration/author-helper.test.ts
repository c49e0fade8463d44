/**
 * Tables that only root may read, and Dovecot's userdb, asked through postern-root: what it
 * answers, and that it opens no file that Postfix does not name in one of these parameters.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { minuteMs } from '../../src/lib/time.ts';
import { openMailHomes, openTableAsker } from '../../src/partners/postfix/author-ask.ts';
import {
  helperTools,
  ownTools,
  type PrivilegedTools,
} from '../../src/partners/privileged-tools.ts';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { type HelperSocket, listenForHelper } from './root-helper.ts';

const helper = join(import.meta.dirname, '../../packaging/postern-root');
const folder = await mkdtemp(join(tmpdir(), 'pah-'));
const within = AbortSignal.timeout(600_000);
let imap: DovecotInstance;
let socket: HelperSocket;

before(async () => {
  await writeFile(join(folder, 'virtual'), 'x@b.test joe@a.test\n');
  await writeFile(join(folder, 'senders'), 'y@b.test joe@a.test\n');
  await writeFile(join(folder, 'secret'), 'root:$6$hash:1:0:99999:7:::\nx@b.test no\n');
  for (const name of ['virtual', 'senders', 'secret']) await chmod(join(folder, name), 0o600);
  await writeFile(
    join(folder, 'main.cf'),
    `compatibility_level = 3.6\nmyhostname = mx.test\n` +
      `local_recipient_maps = texthash:${folder}/secret\n` +
      `own = texthash:${folder}/virtual\n` +
      `virtual_alias_maps = inline:{ {i@b.test=joe@a.test}, {j@b.test=ann@a.test} }, $own\n`,
  );
  await writeFile(
    join(folder, 'master.cf'),
    `smtp inet n - y - - smtpd\n  -o smtpd_sender_login_maps=texthash:${folder}/senders\n`,
  );
  imap = await startDovecot({ users: { 'joe@a.test': 'secret', 'ann@a.test': 'secret' } });
  socket = await listenForHelper({ mail: { configDirectory: folder }, imap });
});
after(async () => {
  await socket?.close();
  await imap?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const lookUp = (...names: readonly string[]): string => {
  const input = ['lookup', ...names, 'end', ''].join('\n');
  const env = { POSTERN_POSTFIX_CONFIG: folder };
  return spawnSync(helper, { input, env, timeout: 60_000 }).stdout.toString();
};

test('postern-root looks up keys in the tables that Postfix names', () => {
  const virtual = `texthash:${folder}/virtual`;
  assert.equal(
    lookUp('virtual_alias_maps', virtual, 'x@b.test', 'none@b.test'),
    'x@b.test\tjoe@a.test\npostern-root: done\n',
  );
  assert.equal(lookUp('virtual_alias_maps', virtual, 'none'), 'postern-root: done\n');
  const inline = 'inline:{ {i@b.test=joe@a.test}, {j@b.test=ann@a.test} }';
  assert.equal(
    lookUp('virtual_alias_maps', inline, 'j@b.test'),
    'j@b.test\tann@a.test\npostern-root: done\n',
  );
  assert.equal(
    lookUp('smtpd_sender_login_maps', `texthash:${folder}/senders`, 'y@b.test'),
    'y@b.test\tjoe@a.test\npostern-root: done\n',
  );
});

for (const [what, names] of [
  ['a file that no parameter names', ['virtual_alias_maps', 'texthash:/etc/shadow', 'root']],
  ['a table of another parameter', ['local_recipient_maps', `texthash:${folder}/secret`, 'root']],
  ['a table under the wrong parameter', ['virtual_alias_maps', `texthash:${folder}/secret`, 'x']],
  ['a part of a name', ['virtual_alias_maps', `texthash:${folder}/virt`, 'x']],
  ['a pattern', ['virtual_alias_maps', 'texthash:*', 'x']],
  ['an option', ['virtual_alias_maps', '-v', 'x']],
  ['an option as parameter', ['-n', `texthash:${folder}/virtual`, 'x']],
  ['a key with white space', ['virtual_alias_maps', `texthash:${folder}/virtual`, 'a b']],
  ['no key', ['virtual_alias_maps', `texthash:${folder}/virtual`]],
] as const) {
  test(`postern-root refuses ${what}`, () => {
    assert.match(lookUp(...names), /^postern-root: failed: [a-zA-Z ,-]+\n$/);
  });
}

test('what this user could not ask is asked through postern-root, from then on', async () => {
  let asked = 0;
  const failing = openTableAsker((directory) => {
    assert.equal(directory, '/nonexistent');
    asked++;
    return helperTools(socket.path);
  });
  const what = {
    directory: '/nonexistent', // as if this user could read nothing there
    name: 'virtual_alias_maps',
    table: `texthash:${folder}/virtual`,
  } as const;
  for (let nth = 1; nth <= 2; nth++) {
    assert.deepEqual(await failing(what, ['x@b.test', 'z@b.test'], within), [
      'x@b.test\tjoe@a.test',
    ]);
    assert.equal(asked, nth);
  }
  const many = Array.from({ length: 500 }, (_, nth) => `k${nth}@b.test`);
  assert.deepEqual(await failing(what, [...many, 'x@b.test'], within), ['x@b.test\tjoe@a.test']);
});

test('a user that may not read a table gets the answer through postern-root alone', async () => {
  await chmod(folder, 0o755);
  await chmod(join(socket.path, '..'), 0o755);
  await chmod(socket.path, 0o666);
  const child = join(import.meta.dirname, 'author-asks-child.ts');
  const table = `texthash:${folder}/virtual`;
  const user = ['--reuid', '65123', '--regid', '65123', '--clear-groups'];
  const asked = async (path: string): Promise<string> => {
    const args = [...user, process.execPath, child, folder, table, 'x@b.test', path];
    const { stderr, stdout } = await promisify(execFile)('setpriv', args, {
      timeout: 180_000,
    }).catch((fault: { readonly stdout: string; readonly stderr: string }) => fault);
    return stdout + stderr;
  };
  assert.equal(await asked(socket.path), 'x@b.test\tjoe@a.test\n');
  assert.match(await asked('/nonexistent'), /cannot ask postern-root/);
});

const ways: readonly (readonly [string, () => PrivilegedTools])[] = [
  ['ourselves', () => ownTools({ dovecotConfig: imap.configFile })],
  ['postern-root', () => helperTools(socket.path)],
];
for (const [way, tools] of ways) {
  test(`folders of mail from Dovecot, by ${way}`, async () => {
    const logged: string[] = [];
    const homes = openMailHomes(tools(), {
      now: () => 0,
      log: (_level, event) => void logged.push(event),
    });
    const keys = ['joe@a.test', 'nobody@a.test', '@a.test'].map((key) => ({ key, isWhole: true }));
    const found = await homes?.(keys, within);
    assert.deepEqual(logged, []);
    assert.deepEqual([...(found ?? new Map()).keys()], ['joe@a.test']);
    assert.match(found?.get('joe@a.test')?.[0]?.value ?? '', /^\//);
  });
}

test('a Dovecot that does not run is left alone for a while', async () => {
  const logged: string[] = [];
  let runs = 0;
  const homes = openMailHomes(
    {
      run: (...asked) => {
        runs++;
        return ownTools({ dovecotConfig: '/nonexistent' }).run(...asked);
      },
    },
    { now: () => 1, log: (_level, event) => void logged.push(event) },
  );
  const keys = [{ key: 'joe@a.test', isWhole: true }];
  for (let nth = 0; nth < 3; nth++) assert.equal((await homes?.(keys, within))?.size, 0);
  assert.deepEqual([runs, logged], [1, ['authors.dovecot-not-asked']]);
});

test('a Dovecot that answers no more makes addresses unknown, for a short time', async () => {
  const [logged, state]: [string[], { now: number; runs: number; config: string }] = [
    [],
    { now: 1, runs: 0, config: imap.configFile },
  ];
  const homes = openMailHomes(
    {
      run: (...asked) => {
        state.runs++;
        return ownTools({ dovecotConfig: state.config }).run(...asked);
      },
    },
    { now: () => state.now, log: (_level, event) => void logged.push(event) },
  );
  const keys = [{ key: 'joe@a.test', isWhole: true }];
  assert.equal((await homes?.(keys, within))?.size, 1);
  state.config = '/nonexistent';
  for (let nth = 0; nth < 3; nth++) await assert.rejects(async () => homes?.(keys, within));
  assert.deepEqual([state.runs, logged], [2, ['authors.dovecot-not-asked']]);
  state.config = imap.configFile;
  state.now += minuteMs;
  assert.equal((await homes?.(keys, within))?.size, 1);
});

test('a message that waited too long says nothing about Dovecot', async () => {
  const logged: string[] = [];
  const homes = openMailHomes(ownTools({ dovecotConfig: imap.configFile }), {
    now: () => 1,
    log: (_level, event) => void logged.push(event),
  });
  const keys = [{ key: 'joe@a.test', isWhole: true }];
  await assert.rejects(async () => homes?.(keys, AbortSignal.abort()));
  assert.equal((await homes?.(keys, within))?.size, 1);
  assert.deepEqual(logged, []);
});
