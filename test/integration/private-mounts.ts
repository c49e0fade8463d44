/**
 * A mount namespace of its own: what is mounted in it, over /usr or /etc/postfix say, nobody else
 * on this machine sees.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type PrivateMounts = AsyncDisposable & {
  /** Program and words in front of a program that is to run in it. */
  readonly enter: readonly string[];
  /** Its root folder, as seen from outside. */
  readonly root: string;
};

/** `script` mounts; run by sh as root, and ended at the first command that fails. */
export async function privateMounts(script: string): Promise<PrivateMounts> {
  const holder = spawn(
    '/usr/bin/unshare',
    ['--mount', '/bin/sh', '-ec', `${script}\necho ready\nexec cat`],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const first = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  if (String(first[0]) !== 'ready\n') throw new Error(`no namespace: ${first[0]}`);
  const exited = once(holder, 'exit');
  return {
    enter: ['/usr/bin/nsenter', `--target=${holder.pid}`, '--mount'],
    root: `/proc/${holder.pid}/root`,
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await exited;
    },
  };
}
