/**
 * `postern install` into a folder that replaces `/`, and its undo; the units as systemd reads them;
 * the helper behind a real socket activation; what is said to the service manager.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { socketText, unitOf } from '../../src/commands/connect/postfix-sockets.ts';
import { dropInText } from '../../src/commands/connect/sendmail-steps.ts';
import { install } from '../../src/commands/install/install.ts';
import { serviceCalls } from '../../src/commands/install/service.ts';
import { queueDropIn } from '../../src/commands/install/sockets.ts';
import { wholeProgram } from '../../src/commands/program.ts';
import { parseConfig } from '../../src/config/load.ts';
import { helperTools } from '../../src/partners/privileged-tools.ts';
import { serviceManager } from '../../src/partners/systemd.ts';
import { mustBeRoot } from './dovecot-instance.ts';
import { eventually, leash } from './leash.ts';

const packaging = join(import.meta.dirname, '../../packaging');
const quiet = (): void => undefined;

async function scratch(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'pin-'));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

async function files(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const all = entries.filter((entry) => !entry.isDirectory());
  return all.map((entry) => join(entry.parentPath, entry.name).slice(dir.length)).sort();
}

test('installed into a folder, it starts; undone, only the operator’s files stay', async () => {
  await using place = await scratch();
  const root = place.dir;
  const plan = await install({ root, dryRun: true }, quiet, wholeProgram);
  assert.deepEqual(await readdir(root), [], 'a dry run makes nothing');
  assert.deepEqual(await install({ root }, quiet, wholeProgram), plan);
  const program = join(root, 'usr/local/lib/postern/postern');
  const help = spawnSync(program, ['--help'], { encoding: 'utf8' });
  assert.equal(help.status, 0, help.stderr);
  assert.match(help.stdout, /Usage: postern/);
  const packages = await readdir(join(root, 'usr/local/lib/postern/node_modules'));
  assert.ok(packages.includes('hono') && !packages.includes('typescript'));
  assert.equal((await stat(join(root, 'var/lib/postern'))).mode & 0o7777, 0o700);
  assert.equal((await stat(join(root, 'var/lib/postern-dovecot'))).mode & 0o7777, 0o2750);
  await readmeIsWhole(join(root, 'usr/local/lib/postern'));
  const config = join(root, 'etc/postern/postern.toml');
  assert.match(await readFile(config, 'utf8'), /^mode = "observe"$/m);
  const page = join(root, 'usr/local/share/man/man1/postern-held.1');
  assert.match(await readFile(page, 'utf8'), /^\.TH "POSTERN/m);
  const completion = join(root, 'usr/local/share/bash-completion/completions/postern');
  assert.match(await readFile(completion, 'utf8'), /^complete -F _postern postern$/m);
  const stale = join(root, 'usr/local/share/man/man1/postern-bygone.1');
  await writeFile(stale, await readFile(page));
  const linked = join(root, 'usr/local/share/man/man1/postern-find.1');
  await rm(linked);
  await symlink(join(root, 'elsewhere'), linked);
  const foreign = '/usr/local/share/fish/vendor_completions.d/postern.fish';
  await writeFile(join(root, foreign), '# mine\n');
  await appendFile(config, '# mine\n');
  await writeFile(join(root, 'var/lib/postern/ledger.db'), 'x');
  const again = await install({ root }, quiet, wholeProgram);
  assert.ok(again.includes('/etc/postern/postern.toml exists: left alone'));
  assert.ok(again.includes('/usr/local/lib/postern is up to date'));
  assert.ok(again.some((line) => line.endsWith(`not ours, left alone: ${foreign}`)));
  await assert.rejects(stat(stale), { code: 'ENOENT' });
  await assert.rejects(stat(join(root, 'elsewhere')), { code: 'ENOENT' });
  assert.match(await readFile(linked, 'utf8'), /^\.TH "POSTERN/m);
  assert.ok(again.includes('/etc/systemd/system/postern.service is up to date'));
  await appendFile(join(root, 'usr/local/lib/postern/package.json'), ' ');
  const renewed = await install({ root }, quiet, wholeProgram);
  assert.ok(renewed.includes('copy the program and its documents to /usr/local/lib/postern'));
  assert.match(await readFile(config, 'utf8'), /# mine/);
  await install({ root, undo: true }, quiet, wholeProgram);
  const kept = ['/etc/postern/postern.toml', foreign, '/var/lib/postern/ledger.db'];
  assert.deepEqual(await files(root), kept);
  await rm(join(root, foreign));
  await install({ root, undo: true }, quiet, wholeProgram);
  await install({ root, undo: true, purge: true }, quiet, wholeProgram);
  assert.deepEqual(await files(root), []);
});

/** What README links to was copied with it. */
async function readmeIsWhole(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'README.md'), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = '']) => target);
  assert.ok(targets.length > 10);
  for (const target of targets) await stat(join(folder, target));
}

test('an upgrade restarts a service that runs, and nothing else does', () => {
  const always = ['postern-root.socket', 'postern-checklist.timer'];
  const sockets = [...always, 'postern-let-go.timer', 'postern.socket'];
  const start = [['daemon-reload'], ['enable', '--now', ...sockets, 'postern.service']];
  const [reload = [], enable = []] = start;
  const restart = ['try-restart', 'postern.service'];
  const both = ['restart', 'postern.service', 'postern.socket'];
  const fresh = { running: false, listening: false, changed: true, moved: true, postfix: true };
  const here = { ...fresh, running: true, listening: true, moved: false };
  const first = [reload, ['stop', 'postern.service'], enable];
  const without = [['enable', '--now', ...always, 'postern.service']];
  const cases = [
    ['first installed', fresh, start, undefined],
    ['stopped by the operator', { ...fresh, changed: false }, start, undefined],
    ['run twice', { ...here, changed: false }, start, /nothing changed: not restarted/],
    ['upgraded', here, [...start, restart], /^restarted /],
    // systemd starts no socket of a service that runs.
    ['upgraded from 0.1', { ...here, listening: false }, first, /now holds its sockets/],
    ['another queue folder', { ...here, moved: true }, [...start, both], /the sockets moved/],
    ['without Postfix', { ...fresh, postfix: false }, [reload, ...without], undefined],
    [
      'upgraded without Postfix',
      { ...here, listening: false, postfix: false },
      [reload, ...without, restart],
      /^restarted /,
    ],
  ] as const;
  for (const [name, before, calls, said] of cases) {
    const asked = serviceCalls(before);
    assert.deepEqual(asked.calls, calls, name);
    if (said === undefined) assert.equal(asked.said, undefined, name);
    else assert.match(asked.said ?? '', said, name);
  }
});

test('another queue folder or user of Postfix is written into a drop-in, and only then', () => {
  const configDirectory = '/etc/postfix';
  const owner = { name: 'postfix', uid: 100, gid: 110 };
  const queueDirectory = '/var/spool/postfix';
  assert.equal(queueDropIn({ configDirectory, queueDirectory, owner }), '');
  const other = queueDropIn({ configDirectory, queueDirectory: '/srv/queue', owner });
  assert.match(other, /^ListenStream=\nListenStream=\/srv\/queue\/postern\/milter$/m);
  assert.match(other, /^SocketGroup=110$/m);
  const user = { ...owner, name: 'mailer' };
  assert.notEqual(queueDropIn({ configDirectory, queueDirectory, owner: user }), '');
});

test('the sample configuration is right, also with everything in it switched on', async () => {
  const text = await readFile(join(packaging, 'postern.toml'), 'utf8');
  assert.equal(parseConfig(text, 'sample').config.mode, 'observe');
  const all = parseConfig(text.replace(/^#(?=[a-z_]+ = )/gm, ''), 'sample');
  assert.deepEqual([...all.set].sort(), [
    'contact',
    'dovecot.deny_file',
    'inbound.stance',
    'mode',
    'notices.mail_to',
    'notices.webhook',
    'notices.webhook_format',
    'notices.webhook_secret_file',
    'verify.enabled',
  ]);
});

test('systemd understands the units and finds them well shut', async () => {
  await using place = await scratch();
  const folder = place.dir;
  const audit = ['postern-passwords.service', 'postern-passwords.timer'];
  const letGo = ['postern-let-go.service', 'postern-let-go.timer'];
  const nightly = ['postern-checklist.service', 'postern-checklist.timer'];
  const drill = ['postern-drill.service', 'postern-drill.timer'];
  for (const unit of [
    'postern.service',
    'postern-root@.service',
    'postern-root.socket',
    'postern.socket',
    ...audit,
    ...letGo,
    ...nightly,
    ...drill,
  ]) {
    // systemd looks whether the programs are there: for the check, those of this checkout.
    const text = await readFile(join(packaging, 'systemd', unit), 'utf8');
    const here = text.replaceAll('/usr/local/lib/postern', join(packaging, '..'));
    await writeFile(join(folder, unit), here);
  }
  // With the sockets of another queue folder, and of another instance.
  const queue = {
    configDirectory: '/etc/postfix-out',
    queueDirectory: '/srv/spool/postfix-out',
    owner: { name: 'postfix', uid: 100, gid: 110 },
  };
  await mkdir(join(folder, 'postern.socket.d'));
  await writeFile(join(folder, 'postern.socket.d/queue.conf'), queueDropIn(queue));
  const instanceUnit = unitOf(queue);
  assert.match(instanceUnit, /^postern-queue-srv-spool-postfix-out-[0-9a-f]{8}\.socket$/);
  assert.notEqual(instanceUnit, unitOf({ queueDirectory: '/srv/spool/postfix/out' }));
  await writeFile(join(folder, instanceUnit), socketText(queue));
  // With what the sendmail door needs besides.
  await mkdir(join(folder, 'postern.service.d'));
  const spools = { spool: '/var/spool/postern', queueDirectory: '/var/spool/postfix' };
  await writeFile(join(folder, 'postern.service.d/sendmail.conf'), dropInText(spools));
  // Websites are in homes, too: whose a script is decides which rules are for it.
  assert.match(dropInText(spools), /^ProtectHome=read-only$/m);
  for (const unit of [
    'postern.service',
    'postern-root@x.service',
    'postern-root.socket',
    'postern.socket',
    instanceUnit,
    ...audit,
    ...letGo,
    ...nightly,
  ]) {
    const path = join(folder, unit.replace('@x', '@'));
    const verify = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
    const ours = verify.stderr.split('\n').filter((line) => line.includes('postern'));
    assert.deepEqual(ours, [], unit);
  }
  for (const [unit, most] of [
    ['postern.service', 20],
    ['postern-root@.service', 25],
    ['postern-let-go.service', 25],
    ['postern-checklist.service', 20],
    // Root, to read all password files, and with a network for databases.
    ['postern-passwords.service', 40],
  ] as const) {
    const args = ['security', '--offline=yes', `--threshold=${most}`, join(folder, unit)];
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    assert.equal(status, 0, `${unit}: ${stdout.split('\n').at(-2)}`);
  }
});

test('the helper answers behind a real socket activation', async () => {
  mustBeRoot();
  await using place = await scratch();
  const path = join(place.dir, 'root.sock');
  const args = ['--accept', '--inetd', '-l', path, join(packaging, 'postern-root')];
  const activator = leash('/usr/bin/systemd-socket-activate', args, {
    detaches: false,
    graceMs: 1_000,
  });
  try {
    await eventually('the socket', () => stat(path).catch(() => undefined), {
      detail: activator.output,
    });
    const lines: string[] = [];
    const signal = AbortSignal.timeout(60_000);
    for await (const line of helperTools(path).run('check', [], signal)) lines.push(line);
    assert.deepEqual(lines, ['postsuper here', 'postqueue here', 'doveadm here']);
  } finally {
    await activator.stop();
  }
});

test('ready, and then alive again and again, is said to the service manager', async () => {
  await using place = await scratch();
  const path = join(place.dir, 'notify');
  // Node has no datagram sockets of this kind; Perl is part of every Debian.
  const listener = spawn('perl', ['-MSocket', '-e', perl, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let heard = '';
  listener.stdout.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
  });
  try {
    await eventually('the listener', () => heard.includes('listening') || undefined);
    const troubles: unknown[] = [];
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '300000' };
    const manager = serviceManager(env, (cause) => troubles.push(cause));
    assert.ok(manager !== undefined);
    await manager.ready('guarding');
    await eventually('two signs of life', () => heard.split('WATCHDOG=1').length > 2 || undefined);
    manager.stop();
    await manager.stopping();
    await eventually('the end', () => heard.includes('STOPPING=1') || undefined);
    assert.match(heard, /STATUS=guarding/);
    assert.match(heard, /READY=1/);
    assert.deepEqual(troubles, []);
  } finally {
    listener.kill();
    await once(listener, 'close');
  }
  assert.equal(serviceManager({}), undefined);
});

const perl = `
$| = 1;
socket(S, AF_UNIX, SOCK_DGRAM, 0) or die;
bind(S, pack_sockaddr_un($ARGV[0])) or die;
print "listening\\n";
while (defined recv(S, $m, 4096, 0)) { print "$m\\n" }
`;
