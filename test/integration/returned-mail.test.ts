/**
 * Real Postfix, Exim and OpenSMTPD return mail that we signed: our signature is found in each of
 * their notices, without any memory. Mail that somebody else signed is returned too, and proves
 * nothing. Debian's packages of the other two cannot be installed beside Postfix, so they are
 * unpacked.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SigningKey } from '../../src/formats/dkim/signing-key.ts';
import { newKey, returnsTo, returnsWith, signedHeader } from '../doubles/returns.ts';
import { eventually, freePort } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { startPostfix } from './postfix-instance.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';
import { libraryPath, missingLibraries, unpackPackages } from './unpacked-package.ts';

const folderMark = 'POSTERN_TEST_RETURN_PACKAGES';
const exim = (folder: string): string => join(folder, 'usr/sbin/exim4');
const smtpd = (folder: string): string => join(folder, 'usr/sbin/smtpd');
const ours = newKey('ours.example', 's1');
const thief = newKey('ours.example', 's1');
const author = 'ann@ours.example';

/** Takes notices, and no other mail. */
const world = (): Promise<Sink> =>
  startSink({
    keepMessages: true,
    refuse: (to) => (to === author ? undefined : '550 5.1.1 no mailbox of that name'),
  });

const bodies = {
  short: 'Hello.\r\n',
  long: `${'A line of an ordinary message.\r\n'.repeat(4_000)}`,
};

/** Hands a signed message to a mail server, and answers with the notice. */
async function returned(
  port: number,
  sink: Sink,
  given: { readonly key: SigningKey; readonly id: string; readonly body: string },
): Promise<string> {
  const { body, id, key } = given;
  const header = await signedHeader(
    key,
    [
      ['From', `Ann <${author}>`],
      ['To', `${id}@there.example`],
      ['Subject', 'the figures  of\n\tthis month,\n =?utf-8?q?gr=C3=BC=C3=9Fe?='],
      ['Date', 'Mon, 02 Mar 2026 10:00:00 +0000'],
      ['Message-ID', `<${id}@ours.example>`],
      ['X-Test-Id', id],
    ],
    body,
  );
  await using client = await connectSmtp(port);
  const reply = await client.sendOctets({
    from: author,
    to: `${id}@there.example`,
    text: `${header.replaceAll('\n', '\r\n')}\r\n\r\n${body}`,
  });
  assert.equal(reply.code, 250, reply.text);
  const notice = () => sink.deliveries.find(({ message }) => message.includes(`<${id}@ours`));
  return (await eventually(`the notice about ${id}`, notice)).message;
}

async function proves(name: string, port: number, sink: Sink): Promise<void> {
  const returns = returnsWith(ours);
  for (const [size, body] of Object.entries(bodies)) {
    const mine = await returned(port, sink, { key: ours, id: `mine-${size}`, body });
    assert.deepEqual(
      await returns.proofOf(mine, [returnsTo]),
      { kind: 'report', proof: 'signature' },
      `${name}, ${size}`,
    );
    const forged = await returned(port, sink, { key: thief, id: `forged-${size}`, body });
    const { proof } = await returns.proofOf(forged, [returnsTo]);
    assert.equal(proof, 'unproven', `${name}, ${size}`);
  }
}

function outside(): void {
  test('Postfix returns mail that we signed', async () => {
    await using sink = await world();
    await using postfix = await startPostfix({ sink: sink.port });
    await proves('Postfix', postfix.ports.smtp, sink);
  });

  const folder = mkdtempSync(join(tmpdir(), 'prm-'));
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

const eximUid = 941;

function inside(folder: string): void {
  for (const [name, id] of [
    ['Debian-exim', eximUid],
    ['opensmtpd', 942],
    ['opensmtpq', 943],
  ] as const) {
    appendFileSync('/etc/passwd', `${name}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin\n`);
    appendFileSync('/etc/group', `${name}:x:${id}:\n`);
  }
  for (const [name, start] of [
    ['Exim', startExim],
    ['OpenSMTPD', startOpenSmtpd],
  ] as const) {
    test(`${name} returns mail that we signed`, async () => {
      await using sink = await world();
      const port = await freePort();
      const child = start(folder, port, sink.port);
      try {
        await eventually(`port ${port}`, () => answers(port));
        await proves(name, port, sink);
      } finally {
        child.kill();
      }
    });
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

function started(program: string, words: readonly string[], folder: string): ChildProcess {
  const env = { ...process.env, LD_LIBRARY_PATH: libraryPath(folder) };
  return spawn(program, words, { stdio: 'ignore', env });
}

function startExim(folder: string, port: number, sink: number): ChildProcess {
  const at = '/var/exim-returns';
  mkdirSync(join(at, 'spool'), { recursive: true });
  for (const path of [at, join(at, 'spool')]) chownSync(path, eximUid, eximUid);
  const file = '/etc/exim-returns.conf';
  writeFileSync(
    file,
    `exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = ${at}/spool
log_file_path = ${at}/log_%s
pid_file_path = ${at}/pid
primary_hostname = mail.test
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
  port = ${sink}
  hosts_try_fastopen =
`,
  );
  return started(exim(folder), ['-bdf', '-q10s', '-C', file], folder);
}

function startOpenSmtpd(folder: string, port: number, sink: number): ChildProcess {
  for (const path of ['/var/lib/opensmtpd/empty', '/var/spool/smtpd']) {
    mkdirSync(path, { recursive: true, mode: 0o711 });
  }
  const file = '/etc/smtpd.conf';
  writeFileSync(
    file,
    `listen on 127.0.0.1 port ${port} hostname mail.test
action "out" relay host smtp://127.0.0.1:${sink}
match from any for any action "out"
`,
  );
  return started(smtpd(folder), ['-d', '-f', file], folder);
}

if (onOwnMachine) inside(process.env[folderMark] ?? '');
else outside();
