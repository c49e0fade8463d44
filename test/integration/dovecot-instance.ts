/**
 * A real Dovecot in a folder of its own: passwords in a passwd-file, an auth socket for Postfix
 * (SASL), IMAP on loopback, and Postern's deny file as the first passdb. Ended with the scope:
 *
 *     await using dovecot = await startDovecot({ users: { 'joe@example.test': 'secret' } });
 *     dovecot.authSocket;   // for smtpd_sasl_path
 *     dovecot.denyFile;     // for partners/dovecot.ts
 *     dovecot.configFile;   // for doveadm -c
 *     await dovecot.addUsers({ … });
 */
import { execFile } from 'node:child_process';
import {
  appendFile,
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, freePort, type Leashed, leash } from './leash.ts';

const run = promisify(execFile);

export type DovecotInstance = AsyncDisposable & {
  /** Which language its configuration has. */
  readonly version: '2.3' | '2.4';
  readonly dir: string;
  readonly configFile: string;
  readonly authSocket: string;
  readonly denyFile: string;
  readonly imapPort: number;
  addUsers(users: Readonly<Record<string, string>>): Promise<void>;
  log(): Promise<string>;
};

export async function startDovecot(options: {
  readonly users: Readonly<Record<string, string>>;
  /** Logins keep their capitals (`auth_username_format = %u`). Only the deny file has none. */
  readonly capitals?: boolean;
  /** More of dovecot.conf. */
  readonly settings?: Readonly<Record<DovecotInstance['version'], string>>;
}): Promise<DovecotInstance> {
  mustBeRoot();
  const dir = await mkdtemp(join(tmpdir(), 'pdv-')); // short: socket paths end at 107 characters
  await chmod(dir, 0o755);
  const imapPort = await freePort();
  const paths = {
    configFile: join(dir, 'dovecot.conf'),
    usersFile: join(dir, 'users'),
    denyFile: join(dir, 'deny', 'accounts'),
    authSocket: join(dir, 'run', 'postfix-auth'),
    logFile: join(dir, 'dovecot.log'),
  };
  const { stdout } = await run('id', ['-g', 'dovecot']);
  const dovecotGroup = Number(stdout.trim());
  await mkdir(join(dir, 'deny'), { mode: 0o2750 });
  await chown(join(dir, 'deny'), 0, dovecotGroup);
  await chmod(join(dir, 'deny'), 0o2750); // files made in it belong to Dovecot's group
  await mkdir(join(dir, 'mail'), { mode: 0o777 });
  await chmod(join(dir, 'mail'), 0o777);
  await writeFile(paths.denyFile, '', { mode: 0o640 });
  await writeFile(paths.usersFile, passwd(options.users));
  const { stdout: said } = await run('/usr/sbin/dovecot', ['--version']);
  const version = /^2\.[0-3]\./.test(said) ? '2.3' : '2.4';
  const at = { dir, imapPort, ...paths, capitals: options.capitals === true };
  const whole = version === '2.3' ? configuration23(at) : configuration24(at);
  await writeFile(paths.configFile, whole + (options.settings?.[version] ?? ''));
  const daemon = leash('/usr/sbin/dovecot', ['-F', '-c', paths.configFile], {
    detaches: false,
    graceMs: 200,
  }); // it waits a second for its log process; nothing is lost
  const log = (): Promise<string> => readFile(paths.logFile, 'utf8').catch(() => '');
  const detail = async (): Promise<string> => daemon.output() + (await log());
  try {
    await eventually('IMAP answers', () => answers(imapPort, daemon), { detail });
    await eventually('the auth socket answers', () => answers(paths.authSocket, daemon), {
      detail,
    });
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return {
    version,
    dir,
    configFile: paths.configFile,
    authSocket: paths.authSocket,
    denyFile: paths.denyFile,
    imapPort,
    addUsers: (users) => appendFile(paths.usersFile, passwd(users)),
    log,
    async [Symbol.asyncDispose]() {
      await daemon.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The real programs change their user id, so the tests that start them run as root. */
export function mustBeRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new Error('this test starts a real Postfix and Dovecot, which needs root: sudo make test');
}

function passwd(users: Readonly<Record<string, string>>): string {
  return Object.entries(users)
    .map(([user, password]) => `${user}:{PLAIN}${password}::::::\n`)
    .join('');
}

type Settings = {
  readonly dir: string;
  readonly imapPort: number;
  readonly usersFile: string;
  readonly denyFile: string;
  readonly logFile: string;
  readonly capitals: boolean;
};

function configuration23(at: Settings): string {
  return `${common(at)}disable_plaintext_auth = no
mail_location = maildir:~/Maildir
${at.capitals ? 'auth_username_format = %u\n' : ''}passdb {
  driver = passwd-file
  deny = yes
  args = ${at.capitals ? 'username_format=%Lu ' : ''}${at.denyFile}
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN ${at.usersFile}
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${at.dir}/mail/%u
}
`;
}

/** Since Dovecot 2.4 blocks have names, and most settings have other names. */
function configuration24(at: Settings): string {
  return `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
${common(at)}auth_allow_cleartext = yes
mail_driver = maildir
mail_path = ~/Maildir
${at.capitals ? 'auth_username_format = %{user}\n' : ''}passdb postern {
  driver = passwd-file
  deny = yes
  passwd_file_path = ${at.denyFile}
${at.capitals ? '  auth_username_format = %{user | lower}\n' : ''}}
passdb passwd-file {
  default_password_scheme = PLAIN
  passwd_file_path = ${at.usersFile}
}
userdb static {
  fields {
    uid = nobody
    gid = nogroup
    home = ${at.dir}/mail/%{user}
  }
}
`;
}

/** What both versions read. */
function common({ dir, logFile, imapPort }: Settings): string {
  return `base_dir = ${dir}/run
state_dir = ${dir}/run
log_path = ${logFile}
protocols = imap
listen = 127.0.0.1
ssl = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_max_userip_connections = 100
first_valid_uid = 1
service auth {
  unix_listener postfix-auth {
    mode = 0666
  }
}
service imap-login {
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  client_limit = 400
  unix_listener anvil-auth-penalty {
    mode = 0 # no growing delays after bad passwords
  }
}
`;
}

/** Undefined until something accepts a connection there; throws when the program has ended. */
function answers(where: number | string, daemon: Leashed): Promise<true | undefined> {
  if (daemon.ended) throw new Error(`Dovecot ended: ${daemon.output()}`);
  return new Promise((resolve) => {
    const socket =
      typeof where === 'number' ? connect(where, '127.0.0.1') : connect({ path: where });
    socket.on('error', () => resolve(undefined));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
