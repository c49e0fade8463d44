/**
 * A network namespace of its own, with loopback only: ports in it, such as 9900, are free whatever
 * else runs on this machine.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type PrivateNetwork = AsyncDisposable & {
  /** Program and words in front of a program that is to run in it; they exec. */
  readonly enter: readonly string[];
};

/** Answers with the reason if the kernel or a sandbox does not allow it. */
export async function privateNetwork(): Promise<PrivateNetwork | string> {
  const script = 'ip link set lo up\necho ready\nexec cat';
  const holder = spawn('/usr/bin/unshare', ['--net', '/bin/sh', '-ec', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  holder.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const first = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')]);
  if (String(first[0]) !== 'ready\n') return `no network namespace: ${said.trim()}`;
  const exited = once(holder, 'exit');
  return {
    enter: ['/usr/bin/nsenter', `--target=${holder.pid}`, '--net'],
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await exited;
    },
  };
}
