/**
 * The real cron(8), once: in a mount namespace of its own, where its tables and pid file are in a
 * folder, and /etc/postfix is the configuration of one Postfix instance. A job `@reboot` runs at
 * its start, and cron mails what it prints.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Leashed, leash } from './leash.ts';

/** The owner of the job is root, and so is the author of the mail. */
export async function runCron(
  configDirectory: string,
  job: { readonly mailTo: string; readonly command: string },
): Promise<Leashed & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), 'pcr-'));
  await mkdir(join(dir, 'tables'), { mode: 0o1730 });
  await mkdir(join(dir, 'run'));
  await mkdir(join(dir, 'empty'));
  const table = join(dir, 'tables', 'root');
  await writeFile(table, `MAILTO=${job.mailTo}\n@reboot ${job.command}\n`);
  await chmod(table, 0o600);
  const script = [
    'mount --make-rprivate /',
    `mount --bind ${dir}/tables /var/spool/cron/crontabs`,
    `mount --bind ${dir}/run /run`,
    `mount --bind ${dir}/empty /etc/cron.d`,
    `mount --bind ${configDirectory} /etc/postfix`,
    'exec /usr/sbin/cron -f',
  ].join(' && ');
  const cron = leash('/usr/bin/unshare', ['--mount', '/bin/sh', '-c', script], {
    detaches: false,
    graceMs: 2_000,
  });
  return Object.assign(cron, {
    async [Symbol.asyncDispose]() {
      await cron.stop();
      await rm(dir, { recursive: true, force: true });
    },
  });
}
