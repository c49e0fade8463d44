/**
 * Runs a test file again on a machine of its own: namespaces of mounts, network and host name, so
 * that the file may use Postfix's real ports and folders. Only loopback is there. What it writes to
 * /etc, /usr/local and /var stays in memory.
 *
 *     if (onOwnMachine) test('…', …);
 *     else onMachineOfItsOwn(import.meta.filename);
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { test } from 'node:test';

const mark = 'POSTERN_TEST_OWN_MACHINE';
/** True inside of the namespaces. */
export const onOwnMachine: boolean = process.env[mark] === '1';

const unshare = ['--mount', '--net', '--uts', '--'];
const prepared = `mount -t tmpfs none /mnt
for path in /etc /usr/local /var; do
  mkdir -p /mnt$path/up /mnt$path/work
  mount -t overlay none -o "lowerdir=$path,upperdir=/mnt$path/up,workdir=/mnt$path/work" $path
done
ip link set lo up
hostname mail.example.org
: > /etc/resolv.conf
exec "$@"`;

/** One test that runs the file there; skipped, with the reason, where that is not allowed. */
export function onMachineOfItsOwn(file: string): void {
  const allowed = spawnSync('unshare', [...unshare, 'true'], { encoding: 'utf8' });
  const why = allowed.error?.message ?? allowed.stderr?.trim();
  const skip = allowed.status === 0 ? false : `this machine makes no namespaces: ${why}`;
  test(`${basename(file)} on a machine of its own`, { skip, timeout: 300_000 }, () => {
    const { status, stdout, stderr } = runThere(file);
    if (status === 0) return;
    const fault = firstFault(stdout);
    throw new Error(`it ended with ${status}: ${fault}\n${stdout}\n${stderr}`);
  });
}

/** The first failed test and what it said, in one line. */
function firstFault(stdout: string): string {
  const [, told = ''] = stdout.split('failing tests:\n');
  const lines = told.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('test at '))
    .slice(0, 2)
    .join(' ');
}

function runThere(file: string): SpawnSyncReturns<string> {
  const env: NodeJS.ProcessEnv = { ...process.env, [mark]: '1' };
  // Otherwise the file would report to the test runner outside.
  delete env['NODE_TEST_CONTEXT'];
  const node = [process.execPath, ...process.execArgv, '--test-force-exit', file];
  const shell = ['/bin/sh', '-ec', prepared, 'sh', ...node];
  return spawnSync('unshare', [...unshare, ...shell], { encoding: 'utf8', env });
}
