/**
 * A machine on which Postern seems installed, for commands that are typed as a page prints them:
 * `postern` is in the PATH, /var/lib/postern is the guard's folder, /etc/postfix is its Postfix.
 * Only on a machine of its own (own-machine.ts).
 */
import { execFile, execFileSync } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { launcher } from './guard-instance.ts';

export type Typed = { readonly exit: number; readonly text: string };

const sh = (script: string): void => void execFileSync('/bin/sh', ['-ec', script]);

/** The checkout, as `postern install` would put it there. */
export function installProgram(): void {
  const home = dirname(launcher);
  sh(`mkdir -p /usr/local/lib/postern /usr/local/bin /var/lib/postern
mount --bind '${home}' /usr/local/lib/postern
ln -sf /usr/local/lib/postern/postern /usr/local/bin/postern`);
}

/** From now on, commands are about this guard and this Postfix. */
export async function useServer(of: {
  readonly state: string;
  readonly guard: { readonly configFile: string };
  readonly postfix: { readonly configDirectory: string };
}): Promise<void> {
  await mkdir('/etc/postern', { recursive: true });
  await copyFile(of.guard.configFile, '/etc/postern/postern.toml');
  // Without this file, the machine's own Postfix does not start or reload.
  sh(`cp /etc/postfix/postfix-files '${of.postfix.configDirectory}'
mount --bind '${of.state}' /var/lib/postern
mount --bind '${of.postfix.configDirectory}' /etc/postfix`);
}

/** Before the server that `useServer` named ends. */
export function leaveServer(): void {
  sh('umount /var/lib/postern; umount /etc/postfix');
}

/** A command line as root types it; what it prints, with what goes to standard error. */
export function typed(line: string): Promise<Typed> {
  const environment = { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' };
  const how = { cwd: '/', env: environment, timeout: 300_000, maxBuffer: 1 << 24 };
  return new Promise((done) => {
    execFile('/bin/sh', ['-c', `exec 2>&1; ${line} </dev/null`], how, (error, stdout) => {
      done({ exit: error === null ? 0 : Number(error.code ?? -1), text: stdout });
    });
  });
}
