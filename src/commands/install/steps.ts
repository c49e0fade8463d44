/**
 * The steps of `postern install` and of its undo. A second install renews what the first one made.
 * All paths are below `root`, which is empty on a real machine.
 */
import { existsSync } from 'node:fs';
import {
  chmod,
  cp,
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
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { programOutput } from '../../partners/program.ts';
import { launcherPath, renewWrapper } from '../connect/sendmail-steps.ts';
import { home, installedHome, installedState } from '../guard/run-file.ts';
import { giveAsRoot, makeFolderAsRoot } from '../guard/trusted-path.ts';
import { helpFilesStep, removeHelpFilesStep } from './help-files.ts';
import { letAllGoStep } from './let-all-go.ts';
import { startStep, stopStep } from './service.ts';
import { dropInStep, removeSocketsStep, unitFolder } from './sockets.ts';
import type { InstallStep } from './step.ts';

export type InstallPlace = {
  readonly root: string;
  /** `root` is not this machine's own: no user is made, no service started. */
  readonly staging: boolean;
};

const user = 'postern';
const config = '/etc/postern/postern.toml';
const denyFolder = '/var/lib/postern-dovecot';
const units = [
  ...(['postern-root.socket', 'postern-root@.service'] as const),
  ...(['postern.socket', 'postern.service'] as const),
  ...(['postern-passwords.service', 'postern-passwords.timer'] as const),
  ...(['postern-let-go.service', 'postern-let-go.timer'] as const),
  ...(['postern-checklist.service', 'postern-checklist.timer'] as const),
  ...(['postern-drill.service', 'postern-drill.timer'] as const),
] as const;
/** Of the password audit, which runs as root. */
const auditFolder = `${installedState}-passwords`;
/** The list of mail that waits, which postern-root keeps. */
const waitingFolder = `${installedState}-root`;
const link = '/usr/local/bin/postern';
/** The parts of a checkout that the service needs. */
const parts = [
  'postern',
  'package.json',
  'package-lock.json',
  'LICENSE',
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'docs',
  'packaging',
  'src',
  'node_modules',
  'runtime',
] as const;

export function installSteps(
  place: InstallPlace,
  whole: () => Promise<Command>,
): readonly InstallStep[] {
  const at = (path: string): string => join(place.root, path);
  const services = place.staging ? [] : [userStep(), ...folderOwners()];
  let changed = false;
  let moved = false;
  const note = (): void => {
    changed = true;
  };
  const noteMoved = (): void => {
    moved = true;
  };
  return [
    programStep(at(installedHome), note),
    { text: `link ${link}`, run: () => linkStep(at(link)) },
    helpFilesStep(place.root, whole),
    { text: `write ${config} (mode = "observe")`, run: () => configStep(at(config)) },
    { text: `make ${installedState}`, run: () => folderStep(at(installedState), 0o700, place) },
    { text: `make ${denyFolder}`, run: () => folderStep(at(denyFolder), 0o2750, place) },
    ...(existsSync(at(launcherPath))
      ? [{ text: 'renew postern-sendmail', run: () => renewWrapper(place.root) }]
      : []),
    ...services,
    ...units.map((unit) => ({
      text: `write ${unitFolder}/${unit}`,
      run: () =>
        unitStep(at(join(unitFolder, unit)), unit, unit === 'postern.socket' ? noteMoved : note),
    })),
    ...(place.staging
      ? []
      : [
          dropInStep(noteMoved),
          startStep(at(config), { changed: () => changed, moved: () => moved }),
        ]),
  ];
}

export function undoSteps(
  place: InstallPlace,
  how: { readonly purge: boolean },
): readonly InstallStep[] {
  const at = (path: string): string => join(place.root, path);
  const remove = (path: string): InstallStep => ({
    text: `remove ${path}`,
    async run() {
      if (!existsSync(at(path))) return `${path} does not exist`;
      await removeTree(at(path));
      return undefined;
    },
  });
  const rootFolders = [auditFolder, waitingFolder].filter((path) => existsSync(at(path)));
  const kept = [dirname(config), installedState, ...rootFolders];
  return [
    ...(place.staging ? [] : [stopStep(() => existsSync(at(join(unitFolder, 'postern.service'))))]),
    ...(place.staging ? [] : [letAllGoStep(join(waitingFolder, 'waiting')), removeSocketsStep()]),
    ...units.map((unit) => remove(join(unitFolder, unit))),
    { text: `remove ${link}`, run: () => unlinkStep(at(link)) },
    removeHelpFilesStep(place.root),
    remove(installedHome),
    { text: `remove ${denyFolder}`, run: () => removeDenyFolder(at(denyFolder), how.purge) },
    ...(how.purge
      ? [
          remove(dirname(config)),
          ...[installedState, auditFolder, waitingFolder, '/var/cache/postern'].map(remove),
        ]
      : []),
    ...(how.purge && !place.staging ? [removeUserStep()] : []),
    ...(how.purge ? [] : [{ text: `kept: ${kept.join(', ')}`, run: async () => undefined }]),
  ];
}

/**
 * Copies the program beside the old one, then renames it: a service that restarts meanwhile finds
 * either the old program or the new one, complete.
 */
function programStep(target: string, changed: () => void): InstallStep {
  return {
    text: `copy the program and its documents to ${installedHome}`,
    async run() {
      if (home === target) return `${installedHome}: this command runs from there, nothing to copy`;
      const fresh = `${target}.new`;
      const old = `${target}.old`;
      const skip = await developersPackages();
      await rm(fresh, { recursive: true, force: true });
      await mkdir(fresh, { recursive: true, mode: 0o755 });
      for (const part of parts) {
        if (!existsSync(join(home, part))) continue;
        await cp(join(home, part), join(fresh, part), {
          recursive: true,
          verbatimSymlinks: true,
          filter: (path) => wanted(relative(home, path), skip),
        });
      }
      if (existsSync(target) && (await sameFiles(target, fresh))) {
        await rm(fresh, { recursive: true });
        return `${installedHome} is up to date`;
      }
      changed();
      await rm(old, { recursive: true, force: true });
      if (existsSync(target)) await rename(target, old);
      await rename(fresh, target);
      await rm(old, { recursive: true, force: true });
      return undefined;
    },
  };
}

/** npm and Node's headers are for set-up and compilers; the compile cache is the service's own. */
const unwanted = new RegExp(
  `^(?:${[
    'runtime/node_modules/npm',
    'runtime/node_modules/[^/]+/(?:include|share)',
    'node_modules/\\.(?:cache|bin)',
  ].join('|')})(?:/|$)`,
);

function wanted(path: string, skip: ReadonlySet<string>): boolean {
  if (skip.has(path) || path.endsWith('.test.ts')) return false;
  return !unwanted.test(path);
}

/** Folders of packages that only developers need, as the lock file says. */
async function developersPackages(): Promise<ReadonlySet<string>> {
  const lock: unknown = JSON.parse(await readFile(join(home, 'package-lock.json'), 'utf8'));
  const packages =
    typeof lock === 'object' && lock !== null && 'packages' in lock ? lock.packages : {};
  const all = Object.entries(packages as Record<string, { readonly dev?: boolean }>);
  const skip = new Set(all.filter(([, about]) => about.dev === true).map(([path]) => path));
  // A scope such as `@types` is left out when all its packages are.
  for (const path of [...skip]) {
    const scope = /^node_modules\/@[^/]+/.exec(path)?.[0];
    if (scope === undefined) continue;
    if (all.every(([other]) => !other.startsWith(`${scope}/`) || skip.has(other))) skip.add(scope);
  }
  return skip;
}

/** True if both folders hold the same files, byte for byte. */
async function sameFiles(one: string, other: string): Promise<boolean> {
  const lists = await Promise.all([filesIn(one), filesIn(other)]);
  const [names, others] = lists;
  if (names.join('\n') !== others.join('\n')) return false;
  for (const name of names) {
    const [left, right] = [join(one, name), join(other, name)];
    const [before, now] = [await lstat(left), await lstat(right)];
    if (before.size !== now.size || before.mode !== now.mode) return false;
    if (!now.isFile()) continue;
    if (!(await readFile(left)).equals(await readFile(right))) return false;
  }
  return true;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  const names = files.map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  // Files that the installed program itself made do not count.
  return names.filter((name) => !unwanted.test(name)).sort();
}

async function linkStep(path: string): Promise<string | undefined> {
  const target = join(installedHome, 'postern');
  const there = await lstat(path).catch(() => undefined);
  if (there !== undefined) {
    const ours = there.isSymbolicLink() && (await readlink(path)) === target;
    return ours ? `${link} exists` : `${link} exists and is not Postern's: left alone`;
  }
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
  return undefined;
}

async function unlinkStep(path: string): Promise<string | undefined> {
  const target = await readlink(path).catch(() => undefined);
  if (target !== join(installedHome, 'postern')) return `${link} is not Postern's: left alone`;
  await rm(path);
  return undefined;
}

async function configStep(path: string): Promise<string | undefined> {
  if (existsSync(path)) return `${config} exists: left alone`;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, await readFile(join(home, 'packaging', 'postern.toml')), { mode: 0o640 });
  return undefined;
}

async function folderStep(path: string, mode: number, place: InstallPlace): Promise<undefined> {
  if (!place.staging) {
    await makeFolderAsRoot(path, { mode });
    return undefined;
  }
  await mkdir(path, { recursive: true });
  await chmod(path, mode);
  return undefined;
}

async function unitStep(
  path: string,
  unit: string,
  changed: () => void,
): Promise<string | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const text = await readFile(join(home, 'packaging', 'systemd', unit), 'utf8');
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (text === before) return `${join(unitFolder, unit)} is up to date`;
  changed();
  await writeFile(path, text, { mode: 0o644 });
  return undefined;
}

function userStep(): InstallStep {
  return {
    text: `make the system user ${user}`,
    async run() {
      if ((await idOf('passwd', user)) !== undefined) return `user ${user} exists`;
      await call('/usr/sbin/useradd', [
        ...['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin'],
        ...['--home-dir', installedState, user],
      ]);
      return undefined;
    },
  };
}

/** The service's user owns its folders; Dovecot's group reads the list of closed logins. */
function folderOwners(): readonly InstallStep[] {
  const give = (path: string, group: string, mode: number, owner = user): InstallStep => ({
    text: `give ${path} to ${owner}:${group}`,
    async run() {
      const uid = owner === 'root' ? 0 : await idOf('passwd', owner);
      const gid = await idOf('group', group);
      if (uid === undefined || gid === undefined) return `${path}: there is no group ${group}`;
      await giveAsRoot(path, { mode, owner: { uid, gid } });
      return undefined;
    },
  });
  return [
    give(installedState, user, 0o700),
    give(denyFolder, 'dovecot', 0o2750),
    give(config, user, 0o640, 'root'),
  ];
}

/** Kept while it has entries: Dovecot still reads it, and those logins should stay closed. */
async function removeDenyFolder(path: string, purge: boolean): Promise<string | undefined> {
  if (!existsSync(path)) return `${denyFolder} does not exist`;
  if (purge) {
    await removeTree(path);
    return undefined;
  }
  if ((await readdir(path)).length > 0) return `kept: ${denyFolder}, because Dovecot may read it`;
  await rmdir(path);
  return undefined;
}

/**
 * Removes a folder that may belong to another user. rm(1) works on opened folders, so that user
 * cannot lead it elsewhere by a link; Node's own rm works on names.
 */
async function removeTree(path: string): Promise<void> {
  await call('/usr/bin/rm', ['-rf', '--', path]);
}

function removeUserStep(): InstallStep {
  return {
    text: `remove the system user ${user}`,
    async run() {
      if ((await idOf('passwd', user)) === undefined) return `there is no user ${user}`;
      await call('/usr/sbin/userdel', [user]);
      return undefined;
    },
  };
}

async function idOf(database: 'passwd' | 'group', name: string): Promise<number | undefined> {
  const lines = await call('/usr/bin/getent', [database, name], [2]);
  const id = lines[0]?.split(':')[2];
  return id === undefined ? undefined : Number(id);
}

function call(
  program: string,
  args: readonly string[],
  fine: readonly number[] = [],
): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(120_000);
  return programOutput({ program, args, signal, errors: 'complaint', fine });
}
