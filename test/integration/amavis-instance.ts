/**
 * amavisd in a folder of its own, as a content filter: takes mail on a port of 127.0.0.1 and hands
 * it back to Postfix on another. It looks for nothing. Ended with the scope.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mustBeRoot } from './dovecot-instance.ts';
import { eventually, leash } from './leash.ts';

const run = promisify(execFile);

export async function startAmavis(
  ports: Readonly<Record<'in' | 'back', number>>,
): Promise<AsyncDisposable> {
  mustBeRoot();
  const dir = await mkdtemp(join(tmpdir(), 'pam-'));
  // amavisd refuses a configuration in a folder that its user may write to.
  await chmod(dir, 0o755);
  for (const name of ['tmp', 'quarantine', 'var']) {
    await mkdir(join(dir, name));
    await run('chown', ['amavis:amavis', join(dir, name)]);
  }
  const config = join(dir, 'amavisd.conf');
  await writeFile(
    config,
    `use strict;
$daemon_user = 'amavis'; $daemon_group = 'amavis';
$MYHOME = '${dir}'; $TEMPBASE = '${dir}/tmp'; $ENV{TMPDIR} = $TEMPBASE;
$QUARANTINEDIR = '${dir}/quarantine'; $helpers_home = '${dir}/var';
$lock_file = '${dir}/var/lock'; $pid_file = '${dir}/var/pid';
$myhostname = 'mail.test'; $mydomain = 'mail.test';
$inet_socket_bind = '127.0.0.1'; $inet_socket_port = ${ports.in}; @inet_acl = qw(127.0.0.1);
$forward_method = 'smtp:[127.0.0.1]:${ports.back}'; $notify_method = $forward_method;
@bypass_virus_checks_maps = (1); @bypass_spam_checks_maps = (1);
@bypass_banned_checks_maps = (1); @bypass_header_checks_maps = (1);
$enable_db = 0; $enable_dkim_verification = 0; $max_servers = 2;
$do_syslog = 0; $LOGFILE = '${dir}/var/log'; $log_level = 1;
1;
`,
  );
  const daemon = leash('/usr/sbin/amavisd', ['-c', config, 'foreground'], {
    detaches: false,
    graceMs: 3_000,
  });
  const log = (): Promise<string> => readFile(join(dir, 'var/log'), 'utf8').catch(() => '');
  await eventually(
    'amavisd listens',
    async () => {
      if (daemon.ended) throw new Error(`amavisd ended: ${daemon.output()}`);
      return accepts(ports.in);
    },
    { detail: async () => daemon.output() + (await log()), timeoutMs: 30_000 },
  );
  return {
    async [Symbol.asyncDispose]() {
      await daemon.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function accepts(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(undefined));
    socket.on('connect', () => {
      socket.end('QUIT\r\n');
      resolve(true);
    });
  });
}
