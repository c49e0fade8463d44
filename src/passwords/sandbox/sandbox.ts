/**
 * Runs John and our own workers at low priority and without core files; they end when we end. John
 * also gets a user id without a name. It writes what it finds below the home folder that
 * getpwuid(3) names; without a name it writes into its working folder, which is the private one.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** From the range that systemd leaves unused (UIDS-GIDS: 60578 to 60705). */
const firstUid = 60_600;
const uidsTried = 50;

export type Sandbox = {
  /** User id that owns John's files in the private folder; undefined for our own. */
  readonly owner: number | undefined;
  /** Words of the command line in front of John's. */
  readonly john: readonly string[];
  /** Words in front of a worker's. Workers read our source, so they keep our user id. */
  readonly worker: readonly string[];
};

/** Throws OperatorError `passwords-seclusion` if John cannot be kept from the home folder. */
export function openSandbox(): Sandbox {
  const quiet = ['prlimit', noCore, 'nice', '-n', '19'];
  const nameless = freeUid();
  const tied = ['setpriv', '--pdeathsig', 'KILL'];
  if (process.getuid?.() === 0) {
    const drop = ['--reuid', nameless, '--regid', nameless, '--clear-groups', '--no-new-privs'];
    const john = [...quiet, ...tied, ...drop];
    mustWork(john);
    return { owner: Number(nameless), john, worker: [...quiet, ...tied] };
  }
  const apart = ['unshare', '--user', `--map-user=${nameless}`, `--map-group=${nameless}`];
  const john = [...quiet, ...apart, ...tied];
  mustWork(john);
  return { owner: undefined, john, worker: [...quiet, ...tied] };
}

function freeUid(): string {
  for (let uid = firstUid; uid < firstUid + uidsTried; uid++) {
    if (spawnSync('getent', ['passwd', String(uid)], { env: { PATH: path } }).status === 2) {
      return String(uid);
    }
  }
  throw new OperatorError('passwords-seclusion', 'there is no unused user id for John', {
    exit: sysexits.osErr,
  });
}

function mustWork(words: readonly string[]): void {
  const [program = '', ...args] = words;
  const tried = spawnSync(program, [...args, 'true'], { env: { PATH: path }, encoding: 'utf8' });
  if (tried.status === 0) return;
  const said = tried.stderr?.trim().split('\n').at(-1) ?? String(tried.error);
  throw new OperatorError('passwords-seclusion', `John cannot be run in a sandbox: ${said}`, {
    hint: 'run the audit as root: sudo postern passwords audit (John never runs as root)',
    exit: sysexits.noPerm,
  });
}

/**
 * No core files. With the limit 1 instead of 0, the kernel also does not hand the core to a program
 * such as systemd-coredump (fs/coredump.c).
 */
const noCore = '--core=1:1';

/** Forbids core files for this process and all that it starts, because limits are inherited. */
export function forbidCoreFiles(): void {
  const args = [noCore, '--pid', String(process.pid)];
  const done = spawnSync('prlimit', args, { env: { PATH: path }, encoding: 'utf8' });
  if (done.status === 0) return;
  throw new OperatorError('passwords-core', `core files cannot be forbidden: ${done.stderr}`, {
    hint: 'prlimit is needed: apt-get install util-linux',
    exit: sysexits.osErr,
  });
}

/** Starts a program in the sandbox. Its environment contains nothing of ours. */
export function spawnSandboxed(
  words: readonly string[],
  how: {
    readonly cwd?: string;
    readonly stdio: ('ignore' | 'ipc' | number)[];
    readonly processors?: number;
  },
): ChildProcess {
  const [program = '', ...args] = words;
  const threads = String(how.processors ?? 1);
  return spawn(program, args, {
    stdio: how.stdio,
    // Passive: threads that wait for each other must not keep processors busy.
    env: { PATH: path, LC_ALL: 'C', OMP_NUM_THREADS: threads, OMP_WAIT_POLICY: 'passive' },
    ...(how.cwd === undefined ? {} : { cwd: how.cwd }),
  });
}
