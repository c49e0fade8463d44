/**
 * Finds out where the doors of an instance of Postfix are, and makes the folder for their sockets
 * in its queue directory. Where systemd opens the sockets, postfix-sockets.ts does that instead.
 *
 * The queue directory belongs to root, so nobody else can put a link in place of the folder. The
 * folder belongs to the guard's user, so root changes nothing in it by name, except that it unlinks
 * the three sockets.
 */
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rmdir, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DoorName } from '../../core/checklist/doors.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openIdentities } from '../../partners/kernel/identities.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { programOutput } from '../../partners/program.ts';
import type { RunFile } from '../guard/run-file.ts';
import { rootDecides } from '../guard/trusted-path.ts';
import type { ConnectDoors } from './postfix-plan.ts';

/** One Postfix: a configuration folder with a queue of its own. */
export type Instance = {
  readonly configDirectory: string;
  readonly queueDirectory: string;
  /** The user that its services run as (mail_owner). */
  readonly owner: { readonly name: string; readonly uid: number; readonly gid: number };
};

/** What must be made on the machine before main.cf can name the doors. */
export type DoorWork = {
  /** Each step, for the operator; empty if all is there. */
  readonly steps: readonly string[];
  make(): Promise<void>;
  /** Removes what belongs to this instance alone. */
  takeBack(): Promise<void>;
};

export const doorNames: readonly DoorName[] = ['milter', 'inbound', 'policy'];
const folderName = 'postern';
/** The kernel takes 107 octets for the path of a socket (unix(7)); `/postern/inbound` needs 16. */
const queuePathMax = 107 - `/${folderName}/inbound`.length;
/** How long the guard gets to close its sockets after an undo: it looks each second. */
const closeWaitMs = 5_000;

export async function instanceOf(configDirectory: string): Promise<Instance> {
  const queueDirectory = await postconf('queue_directory', configDirectory);
  const name = await postconf('mail_owner', configDirectory);
  const [line = ''] = await programOutput({
    program: '/usr/bin/getent',
    args: ['passwd', name],
    errors: 'complaint',
    fine: [2],
    signal: AbortSignal.timeout(10_000),
  });
  const [, , uid = '', gid = ''] = line.split(':');
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid)) {
    throw new OperatorError('no-mail-owner', `there is no user ${name} (mail_owner of Postfix)`, {
      hint: `correct mail_owner in ${configDirectory}/main.cf`,
      exit: sysexits.noUser,
    });
  }
  const owner = { name, uid: Number(uid), gid: Number(gid) };
  return { configDirectory: resolve(configDirectory), queueDirectory, owner };
}

/**
 * The doors as main.cf gets them. A door that the operator did not place is a socket in the queue
 * directory, written relative: so it is right in a chroot too.
 */
export function doorsFor({ doors }: RunFile): ConnectDoors {
  const { auto = [], milter, policy } = doors;
  const inQueue = (name: DoorName): string => `unix:${folderName}/${name}`;
  const free = auto.includes('milter');
  return {
    milter: free ? inQueue('milter') : milter,
    inbound: free ? inQueue('inbound') : milter,
    policy: policy !== 'off' && auto.includes('policy') ? inQueue('policy') : policy,
  };
}

/** The doors that are sockets in the queue directory. */
export function queueDoors(doors: ConnectDoors): readonly DoorName[] {
  return doorNames.filter((name) => doors[name] === `unix:${folderName}/${name}`);
}

/** Throws OperatorError `queue-folder` unless root can make the folder for the sockets there. */
export async function queueMustBeSafe({ queueDirectory }: Instance): Promise<void> {
  const refuse = (why: string): never => {
    throw new OperatorError('queue-folder', `${queueDirectory} ${why}`, {
      hint: 'set doors.milter and doors.policy in postern.toml to other addresses',
      exit: sysexits.config,
    });
  };
  if (!/^\/[A-Za-z0-9._/-]+$/.test(queueDirectory)) refuse('has unusual characters in its name');
  if (queueDirectory.length > queuePathMax) refuse('is too long for the path of a socket');
  const queue = await lstat(queueDirectory).catch(() => undefined);
  if (queue?.isDirectory() !== true) refuse('is not a folder');
  if (queue?.uid !== 0 || (queue.mode & 0o022) !== 0) refuse('can be written by others than root');
  rootDecides(queueDirectory);
  const folder = await lstat(join(queueDirectory, folderName)).catch(() => undefined);
  if (folder !== undefined && !folder.isDirectory())
    refuse(`has a ${folderName} that is no folder`);
}

/**
 * A folder of the guard's user, which makes the sockets there itself. That user owns the state
 * folder.
 */
export async function folderWork(instance: Instance, state: string): Promise<DoorWork> {
  const path = join(instance.queueDirectory, folderName);
  const { uid } = await stat(state);
  const { gid, name } = instance.owner;
  const found = await lstat(path).catch(() => undefined);
  const right = found !== undefined && isRight(found, { uid, gid });
  const who = openIdentities().user(uid).name || String(uid);
  return {
    steps: right ? [] : [`make ${path}: owner ${who}, group of ${name}, mode 2710`],
    make: () => makeFolder(path, { uid, gid }),
    takeBack: () => removeFolder(path),
  };
}

/** Who may enter: the guard, and the services of Postfix by its group. */
const folderMode = 0o2710;
type Owner = { readonly uid: number; readonly gid: number };

function isRight(
  found: Owner & { readonly mode: number; isDirectory(): boolean },
  { uid, gid }: Owner,
): boolean {
  const own = found.uid === uid && found.gid === gid;
  return found.isDirectory() && own && (found.mode & 0o7777) === folderMode;
}

async function makeFolder(path: string, owner: Owner): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EEXIST') throw cause;
    });
    const folder = await open(path, constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      await folder.chown(owner.uid, owner.gid);
      await folder.chmod(folderMode); // chown takes the set-group-id bit away
    } finally {
      await folder.close();
    }
  } catch (cause) {
    throw new OperatorError('cannot-write', `cannot make ${path}`, {
      cause,
      hint: 'run this command as root',
      exit: sysexits.noPerm,
    });
  }
}

/** Removes the folder when the guard has closed its sockets; anything else in it stays. */
export async function removeFolder(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) return;
  const deadline = Date.now() + closeWaitMs;
  while ((await readdir(path)).length > 0 && Date.now() < deadline) await sleep(100);
  for (const name of doorNames) await unlink(join(path, name)).catch(() => undefined);
  await rmdir(path).catch(() => undefined);
}
