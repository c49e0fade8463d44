/**
 * The parts of `postern connect sendmail`, in the order in which they are made. Each knows whether
 * it is there, what it changes, how to make it and how to undo it. The last part makes programs use
 * Postern.
 */
import { existsSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  withAuthorizedUsers,
  withoutAuthorizedUsers,
} from '../../formats/postfix/authorized-users.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { unifiedDiff } from '../../lib/unified-diff.ts';
import { programOutput } from '../../partners/program.ts';
import { systemdRuns } from '../../partners/systemctl.ts';
import { assembleSendmail, sendmailLauncher, sendmailStarter } from '../../wrapper/assemble.ts';
import type { WrapperPaths } from '../../wrapper/sendmail.ts';
import type { ProcessUser } from '../guard/process-user.ts';
import { makeFolderAsRoot } from '../guard/trusted-path.ts';
import { readPostfixFiles, writePostfixFiles } from './postfix-files.ts';

export const sendmailPath = '/usr/sbin/sendmail';
/** Path of the mail server's own sendmail while Postern's replaces it. */
export const realPath = '/usr/sbin/sendmail.postfix';
const wrapperFolder = '/usr/local/lib/postern-sendmail';
export const launcherPath: string = join(wrapperFolder, 'sendmail');
const scriptPath = join(wrapperFolder, 'postern-sendmail.cjs');
const starterPath = join(wrapperFolder, 'postern-sendmail-start');
const unitFile = '/etc/systemd/system/postern.service';
const dropIn = '/etc/systemd/system/postern.service.d/sendmail.conf';

export type ConnectPart = {
  readonly name: 'spool' | 'unit' | 'config' | 'wrapper' | 'postfix' | 'divert';
  /** What is done, and what is done to undo it. */
  readonly text: string;
  readonly undoText: string;
  /** The change of a text file, to be shown. */
  readonly diff?: string;
  readonly undoDiff?: string;
  readonly isMade: boolean;
  /** True if at least a piece exists, which the undo removes. */
  readonly isThere: boolean;
  make(): Promise<void>;
  takeBack(): Promise<void>;
};

export type PartOptions = {
  readonly configDirectory: string;
  /** The user that the guard runs as. */
  readonly guard: ProcessUser;
  readonly spool: string;
  readonly queueDirectory: string;
  readonly place: WrapperPaths;
  readonly node: string;
};

/** True if programs that call sendmail reach Postern. */
export async function isConnected(): Promise<boolean> {
  return (await readlink(sendmailPath).catch(() => '')) === launcherPath;
}

export async function spoolPart({ spool, guard }: PartOptions): Promise<ConnectPart> {
  const found = await lstat(spool).catch(() => undefined);
  const right = found?.isDirectory() === true && (found.mode & 0o7777) === 0o3733;
  return {
    name: 'spool',
    text: `make ${spool}: every user can leave mail there, no user can look into it`,
    undoText: `remove ${spool}, if it is empty`,
    isMade: right && found.uid === guard.uid && found.gid === guard.gid,
    isThere: found !== undefined,
    async make() {
      await makeFolderAsRoot(spool, { mode: 0o3733, owner: guard });
    },
    async takeBack() {
      for (const name of await readdir(spool).catch(() => [])) {
        await rmdir(join(spool, name)).catch(() => undefined);
      }
      await rmdir(spool).catch(() => undefined);
    },
  };
}

/** Whether systemd runs Postern, as `postern install` sets it up. */
export function isRunBySystemd(): boolean {
  return existsSync(unitFile) && systemdRuns();
}

/** More rights for the systemd service. Undefined: systemd does not run Postern. */
export async function unitPart(options: PartOptions): Promise<ConnectPart | undefined> {
  const text = dropInText(options);
  const before = await textAt(dropIn);
  if (!isRunBySystemd() && before === '') return undefined;
  const reload = async (): Promise<void> => {
    if (!systemdRuns()) return;
    await call('/usr/bin/systemctl', ['daemon-reload']);
    await call('/usr/bin/systemctl', ['try-restart', 'postern.service']);
  };
  return {
    name: 'unit',
    text: `write ${dropIn}, and restart the service`,
    undoText: `remove ${dropIn}, and restart the service`,
    diff: unifiedDiff(before, text, { before: dropIn, after: `${dropIn} (connected)` }),
    isMade: before === text,
    isThere: before !== '',
    async make() {
      await mkdir(dirname(dropIn), { recursive: true });
      await writeFile(dropIn, text, { mode: 0o644 });
      await reload();
    },
    async takeBack() {
      await rm(dropIn, { force: true });
      await rmdir(dirname(dropIn)).catch(() => undefined);
      await reload();
    },
  };
}

/** The systemd drop-in with the additional rights. */
export function dropInText({
  spool,
  queueDirectory,
}: Pick<PartOptions, 'spool' | 'queueDirectory'>): string {
  return `# The sendmail door. Made by \`postern connect sendmail\`; its --undo removes it.
[Service]
RuntimeDirectory=postern
RuntimeDirectoryMode=0755
# To write into the maildrop: NoNewPrivileges switches off the set-group-id bit of postdrop.
SupplementaryGroups=postdrop
ReadWritePaths=-${spool} -${join(queueDirectory, 'maildrop')}
# To see which process connects, and its parents. The process itself reports what only root can see.
ProtectProc=default
# To see the owner of a script in a home folder. Otherwise every home would look like root's.
ProtectHome=read-only
`;
}

export async function wrapperPart({ place, node }: PartOptions): Promise<ConnectPart> {
  const files = wrapperFiles(place, node);
  const made = await Promise.all(
    files.map(async ({ path, text }) => (await textAt(path)) === text),
  );
  return {
    name: 'wrapper',
    text: `write ${launcherPath}, and postern-sendmail.cjs and postern-sendmail-start beside it`,
    undoText: `remove ${wrapperFolder}`,
    isMade: made.every((same) => same),
    isThere: existsSync(wrapperFolder),
    async make() {
      await mkdir(wrapperFolder, { recursive: true, mode: 0o755 });
      for (const { path, text, mode } of files) await replace(path, text, mode);
    },
    takeBack: () => rm(wrapperFolder, { recursive: true, force: true }),
  };
}

/** The files of postern-sendmail. The launcher, which starts the others, is the last. */
function wrapperFiles(place: WrapperPaths, node: string) {
  const paths = { node, script: scriptPath, starter: starterPath, real: place.real };
  return [
    { path: scriptPath, text: assembleSendmail(place), mode: 0o644 },
    { path: starterPath, text: sendmailStarter(place, paths), mode: 0o644 },
    { path: launcherPath, text: sendmailLauncher(paths), mode: 0o755 },
  ];
}

/**
 * Writes this version's postern-sendmail over an older one and keeps its paths; answers with what
 * was done. An upgrade needs it, because this script is outside the program's own folder.
 */
export async function renewWrapper(root: string): Promise<string> {
  const before = await textAt(join(root, scriptPath));
  const shell = await textAt(join(root, launcherPath));
  const place = /^runSendmail\((\{.*\}), /m.exec(before)?.[1];
  const node = /^node='(.*)'$/m.exec(shell)?.[1];
  if (place === undefined || node === undefined) return 'postern-sendmail is not in use';
  let isRenewed = false;
  for (const { path, text, mode } of wrapperFiles(JSON.parse(place) as WrapperPaths, node)) {
    if ((await textAt(join(root, path))) === text) continue;
    await replace(join(root, path), text, mode);
    isRenewed = true;
  }
  return isRenewed ? `wrote ${launcherPath} again` : 'postern-sendmail is up to date';
}

const textAt = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** A program that starts meanwhile finds the old file or the new one, complete. */
async function replace(path: string, text: string, mode: number): Promise<void> {
  await rm(`${path}.new`, { force: true });
  await writeFile(`${path}.new`, text, { mode, flag: 'wx', flush: true });
  await chmod(`${path}.new`, mode);
  await rename(`${path}.new`, path);
}

export async function postfixPart({ configDirectory, guard }: PartOptions): Promise<ConnectPart> {
  const path = join(configDirectory, 'main.cf');
  const { main } = await readPostfixFiles(configDirectory);
  const users = [...new Set(['root', guard.name])];
  const after = withAuthorizedUsers(main, users);
  const cleaned = withoutAuthorizedUsers(main);
  const write = async (change: (text: string) => string): Promise<void> => {
    const files = await readPostfixFiles(configDirectory);
    await writePostfixFiles(configDirectory, { ...files, main: change(files.main) });
  };
  return {
    name: 'postfix',
    text: `let Postfix accept mail through sendmail(1) only from ${users.join(' and ')}`,
    undoText: 'let Postfix accept mail through sendmail(1) as before',
    diff: unifiedDiff(main, after, { before: path, after: `${path} (connected)` }),
    undoDiff: unifiedDiff(main, cleaned, { before: path, after: `${path} (not connected)` }),
    isMade: main === after,
    isThere: main !== cleaned,
    make: () => write((text) => withAuthorizedUsers(text, users)),
    takeBack: () => write(withoutAuthorizedUsers),
  };
}

export async function divertPart(): Promise<ConnectPart> {
  return {
    name: 'divert',
    text: `move ${sendmailPath} to ${realPath} (dpkg-divert), and link it to ${launcherPath}`,
    undoText: `move ${realPath} back to ${sendmailPath} (dpkg-divert)`,
    isMade: (await isConnected()) && existsSync(realPath),
    isThere: existsSync(realPath),
    make: divert,
    takeBack: undivert,
  };
}

const divertTool = '/usr/bin/dpkg-divert';
const divertWords = ['--quiet', '--local', '--rename', '--divert', realPath] as const;

async function divert(): Promise<void> {
  const [owner = ''] = await call(divertTool, ['--listpackage', sendmailPath]);
  const [target = ''] = await call(divertTool, ['--truename', sendmailPath]);
  if (owner !== '' && (owner !== 'LOCAL' || target !== realPath)) {
    throw new OperatorError(
      'sendmail-diverted',
      `${sendmailPath} is already diverted by ${owner}`,
      {
        hint: `dpkg-divert --list ${sendmailPath} shows the diversion; remove it first`,
        exit: sysexits.config,
      },
    );
  }
  if (target !== realPath) await call(divertTool, [...divertWords, '--add', sendmailPath]);
  // For a moment there is no sendmail, as during any upgrade of its package.
  await linkTo(launcherPath);
}

async function linkTo(path: string): Promise<void> {
  await rm(`${sendmailPath}.postern-new`, { force: true });
  await symlink(path, `${sendmailPath}.postern-new`);
  await rename(`${sendmailPath}.postern-new`, sendmailPath);
}

/**
 * Makes programs call the mail server's own sendmail again. It stays at its new path, because
 * handovers that are not done yet still need it there.
 */
export async function stepAside(): Promise<void> {
  if (await isConnected()) await linkTo(realPath);
}

async function undivert(): Promise<void> {
  const linked = await readlink(sendmailPath).catch(() => '');
  if (linked === launcherPath || linked === realPath) await rm(sendmailPath);
  const [target = ''] = await call(divertTool, ['--truename', sendmailPath]);
  if (target === realPath) await call(divertTool, [...divertWords, '--remove', sendmailPath]);
}

function call(program: string, args: readonly string[]): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(60_000);
  return programOutput({ program, args, signal, errors: 'complaint' });
}
