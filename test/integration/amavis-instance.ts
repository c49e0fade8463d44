/**
 * A real amavisd in a folder of its own, on loopback: it takes mail by SMTP and returns it to
 * another port. It asks no scanner. Ended with the scope.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mustBeRoot } from './dovecot-instance.ts';
import { eventually, freePort, leash } from './leash.ts';
import { connectSmtp } from './smtp-client.ts';

const run = promisify(execFile);

export type AmavisInstance = AsyncDisposable & { readonly port: number };

/** `back`: the port of 127.0.0.1 to which it returns mail. */
export async function startAmavis(back: number): Promise<AmavisInstance> {
  mustBeRoot();
  const dir = await mkdtemp(join(tmpdir(), 'pam-'));
  await chmod(dir, 0o755);
  const port = await freePort();
  for (const name of ['home', 'home/tmp', 'home/db']) await mkdir(join(dir, name));
  await run('chown', ['-R', 'amavis', join(dir, 'home')]);
  const file = join(dir, 'amavis.conf');
  await writeFile(file, configuration(join(dir, 'home'), port, back), { mode: 0o644 });
  const daemon = leash('/usr/sbin/amavisd', ['-c', file, 'foreground'], {
    detaches: false,
    graceMs: 3_000,
  });
  const detail = async (): Promise<string> =>
    daemon.output() + (await readFile(join(dir, 'home', 'log'), 'utf8').catch(() => ''));
  const greets = async (): Promise<true | undefined> => {
    const client = await connectSmtp(port).catch(() => undefined);
    await client?.[Symbol.asyncDispose]();
    return client === undefined ? undefined : true;
  };
  await eventually('amavisd greets', greets, { detail, timeoutMs: 60_000 });
  return {
    port,
    async [Symbol.asyncDispose]() {
      await daemon.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function configuration(home: string, port: number, back: number): string {
  return `use strict;
$max_servers = 2;
$daemon_user = 'amavis'; $daemon_group = 'amavis';
$MYHOME = '${home}'; $TEMPBASE = "$MYHOME/tmp"; $helpers_home = $MYHOME; $db_home = "$MYHOME/db";
$pid_file = "$MYHOME/amavisd.pid"; $lock_file = "$MYHOME/amavisd.lock";
$enable_db = 0; $enable_zmq = 0; $enable_dkim_verification = 0;
$myhostname = 'mail.test'; $mydomain = 'mail.test';
$inet_socket_bind = '127.0.0.1'; $inet_socket_port = ${port};
$forward_method = 'smtp:[127.0.0.1]:${back}'; $notify_method = $forward_method;
@bypass_virus_checks_maps = (1); @bypass_spam_checks_maps = (1);
@bypass_header_checks_maps = (1); @bypass_banned_checks_maps = (1);
$do_syslog = 0; $LOGFILE = "$MYHOME/log"; $log_level = 1; $QUARANTINEDIR = undef;
@mynetworks = qw(127.0.0.0/8); @local_domains_maps = (['mail.test']);
1;
`;
}
