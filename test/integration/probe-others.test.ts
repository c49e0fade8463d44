/**
 * `postern probe` against Exim and OpenSMTPD, and the names of a server with a public address: on a
 * machine of its own, where such an address does no harm. Debian's packages of the two cannot be
 * installed beside Postfix, so they are unpacked first.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DnsData, DnsRecord } from '../../src/formats/dns/record.ts';
import { postern } from '../command-line.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { eventually } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { libraryPath, missingLibraries, unpackPackages } from './unpacked-package.ts';

const folderMark = 'POSTERN_TEST_PROBE_PACKAGES';
const exim = (folder: string): string => join(folder, 'usr/sbin/exim4');
const smtpd = (folder: string): string => join(folder, 'usr/sbin/smtpd');

function outside(): void {
  const folder = mkdtempSync(join(tmpdir(), 'ppo-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const servers = unpackPackages(['exim4-daemon-light', 'exim4-base', 'opensmtpd'], folder);
  const lacks = (): string | undefined =>
    missingLibraries(exim(folder), folder) ?? missingLibraries(smtpd(folder), folder);
  if (servers === undefined && lacks() !== undefined) {
    // What Debian 12 calls them. Elsewhere the reason below says what is missing.
    for (const name of [
      'libgnutls-dane0',
      'libunbound8',
      'libevent-2.1-7',
      'libidn12',
      'libnsl2',
    ]) {
      unpackPackages([name], folder);
    }
  }
  const why = servers ?? lacks();
  if (why !== undefined) test('Exim and OpenSMTPD', { skip: why }, () => undefined);
  else {
    process.env[folderMark] = folder;
    onMachineOfItsOwn(import.meta.filename);
  }
}

const server = '198.51.100.25';
const stranger = '203.0.113.9';
const eximUid = 941;
const eximPort = 2525;
const percentPort = 2526;
const smtpdPort = 2527;

function inside(folder: string): void {
  const children: ChildProcess[] = [];
  before(async () => {
    for (const address of [server, stranger]) {
      execFileSync('ip', ['addr', 'add', `${address}/32`, 'dev', 'lo']);
    }
    addUsers();
    children.push(startExim(folder, eximPort, soundExim));
    children.push(startExim(folder, percentPort, percentFault));
    children.push(startOpenSmtpd(folder));
    for (const port of [eximPort, percentPort, smtpdPort]) {
      await eventually(`port ${port}`, () => answers(port));
    }
  });
  after(() => {
    for (const child of children) child.kill();
  });

  for (const [name, port] of [
    ['Exim', eximPort],
    ['OpenSMTPD', smtpdPort],
  ] as const) {
    test(`${name}: every check is tried, and no relay and no hidden message is found`, async () => {
      const found = await probed(port);
      const kinds = new Map(found.map(({ id, kind }) => [id, kind]));
      for (const id of ['relay', 'unknown-recipient', 'bounces', 'smuggling', 'vrfy']) {
        assert.equal(kinds.get(id), 'ok', `${id}: ${JSON.stringify(found, undefined, 1)}`);
      }
      const unknown = [...kinds].filter(([, kind]) => kind === 'unknown').map(([id]) => id);
      assert.deepEqual(unknown, []);
      assert.equal(kinds.get('tls.smtp.missing'), 'fail', 'neither has a certificate');
    });
  }

  test('Exim with percent_hack_domains relays, and that is found', async () => {
    const found = await probed(percentPort, '--only', 'relay');
    const [fault] = found.filter(({ kind }) => kind === 'fail');
    assert.equal(fault?.id, 'relay.user-percent-host-at-domain', JSON.stringify(found));
    assert.match(
      fault.transcript.join('\n'),
      /> RCPT TO:<nobody%postern-probe\.invalid@mail\.test>/,
    );
  });

  test('names: what is wrong with them in the DNS', async () => {
    const reverse = '25.100.51.198.in-addr.arpa';
    const a: DnsData = { type: 'A', address: server };
    const ptr = (target: string): DnsData => ({ type: 'PTR', target });
    const ids = async (zone: Readonly<Record<string, DnsData>>): Promise<readonly string[]> => {
      const found = await probed(eximPort, '--only', 'names', ...(await configFor(zone)));
      return found.map(({ kind, id }) => `${kind} ${id}`);
    };
    assert.deepEqual(await ids({ 'mail.test': a, [reverse]: ptr('mail.test') }), ['ok names']);
    assert.deepEqual(await ids({ 'mail.test': a }), ['fail names.reverse']);
    const foreign = { 'mail.test': a, [reverse]: ptr('host-25.isp.test'), 'host-25.isp.test': a };
    assert.deepEqual(await ids(foreign), ['warn names.differs']);
  });
}

async function configFor(zone: Readonly<Record<string, DnsData>>): Promise<readonly string[]> {
  const records = Object.entries(zone).map(
    ([name, data]): DnsRecord => ({ ...data, name, ttlSeconds: 60 }),
  );
  const dns = await openScriptedDns(records);
  after(() => dns[Symbol.asyncDispose]());
  const file = join(mkdtempSync('/var/tmp/'), 'postern.toml');
  writeFileSync(file, `[dns]\nservers = ["127.0.0.1:${dns.server.port}"]\n`);
  return ['--config', file];
}

type Found = { readonly id: string; readonly kind: string; readonly transcript: readonly string[] };

async function probed(port: number, ...words: readonly string[]): Promise<readonly Found[]> {
  // Exim looks up nothing, and the name of the server has a record.
  const config = words.includes('--config')
    ? []
    : await configFor({
        'mail.test': { type: 'A', address: server },
        '25.100.51.198.in-addr.arpa': { type: 'PTR', target: 'mail.test' },
      });
  const ran = await postern(
    ...['probe', server, '--from', stranger, '--domain', 'mail.test', '--json'],
    ...['--recipient', 'joe@mail.test', '--smtp', String(port)],
    ...['--submission', '0', '--submissions', '0', ...config, ...words],
  );
  assert.equal(ran.err, '');
  process.exitCode = 0;
  return (JSON.parse(ran.out) as { readonly findings: readonly Found[] }).findings;
}

function answers(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, server);
    socket.on('error', () => resolve(undefined));
    socket.on('data', () => {
      socket.end('QUIT\r\n');
      resolve(true);
    });
  });
}

function addUsers(): void {
  const users = [
    ['Debian-exim', eximUid],
    ['opensmtpd', 942],
    ['opensmtpq', 943],
    ['joe', 944],
  ] as const;
  for (const [name, id] of users) {
    appendFileSync('/etc/passwd', `${name}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin\n`);
    appendFileSync('/etc/group', `${name}:x:${id}:\n`);
  }
  appendFileSync('/etc/aliases', '\npostmaster: joe\n');
}

function started(program: string, words: readonly string[], folder: string): ChildProcess {
  const env = { ...process.env, LD_LIBRARY_PATH: libraryPath(folder) };
  return spawn(program, words, { stdio: 'ignore', env });
}

type EximParts = { readonly main: string; readonly first: string };
const soundExim: EximParts = { main: '', first: '' };
/** It looks at the end of the address that was given, and then delivers to what is before it. */
const percentFault: EximParts = {
  main: 'percent_hack_domains = mail.test',
  first: `  accept condition = \${if match{$smtp_command_argument}{@mail\\.test>}}
         verify = recipient`,
};

function startExim(folder: string, port: number, { main, first }: EximParts): ChildProcess {
  const at = `/var/exim-${port}`;
  mkdirSync(join(at, 'spool'), { recursive: true });
  for (const path of [at, join(at, 'spool')]) chownSync(path, eximUid, eximUid);
  const file = join('/etc', `exim-${port}.conf`);
  writeFileSync(
    file,
    `exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = ${at}/spool
log_file_path = ${at}/log_%s
pid_file_path = ${at}/pid
primary_hostname = mail.test
daemon_smtp_ports = ${port}
local_interfaces = ${server}
domainlist local_domains = mail.test
acl_smtp_rcpt = to
tls_advertise_hosts =
keep_environment =
host_lookup =
${main}
begin acl
to:
${first}
  deny  domains = ! +local_domains
        message = relay not permitted
  accept verify = recipient
begin routers
here:
  driver = accept
  domains = +local_domains
  local_parts = postmaster : joe
  transport = drop
elsewhere:
  driver = manualroute
  domains = ! +local_domains
  route_list = * 192.0.2.1
  transport = out
begin transports
drop:
  driver = appendfile
  file = ${at}/mbox
  user = Debian-exim
out:
  driver = smtp
`,
  );
  return started(exim(folder), ['-bdf', '-C', file], folder);
}

function startOpenSmtpd(folder: string): ChildProcess {
  for (const path of ['/var/lib/opensmtpd/empty', '/var/spool/smtpd']) {
    mkdirSync(path, { recursive: true, mode: 0o711 });
  }
  const file = '/etc/smtpd.conf';
  writeFileSync(
    file,
    `listen on ${server} port ${smtpdPort} hostname mail.test
table aliases file:/etc/aliases
action "keep" mbox alias <aliases>
match from any for domain "mail.test" action "keep"
`,
  );
  return started(smtpd(folder), ['-d', '-f', file], folder);
}

if (onOwnMachine) inside(process.env[folderMark] ?? '');
else outside();
