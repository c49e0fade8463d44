/**
 * `postern connect postfix` on a real, running Postfix: the change is shown, made, proved with real
 * mail, and undone byte for byte; what cannot be proved is undone automatically.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chmod,
  copyFile,
  mkdtemp,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connectPostfix } from '../../src/commands/connect/postfix.ts';
import { examineServer } from '../../src/commands/doctor/doctor.ts';
import { parseMainCf } from '../../src/formats/postfix/main-cf.ts';
import { type ConnectedDaemon, startConnectedDaemon } from './connected-daemon.ts';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { freePort } from './leash.ts';
import { type PostfixInstance, postfixUid, startPostfix } from './postfix-instance.ts';
import { reloaded } from './postfix-reload.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const joe = { user: 'joe@example.test', password: 'secret' };
let sink: Sink;
let dovecot: DovecotInstance;
let postfix: PostfixInstance;
let daemon: ConnectedDaemon;
before(async () => {
  sink = await startSink();
  dovecot = await startDovecot({ users: { [joe.user]: joe.password } });
  postfix = await startPostfix({
    sink: sink.port,
    saslSocket: dovecot.authSocket,
    settings: {
      virtual_mailbox_domains:
        'virtual.test texthash:$config_directory/domains regexp:$config_directory/patterns',
      relay_domains: 'relayed.test',
      mynetworks:
        '127.0.0.1/32 !192.0.2.9 192.0.2.0/24 texthash:$config_directory/clients ' +
        'cidr:$config_directory/nets',
      virtual_transport: `maildrop:[127.0.0.1]:${sink.port}`,
    },
  });
  await writeFile(join(postfix.configDirectory, 'domains'), '# ours\ntable.test  ok\n');
  await writeFile(join(postfix.configDirectory, 'patterns'), '/^never[.]test$/ ok\n');
  await writeFile(join(postfix.configDirectory, 'clients'), '2001:db8::7 ok\nlan.test ok\n');
  await writeFile(join(postfix.configDirectory, 'nets'), '198.51.100.0/24 ok\n');
  daemon = await startConnectedDaemon();
});
after(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await postfix?.[Symbol.asyncDispose]();
  await dovecot?.[Symbol.asyncDispose]();
  await sink?.[Symbol.asyncDispose]();
});

type Snapshot = { readonly main: Buffer; readonly master: Buffer; readonly mode: number };
async function snapshot(dir: string): Promise<Snapshot> {
  const [main, master] = await Promise.all(
    ['main.cf', 'master.cf'].map((name) => readFile(join(dir, name))),
  );
  if (main === undefined || master === undefined) throw new Error('no files');
  return { main, master, mode: (await stat(join(dir, 'main.cf'))).mode };
}

function ways(): { configDir: string; state: string; yes: boolean } {
  return { configDir: postfix.configDirectory, state: daemon.state, yes: true };
}
const quiet = (): void => undefined;

async function sendByAllRoads(id: string): Promise<void> {
  await using client = await connectSmtp(postfix.ports.submission, joe);
  const sent = await client.send({ from: joe.user, to: ['a@world.test'], id: `${id}-login` });
  assert.equal(sent.stage, 'done', sent.reply.text);
  await using relay = await connectSmtp(postfix.ports.smtp);
  await relay.send({ from: 'x@mail.test', to: ['b@world.test'], id: `${id}-relay` });
  await postfix.sendmail({ from: 'www@mail.test', to: ['c@world.test'], id: `${id}-local` });
  const all = ['login', 'relay', 'local'].map((path) => `${id}-${path}`);
  await sink.until(() => all.every((one) => sink.recipients(one).length === 1), 'all three');
}

/** What doctor says of Postfix and its tools. */
async function fault(): Promise<string[]> {
  const { state, configDir } = ways();
  const findings = await examineServer({ state, configDir });
  assert.equal(findings.find(({ id }) => id === 'tools.privileged')?.kind, 'ok');
  return findings
    .filter(({ id, kind }) => id.startsWith('postfix') && kind !== 'ok')
    .map(({ id, kind }) => `${kind} ${id}`);
}

test('a dry run changes nothing', async () => {
  const was = await snapshot(postfix.configDirectory);
  let shown = '';
  const show = (text: string): void => {
    shown += text;
  };
  const dry = await connectPostfix({ ...ways(), yes: false, dryRun: true }, show);
  assert.equal(dry.changed, true);
  assert.match(shown, /^\+postern_milter = \{ inet:127\.0\.0\.1:\d+, /m);
  assert.deepEqual(await snapshot(postfix.configDirectory), was);
});

test('connected: every path is seen; again changes nothing; undone byte for byte', async () => {
  await chmod(join(postfix.configDirectory, 'main.cf'), 0o640);
  const was = await snapshot(postfix.configDirectory);
  const first = await connectPostfix(ways(), quiet);
  assert.ok(first.changed && first.reloaded);
  assert.equal(first.seen.length, 3, 'two smtpd services and local mail');
  assert.deepEqual(
    first.seen.filter(({ ok, text }) => !ok || text.startsWith('not tried')),
    [],
  );
  const told: unknown = JSON.parse(await readFile(join(daemon.state, 'postfix.json'), 'utf8'));
  const localDomains = ['.relayed.test', 'mail.test', 'relayed.test', 'table.test', 'virtual.test'];
  const clientNetworks = ['127.0.0.1/32', '!192.0.2.9', '192.0.2.0/24', '2001:db8::7'];
  const { configDirectory } = postfix;
  const known = { configDirectory, localDomains, clientNetworks };
  const queueDirectory = join(postfix.dir, 'spool');
  const written = { ...daemon.doors, inbound: daemon.doors.milter };
  const transports = { here: ['error', 'retry', 'discard', 'maildrop'], away: ['smtp'] };
  const mailOwner = await postfixUid();
  const more = { transports, filterUsers: [], doors: written, proved: true };
  const about = { queueDirectory, mailOwner, ...more };
  assert.deepEqual(told, { ...known, instances: [{ ...known, ...about }] });
  assert.match(first.notes.join('\n'), /regexp:\S+\/patterns cannot be listed/);
  assert.match(first.notes.join('\n'), /cidr:\S+\/nets of mynetworks cannot be listed/);
  await sendByAllRoads('connected');
  const seen = daemon.submissions
    .filter(({ message }) => message.messageId?.includes('connected-') === true)
    .map(({ message, by }) => `${by} ${message.account}`);
  const paths = [`login ${joe.user}`, 'client client:127.0.0.1', 'local local:www@mail.test'];
  assert.deepEqual(seen.sort(), paths.sort());
  const stages = daemon.asked
    .filter(({ account }) => account === joe.user)
    .map(({ stage }) => stage);
  assert.deepEqual(stages, ['RCPT', 'DATA', 'END-OF-MESSAGE']);
  await writeFile(join(postfix.configDirectory, 'domains'), 'later.test ok\n');
  assert.equal((await connectPostfix(ways(), quiet)).changed, false);
  assert.match(await readFile(join(daemon.state, 'postfix.json'), 'utf8'), /"later\.test"/);
  assert.deepEqual(await fault(), ['warn postfix.long-queue-ids']);
  const undone = await connectPostfix({ ...ways(), undo: true }, quiet);
  assert.ok(undone.changed && undone.reloaded);
  assert.deepEqual(await snapshot(postfix.configDirectory), was);
  await assert.rejects(readFile(join(daemon.state, 'postfix.json')));
  const unguarded = (await fault()).filter((one) => one.endsWith('.milter'));
  assert.equal(unguarded.length, 3, 'doctor says of each path that it is open');
  const before = daemon.submissions.length;
  await reloaded(postfix);
  await sendByAllRoads('undone');
  assert.equal(daemon.submissions.length, before);
  assert.equal((await connectPostfix({ ...ways(), undo: true }, quiet)).changed, false);
});

test('an undo after edits takes out our lines alone, and says so', async () => {
  const was = await snapshot(postfix.configDirectory);
  await connectPostfix({ ...ways(), verify: false }, quiet);
  await appendFile(join(postfix.configDirectory, 'main.cf'), '# mine\nbiff = yes\n');
  const undone = await connectPostfix({ ...ways(), undo: true }, quiet);
  assert.match(undone.notes.join('\n'), /main\.cf was changed since/);
  const now = await snapshot(postfix.configDirectory);
  assert.equal(now.main.toString(), `${was.main.toString()}# mine\nbiff = yes\n`);
  assert.deepEqual(now.master, was.master);
  await writeFile(join(postfix.configDirectory, 'main.cf'), was.main);
});

test('a door that nobody answers is found out before anything is touched', async () => {
  const was = await snapshot(postfix.configDirectory);
  await daemon.say({ milter: `inet:127.0.0.1:${await freePort()}` });
  await assert.rejects(connectPostfix(ways(), quiet), /no door answers at inet:127/);
  await daemon.say({});
  assert.deepEqual(await snapshot(postfix.configDirectory), was);
});

test('a door that is no milter is found out by the proof, and all is as it was', async () => {
  const was = await snapshot(postfix.configDirectory);
  const stranger = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('220 not a milter\r\n');
  });
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const address = stranger.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await daemon.say({ milter: `inet:127.0.0.1:${port}` });
  await assert.rejects(connectPostfix(ways(), quiet), /not connected, everything is as before/);
  await daemon.say({});
  stranger.close();
  assert.deepEqual(await snapshot(postfix.configDirectory), was);
  await reloaded(postfix);
  await sendByAllRoads('after-failure');
});

test("Debian's own files without a running Postfix: connected, readable, undone", async () => {
  const dir = await mkdtemp(join(tmpdir(), 'pcf-'));
  const golden = join(import.meta.dirname, '../golden/connect');
  for (const name of ['debian', 'crowded']) {
    for (const file of ['main.cf', 'master.cf']) {
      await copyFile(join(golden, `${name}.${file}`), join(dir, file));
    }
    const paths = ['queue_directory = ', 'spool', '\ndata_directory = ', 'data', '\n'];
    const own = paths.map((part) =>
      part.includes('=') || part === '\n' ? part : join(postfix.dir, part),
    );
    await appendFile(join(dir, 'main.cf'), own.join(''));
    const was = await snapshot(dir);
    const ours = lastDefinitions(was.main);
    const asked = ours.map((one) => one.name);
    const said = spawnSync('/usr/sbin/postconf', ['-c', dir, '-h', ...asked], { encoding: 'utf8' });
    assert.deepEqual(
      said.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => line.trim()),
      ours.map(({ value }) => value.replace(/\s+/g, ' ')),
      'what we read is what Postfix reads',
    );
    const at = { state: daemon.state, configDir: dir, yes: true, verify: false };
    await connectPostfix(at, quiet);
    const lists = ['smtpd_milters', 'non_smtpd_milters', 'postern_milter'];
    const read = spawnSync('/usr/sbin/postconf', ['-c', dir, '-x', ...lists], { encoding: 'utf8' });
    assert.doesNotMatch(read.stderr, /postern/);
    assert.equal(read.stdout.match(/\{ inet:127\.0\.0\.1:\d+, connect_timeout=5s/g)?.length, 3);
    const options = spawnSync('/usr/sbin/postconf', ['-c', dir, '-P'], { encoding: 'utf8' });
    assert.match(options.stdout, /^smtp[^ ]*\/postern_milter = \$postern_inbound$/m);
    const unused = spawnSync('/usr/sbin/postconf', ['-c', dir, '-n'], { encoding: 'utf8' });
    assert.doesNotMatch(unused.stderr, /postern/);
    await connectPostfix({ ...at, undo: true }, quiet);
    assert.deepEqual(await snapshot(dir), was);
  }
  await rm(dir, { recursive: true });
});

/** The parameters as our reader sees them, the last definition of each. */
function lastDefinitions(main: Buffer): readonly { name: string; value: string }[] {
  const parsed = parseMainCf(main.toString('latin1'));
  return parsed.parameters.filter(
    (one) => parsed.parameters.findLast(({ name }) => name === one.name) === one,
  );
}
