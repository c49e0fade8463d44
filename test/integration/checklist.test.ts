/**
 * `postern checklist` on a fresh server with a real Postfix, BIND, SpamAssassin and John: what it
 * says after nothing, after each command that it prints, and after records appear in the DNS. Each
 * command moves its item, and nothing but what says that it follows it.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { ChecklistItem } from '../../src/core/checklist/items/item.ts';
import { allMeasures } from '../../src/core/checklist/items/measures/all.ts';
import { serverText } from '../../src/formats/dns/server-address.ts';
import { launcher } from './guard-instance.ts';
import { eventually, freePort } from './leash.ts';
import { type NamedInstance, startNamed } from './named-instance.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { type SpamdInstance, startSpamd } from './scanner-instances.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const run = promisify(execFile);
const home = dirname(launcher);
const zone = `$ORIGIN mail.test.
$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
`;
const reverse = `$ORIGIN 2.0.192.in-addr.arpa.
$TTL 60
@ IN SOA ns.mail.test. hostmaster.mail.test. 1 3600 600 86400 60
@ IN NS ns.mail.test.
`;

let dir: string;
let state: string;
let config: string;
let sink: Sink;
let named: NamedInstance;
let postfix: PostfixInstance;
let spamd: SpamdInstance;
let guard: ChildProcess | undefined;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pcl-'));
  [state, config] = [join(dir, 'state'), join(dir, 'postern.toml')];
  sink = await startSink({
    refuse: (to) => (to.startsWith('postern-nobody') ? '550 no' : undefined),
  });
  named = await startNamed({ zones: { 'mail.test': zone, '2.0.192.in-addr.arpa': reverse } });
  spamd = await startSpamd(1);
  const certificate = await selfSigned();
  postfix = await startPostfix({
    sink: sink.port,
    settings: { soft_bounce: 'yes', delay_warning_time: '4h', smtpd_tls_cert_file: certificate },
  });
  await writeFile(join(dir, 'users'), 'ann:{PLAIN}ann\n', { mode: 0o600 });
  await writeFile(
    config,
    [
      'mode = "observe"\ncontact = "help@mail.test"',
      '[doors]',
      `http = "inet:127.0.0.1:${await freePort()}"`,
      '[accounts]\ndefault_domain = "mail.test"',
      '[identity]\nhost = "mail.test"\naddresses = ["192.0.2.25"]',
      `[dns]\nservers = ["${serverText(named.server)}"]`,
      `authority_port = ${named.server.port}`,
      `[passwords]\nsources = ["passwd-file:${join(dir, 'users')}"]\nrules = []\ntime = "150s"`,
      '[mail_log]\nsource = "off"',
      '',
    ].join('\n'),
  );
});
after(async () => {
  guard?.kill();
  if (guard !== undefined && guard.exitCode === null) await once(guard, 'exit');
  await postfix?.[Symbol.asyncDispose]();
  await spamd?.[Symbol.asyncDispose]();
  await named?.[Symbol.asyncDispose]();
  await sink?.[Symbol.asyncDispose]();
  if (dir !== undefined) await rm(dir, { recursive: true, force: true });
});

/** For 20 days. */
async function selfSigned(): Promise<string> {
  const [key, file] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')];
  const what = ['-subj', '/CN=mail.test', '-addext', 'subjectAltName=DNS:mail.test'];
  const how = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '20'];
  await run('openssl', ['req', ...how, ...what, '-keyout', key, '-out', file]);
  return file;
}

function options(): readonly string[] {
  return ['--state', state, '--config', config, '--config-dir', postfix.configDirectory];
}

type Checked = { readonly exit: number; readonly items: ReadonlyMap<string, ChecklistItem> };

/** Again, if a busy machine left a source or the guard no time to answer. */
async function checklist(...more: readonly string[]): Promise<Checked> {
  for (let tries = 1; ; tries++) {
    const now = await looked(...more);
    const isLate = [...now.items.values()].some(
      ({ found, state: is }) =>
        is !== 'done' &&
        (/no answer within \d+ s|it took too long/.test(found) ||
          (guard !== undefined && /does not answer/.test(found))),
    );
    if (!isLate || tries === 5) return now;
  }
}

async function looked(...more: readonly string[]): Promise<Checked> {
  const words = ['checklist', '--json', '--no-probe', ...options(), ...more];
  const [exit, out] = await run(launcher, words, { cwd: home, maxBuffer: 16 << 20 }).then(
    ({ stdout }) => [0, stdout] as const,
    (error: { readonly code: number; readonly stdout: string }) =>
      [error.code, error.stdout] as const,
  );
  const { items } = JSON.parse(out) as { readonly items: readonly ChecklistItem[] };
  return { exit, items: new Map(items.map((item) => [item.id, item])) };
}

/** As a user reads it. `uid`: this user, not root. */
async function text(words: readonly string[], uid?: number): Promise<string> {
  const user = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', launcher];
  const [program, args] = uid === undefined ? [launcher, []] : ['setpriv', user];
  const ran = run(program, [...args, 'checklist', ...words], { cwd: home });
  return (await ran.catch((error: { readonly stdout: string }) => error)).stdout;
}

/** Runs a command as it was printed, as someone who pastes it. */
async function pasted(command: string, more = ''): Promise<void> {
  await run('/bin/sh', ['-c', `${command}${more} </dev/null`], { cwd: home, timeout: 240_000 });
}

/** Waits until the ledger knows that mail of the domain left. */
async function sendersCounted(): Promise<void> {
  await eventually('mail of the domain', async () => {
    const { items } = await checklist();
    return items.get('signing.sent')?.state === 'unknown' ? undefined : true;
  });
}

/** Items that are in another state now. */
function moved(was: Checked, now: Checked): readonly string[] {
  const ids = new Set([...was.items.keys(), ...now.items.keys()]);
  return [...ids].filter((id) => was.items.get(id)?.state !== now.items.get(id)?.state);
}

function follows(id: string, of: string): boolean {
  return allMeasures.find((one) => one.id === id)?.follows?.includes(of) === true;
}

let last: Checked;

test('after nothing: at least 25 items, none is lost, and the guard comes first', async () => {
  last = await checklist();
  assert.ok(last.items.size >= 40, `${last.items.size} items`);
  assert.equal(last.exit, 1, 'soft_bounce is broken');
  const stray = [...last.items.keys()].filter((id) => id.startsWith('other.'));
  assert.deepEqual(stray, [], 'each finding is in an item');
  const states = (id: string): string | undefined => last.items.get(id)?.state;
  assert.equal(states('guard.runs'), 'missing');
  assert.equal(states('dns.spf'), 'missing');
  assert.equal(states('inbound.soft-bounce'), 'broken');
  assert.equal(states('passwords.audit'), 'missing');
});

test('the line on top says what breaks next, and the next step', async () => {
  const [top = ''] = (await text(['--no-probe', ...options()])).split('\n');
  const [broken, next, step, ...more] = top.split(' · ');
  assert.equal(broken, '2 broken', 'soft_bounce, and mail to unknown recipients');
  assert.match(next ?? '', /^next to break: certificate of mail\.test in (?:19|20) days$/);
  assert.match(step ?? '', /^next step: \.\/postern --state \S+ .* connect recipients$/);
  assert.deepEqual(more, []);
});

test('without a Postfix and without a guard, no item is lost', async () => {
  const none = join(dir, 'no-postfix');
  const about = ['checklist', '--no-probe', '--config-dir', none];
  await assert.rejects(run(launcher, about), { code: 66 }, 'a mistyped folder is told');
  await mkdir(none);
  const now = await checklist('--config-dir', none, '--state', join(dir, 'no-state'));
  assert.deepEqual([...now.items.keys()].sort(), [...last.items.keys()].sort());
  assert.equal(now.items.get('mail.connected')?.state, 'unknown');
});

test('one item, and an item that is not there', async () => {
  const shown = await text(['show', 'inbound.soft-bounce', '--no-probe', ...options()]);
  assert.match(shown, /^✗ broken +inbound\.soft-bounce$/m);
  assert.match(shown, /^ +do +postconf -c \S+ -e soft_bounce=no && /m);
  await assert.rejects(
    run(launcher, ['checklist', 'show', 'inbound.nothing', '--no-probe', ...options()]),
    (error: { readonly code: number; readonly stderr: string }) =>
      error.code === 64 && /inbound\.soft-bounce/.test(error.stderr),
  );
});

test('a user who may not read the state is told so, and nothing is called missing', async () => {
  const closed = join(dir, 'closed');
  await mkdir(closed, { mode: 0o700 });
  for (const name of ['run.json', 'ledger.db']) await writeFile(join(closed, name), '');
  await chmod(dir, 0o755);
  await chmod(config, 0o644);
  const about = ['--state', closed, '--config', config, '--no-probe', '--json'];
  const { items } = JSON.parse(await text(about, 64_004)) as { items: readonly ChecklistItem[] };
  const of = (id: string): ChecklistItem | undefined => items.find((one) => one.id === id);
  for (const id of ['guard.runs', 'guard.mode', 'mail.connected', 'passwords.audit']) {
    assert.equal(of(id)?.state, 'unknown', id);
    assert.match(of(id)?.fix ?? '', /as root/, id);
  }
  assert.match(of('providers.tls')?.command ?? 'sudo', /^sudo/);
});

test('the guard is started as printed', async () => {
  const { command } = last.items.get('guard.runs') ?? assert.fail();
  guard = spawn('/bin/sh', ['-c', `exec ${command} >${join(dir, 'log')} 2>&1`], { cwd: home });
  await eventually('run.json', () => existsSync(join(state, 'run.json')) || undefined);
  const now = await checklist();
  assert.equal(now.items.get('guard.runs')?.state, 'done');
  for (const id of moved(last, now)) {
    assert.ok(id === 'guard.runs' || follows(id, 'guard.runs'), `${id} moved`);
  }
  last = now;
});

/** Items whose command is run here, in the order in which they are put in place. */
const steps: readonly (readonly [id: string, state: 'done' | 'broken', more?: () => string])[] = [
  ['mail.connected', 'done'],
  ['mail.queue-ids', 'done'],
  ['providers.tls', 'done'],
  ['guard.mode', 'done'],
  ['drill.sink', 'done'],
  ['inbound.soft-bounce', 'done'],
  ['inbound.delays', 'done'],
  ['inbound.recipients', 'done'],
  ['inbound.bounces', 'done'],
  // No spamd listens where Debian's does.
  ['scan.scanner', 'done', () => ` --at ${spamd.address}`],
  // The audit finds the password of ann.
  ['passwords.audit', 'broken'],
];
for (const [id, state, more] of steps) {
  test(`the command of ${id} moves it, and nothing else`, async () => {
    const item = last.items.get(id) ?? assert.fail();
    assert.notEqual(item.command, '', `${item.state}: ${item.found}`);
    await pasted(item.command, more?.());
    // Its test messages are counted a little later.
    if (id === 'mail.connected') await sendersCounted();
    const now = await checklist();
    assert.equal(now.items.get(id)?.state, state, now.items.get(id)?.found);
    const others = moved(last, now).filter((one) => one !== id && !follows(one, id));
    const said = others.map((one) => `${one}: ${now.items.get(one)?.found}`);
    assert.deepEqual(said, []);
    last = now;
  });
}

test('the installation, where systemd is, shows what it would do, and moves nothing', async () => {
  const rest = [...last.items.values()].filter(({ command }) => command !== '');
  assert.deepEqual(
    rest.map(({ id }) => id).filter((id) => id !== 'guard.installed'),
    [],
    'each other command was run',
  );
  for (const { command } of rest) await pasted(command, ' --dry-run');
  assert.deepEqual(moved(last, await checklist()), []);
});

test('records that appear in the DNS move the items of the DNS', async () => {
  const add = (text: string): string => `update add ${text}`;
  const updates = [
    'zone mail.test',
    add('mail.test 60 A 192.0.2.25'),
    add('mail.test 60 MX 10 mail.test.'),
    add('mail.test 60 TXT "v=spf1 mx ~all"'),
    add('_dmarc.mail.test 60 TXT "v=DMARC1; p=none"'),
    'send',
    'zone 2.0.192.in-addr.arpa',
    add('25.2.0.192.in-addr.arpa 60 PTR mail.test.'),
    'send',
  ];
  const { address, port } = named.server;
  const file = join(dir, 'updates');
  await writeFile(file, [`server ${address} ${port}`, ...updates, ''].join('\n'));
  await run('nsupdate', ['-k', named.keyFile, file]);
  const now = await checklist();
  const states = ['dns.reverse', 'dns.helo', 'dns.spf', 'dns.mx'].map(
    (id) => `${id} ${now.items.get(id)?.state}`,
  );
  assert.deepEqual(states, ['dns.reverse done', 'dns.helo done', 'dns.spf done', 'dns.mx done']);
  const others = moved(last, now).filter((id) => !id.startsWith('dns.'));
  assert.deepEqual(others, []);
  last = now;
});

test('a key is made: signing is on, and the DNS lacks its record', async () => {
  await run(launcher, ['dkim', 'new', 'mail.test', '--state', state], { cwd: home });
  const now = await checklist();
  assert.notEqual(now.items.get('signing.keys')?.state, last.items.get('signing.keys')?.state);
  assert.match(now.items.get('dns.dkim')?.found ?? '', /mail\.test/);
  last = now;
});

test('a guard that hangs makes its items unknown, in time', async () => {
  guard?.kill('SIGSTOP');
  try {
    const began = performance.now();
    const now = await looked();
    assert.ok(performance.now() - began < 45_000);
    assert.ok(now.items.size >= last.items.size - 1);
    assert.equal(now.items.get('guard.mode')?.state, 'unknown');
  } finally {
    guard?.kill('SIGCONT');
  }
});
