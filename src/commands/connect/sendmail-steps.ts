/**
 * The pieces of `postern connect sendmail`, in the order in which they are made: each knows whether
 * it is there, what it changes, how it is made and how it is taken back. The last is the one by
 * which programs come to us.
 */
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
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
import { assembleSendmail, sendmailLauncher } from '../../wrapper/assemble.ts';
import type { Place } from '../../wrapper/sendmail.ts';
import type { ProcessUser } from '../guard/process-user.ts';
import { readPostfixFiles, writePostfixFiles } from './postfix-files.ts';

export const sendmailPath = '/usr/sbin/sendmail';
/** Where the mail server's own is while ours stands in its place. */
export const realPath = '/usr/sbin/sendmail.postfix';
const wrapperFolder = '/usr/local/lib/postern-sendmail';
export const launcherPath: string = join(wrapperFolder, 'sendmail');
const scriptPath = join(wrapperFolder, 'postern-sendmail.cjs');
const unitFile = '/etc/systemd/system/postern.service';
const dropIn = '/etc/systemd/system/postern.service.d/sendmail.conf';

export type Part = {
  readonly name: 'spool' | 'unit' | 'config' | 'wrapper' | 'postfix' | 'divert';
  /** What is done, and, to take it back, what is done then. */
  readonly text: string;
  readonly undoText: string;
  /** A change of a text file, to be shown. */
  readonly diff?: string;
  readonly undoDiff?: string;
  readonly isMade: boolean;
  /** Something of it is there, to be taken back. */
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
  readonly place: Place;
  readonly node: string;
};

/** Programs come to us. */
export async function isConnected(): Promise<boolean> {
  return (await readlink(sendmailPath).catch(() => '')) === launcherPath;
}

export async function spoolPart({ spool, guard }: PartOptions): Promise<Part> {
  const found = await lstat(spool).catch(() => undefined);
  const right = found?.isDirectory() === true && (found.mode & 0o7777) === 0o3733;
  return {
    name: 'spool',
    text: `make ${spool}: every user may leave mail there, none may look into it`,
    undoText: `remove ${spool}, where it is empty`,
    isMade: right && found.uid === guard.uid && found.gid === guard.gid,
    isThere: found !== undefined,
    async make() {
      await mkdir(spool, { recursive: true });
      await chown(spool, guard.uid, guard.gid);
      await chmod(spool, 0o3733);
    },
    async takeBack() {
      for (const name of await readdir(spool).catch(() => [])) {
        await rmdir(join(spool, name)).catch(() => undefined);
      }
      await rmdir(spool).catch(() => undefined);
    },
  };
}

/** What the service may do besides, where it is one. Undefined: it is none. */
export async function unitPart(options: PartOptions): Promise<Part | undefined> {
  if (!existsSync(unitFile)) return undefined;
  const text = dropInText(options);
  const before = await textAt(dropIn);
  const reload = async (): Promise<void> => {
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

/** What the service is allowed besides. */
export function dropInText({
  spool,
  queueDirectory,
}: Pick<PartOptions, 'spool' | 'queueDirectory'>): string {
  return `# The sendmail door. Made by \`postern connect sendmail\`; its --undo removes it.
[Service]
RuntimeDirectory=postern
RuntimeDirectoryMode=0755
# To write into the maildrop without postdrop's set-group-id bit, which NoNewPrivileges switches off.
SupplementaryGroups=postdrop
ReadWritePaths=-${spool} -${join(queueDirectory, 'maildrop')}
# To see which process speaks, and who started it. What only root sees of it, that process says itself.
ProtectProc=default
# To see whose a script in a home is; shut, all homes would look like root's, and no script there like its owner's.
ProtectHome=read-only
`;
}

export async function wrapperPart({ place, node }: PartOptions): Promise<Part> {
  const script = assembleSendmail(place);
  const launcher = sendmailLauncher({ node, script: scriptPath, real: place.real });
  return {
    name: 'wrapper',
    text: `write ${launcherPath} and postern-sendmail.cjs beside it`,
    undoText: `remove ${wrapperFolder}`,
    isMade: (await textAt(scriptPath)) === script && (await textAt(launcherPath)) === launcher,
    isThere: existsSync(wrapperFolder),
    async make() {
      await mkdir(wrapperFolder, { recursive: true, mode: 0o755 });
      await replace(scriptPath, script, 0o644);
      await replace(launcherPath, launcher, 0o755);
    },
    takeBack: () => rm(wrapperFolder, { recursive: true, force: true }),
  };
}

/**
 * Writes postern-sendmail anew as this version has it, with the places that it has; answers with
 * what was done. For upgrades: what stands at /usr/sbin/sendmail is no part of the program's own
 * folder.
 */
export async function renewWrapper(root: string): Promise<string> {
  const [script, launcher] = [join(root, scriptPath), join(root, launcherPath)];
  const [before, shell] = [await textAt(script), await textAt(launcher)];
  const place = /^runSendmail\((\{.*\}), /m.exec(before)?.[1];
  const node = /^node='(.*)'$/m.exec(shell)?.[1];
  if (place === undefined || node === undefined) return 'postern-sendmail is not in use';
  const known = JSON.parse(place) as Place;
  const fresh = assembleSendmail(known);
  const freshShell = sendmailLauncher({ node, script: scriptPath, real: known.real });
  if (fresh === before && freshShell === shell) return 'postern-sendmail is up to date';
  await replace(script, fresh, 0o644);
  await replace(launcher, freshShell, 0o755);
  return `wrote ${launcherPath} anew`;
}

const textAt = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** A program that starts meanwhile finds the old one or the new one, whole. */
async function replace(path: string, text: string, mode: number): Promise<void> {
  await rm(`${path}.new`, { force: true });
  await writeFile(`${path}.new`, text, { mode, flag: 'wx', flush: true });
  await chmod(`${path}.new`, mode);
  await rename(`${path}.new`, path);
}

export async function postfixPart({ configDirectory, guard }: PartOptions): Promise<Part> {
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
    text: `let Postfix take mail by sendmail(1) from ${users.join(' and ')} alone`,
    undoText: 'let Postfix take mail by sendmail(1) as before',
    diff: unifiedDiff(main, after, { before: path, after: `${path} (connected)` }),
    undoDiff: unifiedDiff(main, cleaned, { before: path, after: `${path} (not connected)` }),
    isMade: main === after,
    isThere: main !== cleaned,
    make: () => write((text) => withAuthorizedUsers(text, users)),
    takeBack: () => write(withoutAuthorizedUsers),
  };
}

export async function divertPart(): Promise<Part> {
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
    throw new OperatorError('sendmail-diverted', `${sendmailPath} is diverted already: ${owner}`, {
      hint: `dpkg-divert --list ${sendmailPath} says by whom; that one would have to be taken back first`,
      exit: sysexits.config,
    });
  }
  if (target !== realPath) await call(divertTool, [...divertWords, '--add', sendmailPath]);
  // Between the two there is no sendmail for a moment, as at any upgrade of the package.
  await linkTo(launcherPath);
}

async function linkTo(path: string): Promise<void> {
  await rm(`${sendmailPath}.postern-new`, { force: true });
  await symlink(path, `${sendmailPath}.postern-new`);
  await rename(`${sendmailPath}.postern-new`, sendmailPath);
}

/**
 * Programs go the old way again, while what they have handed to us still needs the mail server's
 * own.
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
