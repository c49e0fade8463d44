/**
 * Exim and OpenSMTPD send to a Postfix that puts strangers off: both try again, and each message
 * arrives once. Debian's packages of the two cannot be installed beside Postfix, so they are
 * unpacked first. Exim tries again after 5 seconds; OpenSMTPD has no such setting, but a command.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DeferredRow } from '../../src/ports/inbound/inbound.ts';
import { startDeferringReceiver } from './deferring-receiver.ts';
import { eventually, freePort } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { connectSmtp } from './smtp-client.ts';
import { libraryPath, missingLibraries, unpackPackages } from './unpacked-package.ts';

const folderMark = 'POSTERN_TEST_SENDER_PACKAGES';
const exim = (folder: string): string => join(folder, 'usr/sbin/exim4');
const smtpd = (folder: string): string => join(folder, 'usr/sbin/smtpd');
const smtpctl = (folder: string): string => join(folder, 'usr/sbin/smtpctl');
const eximUid = 941;
const smtpqGid = 943;
/** Each in a network of its own, because a network that came back is known. */
const eximAddress = '127.0.4.6';
const smtpdAddress = '127.0.5.6';

function outside(): void {
  const folder = mkdtempSync(join(tmpdir(), 'pis-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const servers = unpackPackages(['exim4-daemon-light', 'exim4-base', 'opensmtpd'], folder);
  const lacks = (): string | undefined =>
    missingLibraries(exim(folder), folder) ?? missingLibraries(smtpd(folder), folder);
  if (servers === undefined && lacks() !== undefined) {
    // What Debian 12 calls them. Elsewhere the reason below says what is missing.
    const names = ['libgnutls-dane0', 'libunbound8', 'libevent-2.1-7', 'libidn12', 'libnsl2'];
    for (const name of names) unpackPackages([name], folder);
  }
  const why = servers ?? lacks();
  if (why !== undefined) test('Exim and OpenSMTPD', { skip: why }, () => undefined);
  else {
    process.env[folderMark] = folder;
    onMachineOfItsOwn(import.meta.filename);
  }
}

function inside(folder: string): void {
  test('Exim and OpenSMTPD try again, and each message arrives once', async () => {
    addUsers();
    // As the package has it.
    chownSync(smtpctl(folder), 0, smtpqGid);
    chmodSync(smtpctl(folder), 0o2755);
    await using receiver = await startDeferringReceiver('data');
    const { guard, postfix, sink } = receiver;
    const to = postfix.ports.smtp;
    const senders = [
      { id: 'exim', port: await freePort(), start: startExim },
      { id: 'smtpd', port: await freePort(), start: startOpenSmtpd },
    ];
    const children = senders.map(({ port, start }) => start(folder, port, to));
    const tries = setInterval(() => tryAgain(folder), 5_000);
    try {
      for (const { id, port } of senders) {
        await eventually(`${id} runs`, () => answers(port));
        await using smtp = await connectSmtp(port);
        const message = { from: `${id}@far.test`, to: [`${id}@mail.test`], body: 'Hello.\r\n' };
        const { reply } = await smtp.send({ ...message, id });
        assert.equal(reply.code, 250, reply.text);
      }
      const rows = await eventually('both are put off', async () => {
        const found = await guard.json<readonly DeferredRow[]>('/api/inbound/at-risk');
        return found.length === senders.length ? found : undefined;
      });
      assert.deepEqual(rows.map(({ client }) => client).sort(), [eximAddress, smtpdAddress]);
      // The mail by which `connect` shows that the guard is there has none.
      const all = (): readonly string[] => sink.deliveries.map(({ id }) => id);
      const ids = (): readonly string[] =>
        all()
          .filter((id) => id !== '')
          .sort();
      assert.deepEqual(ids(), []);
      const both = async (): Promise<true | undefined> => ids().length >= 2 || undefined;
      await eventually('both arrive', both, {
        timeoutMs: 200_000,
        detail: () => all().join(' '),
      });
      await eventually('nothing is left', async () => {
        const left = await guard.json<readonly DeferredRow[]>('/api/inbound/at-risk');
        return (left.length === 0 && (await postfix.queue()).length === 0) || undefined;
      });
      assert.deepEqual(ids(), ['exim', 'smtpd']);
    } finally {
      clearInterval(tries);
      for (const child of children) child.kill();
    }
  });
}

function addUsers(): void {
  const users = [
    ['Debian-exim', eximUid],
    ['opensmtpd', 942],
    ['opensmtpq', smtpqGid],
  ] as const;
  for (const [name, id] of users) {
    appendFileSync('/etc/passwd', `${name}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin\n`);
    appendFileSync('/etc/group', `${name}:x:${id}:\n`);
  }
}

async function answers(port: number): Promise<true | undefined> {
  try {
    await using _ = await connectSmtp(port);
    return true;
  } catch {
    return undefined;
  }
}

const environment = (folder: string): NodeJS.ProcessEnv => ({
  ...process.env,
  LD_LIBRARY_PATH: libraryPath(folder),
});

function started(program: string, words: readonly string[], folder: string): ChildProcess {
  return spawn(program, words, { stdio: 'ignore', env: environment(folder) });
}

function tryAgain(folder: string): void {
  const options = { env: environment(folder), gid: smtpqGid, timeout: 5_000 };
  spawnSync(smtpctl(folder), ['schedule', 'all'], options);
}

function startExim(folder: string, port: number, to: number): ChildProcess {
  const at = '/var/exim-sends';
  mkdirSync(join(at, 'spool'), { recursive: true });
  for (const path of [at, join(at, 'spool')]) chownSync(path, eximUid, eximUid);
  const file = '/etc/exim-sends.conf';
  writeFileSync(
    file,
    `exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = ${at}/spool
log_file_path = ${at}/log_%s
pid_file_path = ${at}/pid
primary_hostname = mail.far.test
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
acl_smtp_rcpt = accept
acl_smtp_data = accept
tls_advertise_hosts =
keep_environment = LD_LIBRARY_PATH
exim_path = ${exim(folder)}
deliver_drop_privilege
host_lookup =
begin routers
out:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = ${to}
  interface = ${eximAddress}
  hosts_try_fastopen =
begin retry
* * F,1h,5s
`,
  );
  return started(exim(folder), ['-bdf', '-q5s', '-C', file], folder);
}

function startOpenSmtpd(folder: string, port: number, to: number): ChildProcess {
  for (const path of ['/var/lib/opensmtpd/empty', '/var/spool/smtpd']) {
    mkdirSync(path, { recursive: true, mode: 0o711 });
  }
  const file = '/etc/smtpd.conf';
  writeFileSync(
    file,
    `listen on 127.0.0.1 port ${port} hostname mail.far.test
action "out" relay host smtp://127.0.0.1:${to} src ${smtpdAddress}
match from any for any action "out"
`,
  );
  return started(smtpd(folder), ['-d', '-f', file], folder);
}

if (onOwnMachine) inside(process.env[folderMark] ?? '');
else outside();
