/**
 * Finds out which user can change where a path leads. Root follows a path only if that is root
 * alone: in a folder of another user, every name can become a link to another place.
 */
import { constants, lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

export type Other = { readonly path: string; readonly uid: number; readonly gid: number };

/** As in the kernel (MAXSYMLINKS). */
const linksMax = 40;
const worldWrites = 0o002;
const sticky = 0o1000;

/**
 * The first folder or file on the way to `path`, itself included, that another user than root
 * controls. Links are followed. Undefined: only root decides where the path leads, as far as it
 * exists. Throws OperatorError `open-path` if a folder on the way lets every user rename in it.
 */
export function otherOnPath(path: string): Other | undefined {
  const rest = namesOf(resolve(path));
  let at = '/';
  for (let links = 0; rest.length > 0; ) {
    const name = rest.shift() ?? '';
    const next = name === '..' ? dirname(at) : join(at, name);
    const found = lstatSync(next, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    const { uid, gid } = found;
    if (uid !== 0) return { path: next, uid, gid };
    if (!found.isSymbolicLink()) {
      if (everybodyRenames(found)) throw openPath(next);
      at = next;
      continue;
    }
    if (++links > linksMax) throw openPath(next);
    const target = readlinkSync(next);
    if (target.startsWith('/')) at = '/';
    rest.unshift(...namesOf(target));
  }
  return undefined;
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function everybodyRenames(found: Stats): boolean {
  return found.isDirectory() && (found.mode & (worldWrites | sticky)) === worldWrites;
}

function openPath(path: string): OperatorError {
  return new OperatorError('open-path', `every user can change what is in ${path}`, {
    hint: `root does not work there; run: chmod o-w ${path}`,
    exit: sysexits.noPerm,
  });
}

/** Throws OperatorError `path-of-other` if another user than root decides where the path leads. */
export function rootDecides(path: string): void {
  const other = otherOnPath(path);
  if (other !== undefined) throw pathOfOther(path, other);
}

export function pathOfOther(path: string, other: Other): OperatorError {
  return new OperatorError(
    'path-of-other',
    `root does not work in ${path}: user ${other.uid} controls ${other.path} and can lead root ` +
      'to another place',
    {
      hint: 'choose a folder that is only below folders of root',
      exit: sysexits.noPerm,
    },
  );
}

type Rights = {
  readonly mode: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
};

/** Makes a folder, with all folders above it, and gives it an owner and a mode, as root. */
export async function makeFolderAsRoot(path: string, rights: Rights): Promise<void> {
  rootDecides(dirname(path));
  await mkdir(path, { recursive: true });
  await giveAsRoot(path, rights);
}

/**
 * Gives a file or folder an owner and a mode, as root. It may belong to another user already; the
 * folders above it may not. Works on the opened file and not on its name.
 */
export async function giveAsRoot(path: string, { mode, owner }: Rights): Promise<void> {
  const real = realpathSync(path);
  rootDecides(dirname(real));
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if (owner !== undefined) await file.chown(owner.uid, owner.gid);
    await file.chmod(mode); // after chown, which takes the set-group-id bit away
  } finally {
    await file.close();
  }
}
