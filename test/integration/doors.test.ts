/**
 * Who holds the addresses of the guard's doors, and who is answered there. Other users of the
 * machine are bare uids; the ports of version 0.1 are in a network namespace of its own.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { mustBeRoot } from './dovecot-instance.ts';
import { startGuard } from './guard-instance.ts';
import { holdSockets } from './held-sockets.ts';
import { eventually } from './leash.ts';
import { type PrivateNetwork, privateNetwork } from './private-network.ts';

/** Nobody on any machine. */
const stranger = 64_711;
const mailOwner = 64_712;
const settings = 'mode = "guard"\n[mail_log]\nsource = "off"\n[postfix]\nqueue = "off"\n';
let dir: string;
let network: PrivateNetwork | string;

before(async () => {
  mustBeRoot();
  dir = await mkdtemp(join(tmpdir(), 'pdo-'));
  await chmod(dir, 0o755);
  network = await privateNetwork();
});
after(async () => {
  if (typeof network === 'object') await network[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const as = (uid: number, group: string | number = uid): readonly string[] => [
  'setpriv',
  ...['--reuid', String(uid), '--regid', String(uid)],
  ...(group === uid ? ['--clear-groups'] : ['--groups', String(group)]),
];

/** Listens at ports or paths as another user, until the end of the scope. */
async function squatter(
  at: readonly (number | string)[],
  enter: readonly string[],
): Promise<AsyncDisposable> {
  const code = `const { createServer } = require('node:net');
    const all = ${JSON.stringify(at)}.map((at) => new Promise((done) => createServer()
      .listen(typeof at === 'number' ? { port: at, host: '127.0.0.1' } : { path: at }, done)));
    Promise.all(all).then(() => console.log('ready'));
    process.stdin.resume().on('end', () => process.exit());`;
  const [program = '', ...words] = [...enter, ...as(stranger), process.execPath, '-e', code];
  const child: ChildProcess = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  assert.ok(child.stdout !== null);
  await Promise.race([once(child.stdout, 'data'), exited]);
  return {
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      await exited;
    },
  };
}

/** What a user gets who says at an address what Postfix says first: an answer, or the end. */
function saidTo(at: number | string, who: readonly string[]): string {
  const code = `const { connect } = require('node:net');
    const at = ${JSON.stringify(at)};
    const socket = connect(typeof at === 'number' ? { port: at, host: '127.0.0.1' } : { path: at });
    const tell = (what) => { console.log(what); process.exit(); };
    socket.on('data', () => tell('answered')).on('error', () => tell('ended'));
    socket.on('close', () => tell('ended'));
    socket.write(Buffer.from('0000000d4f00000006000001ff001fffff', 'hex'));`;
  const [program = '', ...words] = [...who, process.execPath, '-e', code];
  return execFileSync(program, words, { encoding: 'utf8', timeout: 60_000 }).trim();
}

function inNetwork(t: TestContext): readonly string[] | undefined {
  if (typeof network === 'object') return network.enter;
  t.skip(network);
  return undefined;
}

/** The guard as it is installed, with these settings; the error if it does not start. */
async function whyNot(more: string, through: readonly string[]): Promise<string> {
  const [state, toml] = [join(dir, 'state'), settings.replace('[mail_log]', `${more}\n[mail_log]`)];
  await mkdir(state, { recursive: true });
  try {
    await using guard = await startGuard({ state, config: toml, words: [], through });
    return `started: ${JSON.stringify(guard.doors)}`;
  } catch (cause) {
    return String(cause);
  }
}

test('a user holds the ports: the guard does not move, and names the user', async (t) => {
  const enter = inNetwork(t);
  if (enter === undefined) return;
  await using _ports = await squatter([9900, 9902], enter);
  const milterAlone = await whyNot('', enter);
  assert.match(milterAlone, /^started: .*"http":"off"/, 'mail does not wait for the page');
  const chosen = '[doors]\nmilter = "inet:127.0.0.1:9900"\nhttp = "off"';
  const milter = await whyNot(chosen, enter);
  assert.match(
    milter,
    /ended with 69[\s\S]*cannot listen on 127\.0\.0\.1:9900: user 64711 holds it/,
  );
});

test('a user holds the path of a socket: the guard names the process too', async () => {
  const folder = join(dir, 'shared');
  await mkdir(folder);
  await chmod(folder, 0o1777);
  const path = join(folder, 'milter');
  await using _path = await squatter([path], []);
  const why = await whyNot(`[doors]\nmilter = "unix:${path}"\nhttp = "off"`, []);
  assert.match(
    why,
    /ended with 69[\s\S]*cannot listen on \S+milter: process \d+ of user 64711 holds it/,
  );
});

test('main.cf of 0.1: the guard listens there too, for the users of Postfix', async (t) => {
  const enter = inNetwork(t);
  if (enter === undefined) return;
  const etc = join(dir, 'etc-old');
  await mkdir(etc);
  const old = '{ inet:127.0.0.1:9900, connect_timeout=5s, default_action=tempfail }';
  await writeFile(
    join(etc, 'main.cf'),
    `smtpd_milters = $postern_milter\npostern_milter = ${old}\n`,
  );
  const allowed = `allowed_users = ["postfix", "${mailOwner}"]`;
  const config = settings
    .replace('[mail_log]', `[doors]\n${allowed}\n[mail_log]`)
    .replace('queue = "off"', `queue = "off"\nconfig_directory = "${etc}"`);
  await using guard = await startGuard({ config, words: [], through: enter });
  assert.deepEqual(guard.doors.all.milter, ['inet:127.0.0.1:9900']);
  assert.equal(saidTo(9900, [...enter, ...as(mailOwner)]), 'answered');
  assert.equal(saidTo(9900, [...enter, ...as(stranger)]), 'ended');
  const line = await guard.logged('door.old-address');
  assert.deepEqual(line['addresses'], ['inet:127.0.0.1:9900']);
  assert.equal((await guard.logged('peer.refused'))['uid'], stranger);
});

test('sockets in the queue folder of a connected Postfix, for its own user alone', async () => {
  const [state, etc, queue] = ['state-auto', 'etc-auto', 'spool'].map((name) =>
    join(dir, name),
  ) as [string, string, string];
  for (const folder of [state, etc, join(queue, 'postern')])
    await mkdir(folder, { recursive: true });
  await writeFile(join(etc, 'main.cf'), `queue_directory = ${queue}\n`);
  const http = '[doors]\nhttp = "inet:127.0.0.1:0"\nsocket_mode = "0666"\n';
  await using guard = await startGuard({
    state,
    config: settings.replace('[mail_log]', `${http}[mail_log]`),
    words: [],
  });
  assert.deepEqual(guard.doors.all.milter, [`unix:${state}/milter.sock`]);
  const facts = { configDirectory: etc, localDomains: [], clientNetworks: [] };
  const doors = { milter: 'unix:postern/milter', inbound: 'unix:postern/inbound', policy: 'off' };
  const instance = { ...facts, queueDirectory: queue, mailOwner, doors, proved: true };
  await writeFile(join(state, 'postfix.json'), JSON.stringify({ ...facts, instances: [instance] }));
  const line = await guard.logged('door.changed');
  assert.deepEqual(line['inbound'], [`unix:${queue}/postern/inbound`]);
  const group = execFileSync('id', ['-g', 'postfix'], { encoding: 'utf8' }).trim();
  for (const name of ['milter', 'inbound']) {
    const path = join(queue, 'postern', name);
    assert.equal(saidTo(path, as(mailOwner)), 'answered');
    assert.equal(saidTo(path, as(stranger, group)), 'ended', 'a member of the group is no proof');
    const sample = `postern_refused_peers_total{door="${name}",uid="${stranger}"}`;
    assert.equal(await guard.metric(sample), 1);
  }
  // Postfix asks where no door is: told at once, and gone when main.cf is right again.
  const asks = (at: string): Promise<void> =>
    writeFile(join(etc, 'main.cf'), `queue_directory = ${queue}\npostern_milter = { ${at} }\n`);
  await asks('inet:127.0.0.1:9');
  const ok = async (status: number): Promise<true | undefined> =>
    (await guard.health()).status === status || undefined;
  await eventually('/health is not ok', () => ok(503));
  assert.match((await guard.health()).why.join(), /main\.cf asks inet:127\.0\.0\.1:9, where no/);
  await assert.rejects(guard.cli('status'), { code: 1, stdout: /^trouble .*main\.cf asks/m });
  await asks('unix:postern/milter');
  await eventually('/health is ok', () => ok(200));
});

test('sockets of systemd are used, however many, and stay when the guard ends', async () => {
  const queues = [1, 2, 3, 4].map((nth) => join(dir, `queue${nth}`));
  const paths = queues.flatMap((queue) =>
    ['milter', 'inbound', 'policy'].map((name) => join(queue, 'postern', name)),
  );
  for (const queue of queues) await mkdir(queue);
  using held = holdSockets(paths, 0);
  const config = `${settings.replace('[mail_log]', '[doors]\nhttp = "off"\n[mail_log]')}`;
  const open = { state: join(dir, 'state-held'), config, words: [], sockets: held.fds };
  await mkdir(open.state);
  for (let start = 0; start < 2; start++) {
    await using guard = await startGuard(open);
    const all = Object.values(guard.doors.all).flat().sort();
    assert.deepEqual(all, paths.map((path) => `unix:${path}`).sort());
    assert.equal(saidTo(join(queues[3] ?? '', 'postern/milter'), as(0)), 'answered');
  }
});
