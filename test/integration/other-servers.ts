/**
 * Exim and OpenSMTPD beside Postfix, on a machine of its own. Debian's packages of the two cannot
 * be installed beside Postfix, so they are unpacked.
 *
 *     if (onOwnMachine) inside(otherServers());
 *     else onMachineWithOthers(import.meta.filename);
 */
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
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { eventually } from './leash.ts';
import { onMachineOfItsOwn } from './own-machine.ts';
import { libraryPath, missingLibraries, unpackPackages } from './unpacked-package.ts';

const folderMark = 'POSTERN_TEST_OTHER_SERVERS';
const whyMark = 'POSTERN_TEST_NO_OTHER_SERVERS';
const eximUid = 941;
const smtpqGid = 943;
/** Libraries of the two, as Debian 12 calls their packages. */
const libraries = ['libgnutls-dane0', 'libunbound8', 'libevent-2.1-7', 'libidn12', 'libnsl2'];

const exim = (folder: string): string => join(folder, 'usr/sbin/exim4');
const smtpd = (folder: string): string => join(folder, 'usr/sbin/smtpd');
const smtpctl = (folder: string): string => join(folder, 'usr/sbin/smtpctl');

/** Runs the file again on a machine of its own, with both servers if they can be had. */
export function onMachineWithOthers(file: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'pos-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const fault = unpackPackages(['exim4-daemon-light', 'exim4-base', 'opensmtpd'], folder);
  const lacks = (): string | undefined =>
    missingLibraries(exim(folder), folder) ?? missingLibraries(smtpd(folder), folder);
  if (fault === undefined && lacks() !== undefined) {
    for (const name of libraries) unpackPackages([name], folder);
  }
  process.env[folderMark] = folder;
  process.env[whyMark] = fault ?? lacks() ?? '';
  onMachineOfItsOwn(file);
}

/** A configuration of Exim: its head is made here. */
export type EximOptions = {
  readonly name: string;
  readonly port: number;
  readonly hostname?: string;
  readonly address?: string;
  /** More words on the command line: `-q5s` tries the queue each five seconds. */
  readonly words?: readonly string[];
  /** More settings, and `begin …` with all that follows. */
  readonly main?: string;
  readonly sections: string;
};
export type OtherServers = {
  /** Why they cannot be had; empty if they can. */
  readonly missing: string;
  exim(options: EximOptions): Promise<OtherServer>;
  openSmtpd(
    config: string,
    at: { readonly port: number; readonly address?: string },
  ): Promise<OtherServer>;
};
export type OtherServer = Disposable & {
  /** Tries all mail in its queue again. Exim does it automatically (`words`). */
  tryAgain(): void;
};

/** The servers, inside of the machine. */
export function otherServers(): OtherServers {
  const folder = process.env[folderMark] ?? '';
  const env = { ...process.env, LD_LIBRARY_PATH: libraryPath(folder) };
  let hasUsers = false;
  const users = (): void => {
    if (!hasUsers) addUsers();
    hasUsers = true;
  };
  const started = async (
    child: ChildProcess,
    { port, address = '127.0.0.1' }: { readonly port: number; readonly address?: string },
    tryAgain: () => void,
  ): Promise<OtherServer> => {
    const server = { tryAgain, [Symbol.dispose]: () => void child.kill() };
    try {
      await eventually(`port ${port}`, () => greets(port, address));
    } catch (error) {
      child.kill();
      throw error;
    }
    return server;
  };
  const start = (program: string, words: readonly string[]): ChildProcess =>
    spawn(program, words, { stdio: 'ignore', env });
  return {
    missing: process.env[whyMark] ?? '',
    async exim(options) {
      users();
      const words = ['-bdf', ...(options.words ?? []), '-C', eximFile(folder, options)];
      return await started(start(exim(folder), words), options, () => undefined);
    },
    async openSmtpd(config, at) {
      users();
      for (const path of ['/var/lib/opensmtpd/empty', '/var/spool/smtpd']) {
        mkdirSync(path, { recursive: true, mode: 0o711 });
      }
      writeFileSync('/etc/smtpd.conf', config);
      // As the package has it.
      chownSync(smtpctl(folder), 0, smtpqGid);
      chmodSync(smtpctl(folder), 0o2755);
      return await started(start(smtpd(folder), ['-d', '-f', '/etc/smtpd.conf']), at, () => {
        const options = { env, gid: smtpqGid, timeout: 5_000 };
        spawnSync(smtpctl(folder), ['schedule', 'all'], options);
      });
    },
  };
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

function eximFile(
  folder: string,
  { address = '127.0.0.1', hostname = 'mail.test', main = '', name, port, sections }: EximOptions,
): string {
  const at = `/var/exim-${name}`;
  mkdirSync(join(at, 'spool'), { recursive: true });
  for (const path of [at, join(at, 'spool')]) chownSync(path, eximUid, eximUid);
  const file = `/etc/exim-${name}.conf`;
  writeFileSync(
    file,
    `exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = ${at}/spool
log_file_path = ${at}/log_%s
pid_file_path = ${at}/pid
primary_hostname = ${hostname}
daemon_smtp_ports = ${port}
local_interfaces = ${address}
tls_advertise_hosts =
keep_environment = LD_LIBRARY_PATH
exim_path = ${exim(folder)}
host_lookup =
${main}
${sections}
`,
  );
  return file;
}

function greets(port: number, host: string): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('error', () => resolve(undefined));
    socket.on('data', () => {
      socket.end('QUIT\r\n');
      resolve(true);
    });
  });
}

/** An Exim that takes all mail and gives it to one server. */
export function eximRelay(to: number, more = ''): Pick<EximOptions, 'main' | 'sections'> {
  return {
    main: 'acl_smtp_rcpt = accept\nacl_smtp_data = accept\ndeliver_drop_privilege',
    sections: `begin routers
out:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = ${to}
  hosts_try_fastopen =
${more}`,
  };
}
