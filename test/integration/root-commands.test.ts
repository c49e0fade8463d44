/**
 * The guard's user prepares the state folder, and root runs every command there is: nothing outside
 * the folder is made or changed, no process of another user gets a signal, and no socket of root
 * gets a word. The guard's user is a bare number.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { typedCommands } from '../command-list.ts';
import { launcher, startGuard } from './guard-instance.ts';
import { folders, type Links, looks, names, openScene, uid } from './hostile-state.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const skip = process.getuid?.() === 0 ? false : 'only root can become another user';
const asGuard = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];

let dir: string;
let sink: Sink;
let postfix: PostfixInstance;
before(async () => {
  if (skip !== false) return;
  dir = mkdtempSync(join(tmpdir(), 'prc-'));
  chmodSync(dir, 0o755);
  sink = await startSink();
  postfix = await startPostfix({ sink: sink.port });
  writeFileSync(join(dir, 'users'), 'ann:{PLAIN}ann\n', { mode: 0o600 });
  writeFileSync(join(dir, 'people'), 'friend@world.test\n', { mode: 0o600 });
  writeFileSync(join(dir, 'mail.eml'), 'From: a@b.test\nSubject: x\n\nx\n');
  // One line of mail, so that an import has something to take over.
  const line = '4bXn9K2pWzz8: from=<ann@mail.test>, size=900, nrcpt=1 (queue active)';
  writeFileSync(join(dir, 'log'), `2026-06-03T10:00:00+00:00 mail postfix/qmgr[9]: ${line}\n`);
  const drill = `[drill]\naccount = "c@a.test"\npassword_file = "${join(dir, 'users')}"\n`;
  writeFileSync(join(dir, 'postern.toml'), `[scan]\nspamassassin = "inet:127.0.0.1:783"\n${drill}`);
  mkdirSync(join(dir, 'no-keys'));
  const made = join(dir, 'made');
  mkdirSync(made, { mode: 0o700 });
  chownSync(made, uid, uid);
  const ran = await run(['dkim', 'new', 'a.example', '--state', made], asGuard);
  assert.equal(ran.code, 0, ran.err);
});
after(async () => {
  await postfix?.[Symbol.asyncDispose]();
  await sink?.[Symbol.asyncDispose]();
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

async function run(words: readonly string[], through: readonly string[] = []): Promise<Ran> {
  const [program = launcher, ...args] = [...through, launcher, ...words];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: 300_000 });
  child.stdin.on('error', () => undefined);
  child.stdin.end('not a good password\n');
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** The words behind each command; its state folder follows where it takes one. */
function wordsOf(): Readonly<Record<string, readonly string[] | undefined>> {
  const config = ['--config', join(dir, 'postern.toml')];
  const source = ['--source', `passwd-file:${join(dir, 'users')}`];
  const eml = join(dir, 'mail.eml');
  const doors = ['--milter', 'inet:127.0.0.1:9', '--policy', 'inet:127.0.0.1:9'];
  const ofPostfix = ['--config-dir', postfix.configDirectory];
  const ports = ['--smtp', String(postfix.ports.smtp), '--submission', '0', '--submissions', '0'];
  const probed = ['--only', 'vrfy', ...ports];
  return {
    up: ['--port', '0'],
    'accounts show': ['joe'],
    'accounts bound': ['joe'],
    support: ['--out', join(dir, 'report.txt'), ...config],
    'accounts suspend': ['joe', '--unknown'],
    'accounts release': ['joe'],
    'accounts allow': ['joe', '--unknown', '--until', '1d'],
    'accounts expect': ['joe', '--unknown', '--recipients', '9', '--until', '1d'],
    'accounts import': ['--account', 'joe', '--unknown', join(dir, 'people')],
    'accounts may-write-as': ['joe', 'info@example.com'],
    'held show': ['4bXn9K2pWzz9'],
    'held release': ['4bXn9K2pWzz9'],
    'held drop': ['4bXn9K2pWzz9'],
    explain: ['4bXn9K2pWzz9'],
    find: ['joe@example.org'],
    'incidents show': ['joe'],
    'incidents report': ['joe'],
    'bounces classify': ['bounce.eml'],
    'providers show': ['google'],
    'providers classify': ['550 5.1.1 no such user'],
    'brake release': ['--dry-run'],
    forget: ['joe@example.org', '--dry-run'],
    'try hijack': ['--messages', '1'],
    replay: [join(dir, 'log')],
    'passwords audit': [...source, ...config, '--quick', '--rules', 'none', '--time', '20s'],
    'passwords list': [...source, ...config],
    'drill run': config,
    'drill setup': ['--dry-run', ...ofPostfix],
    'passwords show': ['joe', ...config],
    'passwords notify': config,
    'passwords require-change': ['--all', ...config],
    'passwords forget': ['joe', ...config],
    mode: ['observe', ...config],
    'connect spamassassin': ['--undo', ...config],
    'connect sendmail': ['--dry-run', ...config, '--config-dir', postfix.configDirectory],
    'connect postfix': ['--config-dir', postfix.configDirectory, '--no-verify', ...doors],
    'connect recipients': ['--dry-run', '--log', join(dir, 'log'), ...ofPostfix],
    'connect bounces': ['--dry-run', ...ofPostfix],
    'connect webmail': ['--dry-run', '--user', 'nobody', ...config, ...ofPostfix],
    'checklist ack': ['dns.spf'],
    'inbound show': ['4bXn9K2pWzz9'],
    'inbound allow': ['@example.org'],
    'inbound forget': ['@example.org'],
    'inbound import': [join(dir, 'log'), ...ofPostfix],
    'quarantine release': ['4bXn9K2pWzz9'],
    'quarantine drop': ['4bXn9K2pWzz9', '--yes'],
    probe: ['127.0.0.1', ...probed, ...config, ...ofPostfix],
    install: ['--dry-run'],
    completion: ['bash'],
    'dns plan': ['a.test', ...config],
    'dns check': ['a.test', ...config],
    'dns watch': ['a.test', ...config, '--timeout', '1s'],
    doctor: [...config, '--config-dir', postfix.configDirectory],
    checklist: [...config, '--config-dir', postfix.configDirectory, '--no-probe'],
    'checklist show': ['guard.runs', ...config, '--no-probe'],
    listed: ['192.0.2.1', ...config],
    scan: [eml],
    'scripts show': ['/srv/x.php'],
    'scripts allow': ['/srv/x.php', '--any'],
    'scripts deny': ['/srv/x.php'],
    'scripts observe': ['/srv/x.php'],
    'scripts forget': ['1'],
    'dkim new': ['b.example'],
    'dkim rotate': ['b.example'],
    'dkim retire': ['b.example', 's1'],
    'dkim import opendkim': [join(dir, 'no-opendkim.conf')],
    'dkim import rspamd': [join(dir, 'no-keys')],
    'dkim sign': [eml, '--key', eml, '--selector', 'a', '--domain', 'b.test'],
    'dkim verify': [eml],
    'spf eval': ['--ip', '192.0.2.1', '--from', 'a@b.test'],
  };
}

const variants: readonly (readonly [string, Links])[] = [
  ['links to files of root', { existing: true, realLedger: false }],
  ['links to names that root could make', { existing: false, realLedger: false }],
  ['links beside a real ledger', { existing: false, realLedger: true }],
];
for (const [what, links] of variants) {
  test(`${what}: no command of root follows one`, { skip }, async (t) => {
    const more = wordsOf();
    const commands = await typedCommands();
    const unknown = Object.keys(more).filter((name) => !commands.some((one) => one.words === name));
    assert.deepEqual(unknown, []);
    // What takes no state folder sees none of the links: once is enough.
    const ofVariant = links === variants[0]?.[1] ? commands : commands.filter((one) => one.state);
    for (const { words, state: takesState } of ofVariant) {
      await t.test(words, async () => {
        using scene = openScene(dir, links);
        const before = looks(scene.outside);
        const state = takesState ? ['--state', scene.state] : [];
        const ran = await run([...words.split(' '), ...(more[words] ?? []), ...state]);
        const said = `${words} ended with ${ran.code}: ${ran.err}${ran.out}`;
        assert.deepEqual(looks(scene.outside), before, said);
        assert.doesNotMatch(ran.err, /unknown option|unknown command|missing required/, said);
        // What is new in the folder belongs to its owner. Facts for the guard may be root's.
        const ofRoot = readdirSync(scene.state).filter(
          (name) => name !== 'postfix.json' && lstatSync(join(scene.state, name)).uid !== uid,
        );
        assert.deepEqual(ofRoot, [], said);
      });
    }
  });
}

test('one link in a folder that is right otherwise: root follows it nowhere', {
  skip,
}, async (t) => {
  for (const only of [...names, ...folders]) {
    for (const existing of only === 'ledger.db' ? [true] : [true, false]) {
      await t.test(`${only}${existing ? '' : ', to nothing'}`, async () => {
        using scene = openScene(dir, { existing, realLedger: only !== 'ledger.db', only });
        const before = looks(scene.outside);
        const ran = await run(['dkim', 'new', 'b.example', '--state', scene.state]);
        assert.deepEqual(looks(scene.outside), before, ran.err);
      });
    }
  }
});

/** A run.json that the guard's user wrote: it names any process, and any addresses. */
function hostileRun(state: string, pid: number, doors: Readonly<Record<string, string>>): void {
  const path = join(state, 'run.json');
  rmSync(path, { force: true });
  const off = { milter: 'off', policy: 'off', http: 'off' };
  writeFileSync(path, JSON.stringify({ pid, doors: { ...off, ...doors }, token: 'x' }));
  chownSync(path, uid, uid);
}

/** An HTTP door of the guard's user, which says what commands want to hear. */
async function openHttp(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createHttpServer((request, response) => {
    const known = request.url?.startsWith('/api/status') === true;
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(known ? { mode: 'guard', doors: {} } : { text: 'no such account' }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('root sends no signal to a process that is not of the guard’s user', { skip }, async () => {
  using scene = openScene(dir, { existing: false, realLedger: true });
  await using http = await openHttp();
  const mark = join(scene.outside, 'signalled');
  const trap = `trap 'touch ${mark}' HUP; echo ready; while :; do sleep 0.1; done`;
  const victim = spawn('/bin/sh', ['-c', trap], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(victim.stdout, 'data');
  hostileRun(scene.state, victim.pid ?? 0, { http: http.url, milter: 'inet:127.0.0.1:9' });
  const config = join(scene.outside, 'postern.toml');
  writeFileSync(config, '[scan]\nspamassassin = "inet:127.0.0.1:783"\n');
  const about = ['--undo', '--config', config, '--state', scene.state];
  try {
    const ran = await run(['connect', 'spamassassin', ...about]);
    // The trap runs when the sleep of 0.1 s ends.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.equal(existsSync(mark), false, ran.err);
    assert.equal(victim.exitCode ?? victim.signalCode, null);
    assert.match(ran.err, /is no process of user 47131/);
  } finally {
    victim.kill('SIGKILL');
  }
});

test('root speaks to no socket that a link leads to', { skip }, async () => {
  using scene = openScene(dir, { existing: false, realLedger: true });
  await using http = await openHttp();
  let heard = '';
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
  });
  server.listen(join(scene.outside, 'of-root.sock'));
  await once(server, 'listening');
  const door = join(scene.state, 'door');
  symlinkSync(join(scene.outside, 'of-root.sock'), door);
  hostileRun(scene.state, process.pid, { http: http.url, milter: `unix:${door}` });
  const about = ['--messages', '1', '--state', scene.state];
  server.once('connection', (socket) => setTimeout(() => socket.destroy(), 500));
  const ran = await run(['try', 'hijack', ...about]);
  server.close();
  assert.equal(heard, '');
  assert.match(ran.err, /door is no socket of the owner of/);
});

test('root reads no configuration of Postfix that the guard’s user made', { skip }, async () => {
  using scene = openScene(dir, { existing: false, realLedger: true });
  const evil = join(scene.state, 'evil');
  mkdirSync(evil);
  const queue = join(scene.outside, 'queue');
  const main = [
    `queue_directory = ${queue}`,
    'mail_owner = root',
    'postern_milter = unix:postern/milter\n',
  ].join('\n');
  writeFileSync(join(evil, 'main.cf'), main);
  writeFileSync(join(evil, 'master.cf'), '');
  const facts = { configDirectory: evil, localDomains: [] };
  const doors = { milter: 'unix:postern/milter', inbound: 'off', policy: 'off' };
  const more = { queueDirectory: queue, mailOwner: 0, clientNetworks: [], doors, proved: true };
  const known = join(scene.state, 'postfix.json');
  rmSync(known);
  writeFileSync(known, JSON.stringify({ ...facts, instances: [{ ...facts, ...more }] }));
  for (const path of [evil, known]) chownSync(path, uid, uid);
  const about = ['--config-dir', postfix.configDirectory, '--state', scene.state];
  const ran = await run(['doctor', ...about]);
  assert.match(ran.out, /checks:/, ran.err);
  assert.doesNotMatch(ran.out, new RegExp(queue));
});

test('what root runs for the guard’s user works, and belongs to that user', { skip }, async () => {
  const state = mkdtempSync(join(dir, 'w-'));
  chownSync(state, uid, uid);
  const about = ['--state', state];
  const fine = async (...words: readonly string[]): Promise<string> => {
    const ran = await run([...words, ...about]);
    assert.equal(ran.code, 0, `${words.join(' ')}: ${ran.err}`);
    return ran.out;
  };
  await fine('dkim', 'new', 'b.example');
  assert.match(await fine('dkim', 'keys'), /b\.example/);
  const source = ['--source', `passwd-file:${join(dir, 'users')}`, '--rules', 'none'];
  assert.match(await fine('passwords', 'audit', ...source), /1 account, 1 weak/);
  assert.match(await fine('passwords', 'list', '--weak'), /ann/);
  const owners = (folder: string): ReadonlySet<number> =>
    new Set(
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
        (name) => lstatSync(join(folder, name)).uid,
      ),
    );
  assert.deepEqual([...owners(state)], [uid]);
  const notes = `${state}-passwords`;
  assert.deepEqual([lstatSync(notes).uid, lstatSync(notes).mode & 0o777], [0, 0o700]);
  assert.deepEqual([...owners(notes)], [0]);

  await using guard = await startGuard({ state, through: asGuard });
  assert.match(await fine('accounts', 'suspend', '--unknown', 'joe@b.example'), /suspended/i);
  const shown = await fine('accounts', 'show', 'joe@b.example', '--json');
  const { audit } = JSON.parse(shown) as { audit: readonly { by: string }[] };
  assert.deepEqual(
    audit.map(({ by }) => by),
    [process.env['SUDO_USER'] ?? 'root'],
  );
  assert.match(await fine('passwords', 'list', '--weak'), /ann/);
  assert.match(await fine('dkim', 'new', 'c.example'), /Publish/);
  assert.match(await fine('status'), new RegExp(guard.doors.http));
  rmSync(join(state, 'guard.log')); // the test opened it
  assert.deepEqual([...owners(state)], [uid]);
});

/** What the store of tried passwords has under its own key, which it makes once. */
function keyIn(path: string): unknown {
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare("SELECT value FROM own WHERE name = 'key'").get()?.['value'];
}

test('an audit takes over the notes of root, and no others', { skip }, async () => {
  const source = ['--source', `passwd-file:${join(dir, 'users')}`, '--rules', 'none'];
  for (const owner of [0, uid]) {
    const state = mkdtempSync(join(dir, 'n-'));
    const about = [...source, '--state', state];
    assert.equal((await run(['passwords', 'audit', ...about])).code, 0);
    const before = join(state, 'passwords.db');
    const key = keyIn(before);
    for (const name of readdirSync(state)) {
      if (!name.startsWith('passwords.db')) chownSync(join(state, name), uid, uid);
    }
    chownSync(before, owner, owner);
    chownSync(state, uid, uid);
    const ran = await run(['passwords', 'audit', ...about]);
    assert.equal(ran.code, 0, ran.err);
    const now = keyIn(join(`${state}-passwords`, 'passwords.db'));
    assert.equal(now === key, owner === 0);
    assert.equal(existsSync(before), owner !== 0);
  }
});

test('a guard that root starts in the folder of another user runs as that user', {
  skip,
}, async () => {
  const state = mkdtempSync(join(dir, 'u-'));
  chownSync(state, uid, uid);
  await using guard = await startGuard({ state });
  const status = readFileSync(`/proc/${guard.pid}/status`, 'utf8');
  assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'));
  assert.match(status, new RegExp(`^Groups:\\t${uid} ?$`, 'm'));
  assert.equal((await guard.logged('guard.not-root'))['uid'], uid);
});
