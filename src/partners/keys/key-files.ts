/**
 * Private DKIM keys, a file each: `<folder>/<domain>/<selector>.pem`, PKCS#8, for their owner
 * alone. What others could read or write is refused, since whoever has the key can sign as the
 * domain.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type DkimKey, isKeyName, keyName, keyType } from '../../core/signing/key.ts';
import { algorithmOf } from '../../formats/dkim/signing-key.ts';
import { assert } from '../../lib/assert.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { makeKeyPair, openPrivateKey, type PrivateKey } from '../../lib/private-key.ts';
import type { KeyFiles } from '../../ports/keys.ts';

const ownerOnly = 0o600;
const folderMode = 0o700;
/** One file holds one key; the largest that is taken, RSA with 8192 bits, has 6,400 octets. */
const octetsMax = 16_384;

type NamedKey = Pick<DkimKey, 'domain' | 'selector'>;
type OpenedKey = { readonly version: string; readonly key: PrivateKey };

/** Where the key of this name lies, below the folder. */
export function keyFile({ domain, selector }: NamedKey): string {
  assert(isKeyName(domain) && isKeyName(selector), 'only names that are harmless become files');
  return join(domain, `${selector}.pem`);
}

export function openKeyFiles(folder: string): KeyFiles {
  const kept = new Map<string, OpenedKey>();
  const read = (file: string): PrivateKey => {
    const path = join(folder, file);
    const { text, version } = readKeyFile(folder, path, kept.get(file)?.version);
    const before = kept.get(file);
    if (text === undefined && before !== undefined) return before.key;
    const opened = openPrivateKey(text ?? '');
    if (!opened.ok) throw wrong(path, opened.error.text);
    kept.set(file, { version, key: opened.value });
    return opened.value;
  };
  return {
    folder,
    async make(wanted) {
      const file = keyFile(wanted);
      writeKeyFile(folder, file, await makeKeyPair(keyType(wanted), wanted.bits));
      const { bits, publicKey } = read(file);
      return { algorithm: wanted.algorithm, bits, publicKey, file };
    },
    facts(named) {
      const file = keyFile(named);
      const { type, bits, publicKey } = read(file);
      return { algorithm: algorithmOf(type), bits, publicKey, file };
    },
    open(key) {
      const { type, publicKey, sign } = read(key.file);
      if (algorithmOf(type) !== key.algorithm || publicKey !== key.publicKey) {
        throw wrong(join(folder, key.file), `is not the key that is known as ${keyName(key)}`);
      }
      return { domain: key.domain, selector: key.selector, algorithm: key.algorithm, sign };
    },
    delete(key) {
      if (key.file === '') return;
      kept.delete(key.file);
      rmSync(join(folder, key.file), { force: true });
    },
  };
}

/**
 * Puts a key there: whole or not at all, and never in place of another. What root writes (an
 * import, a command under sudo) belongs to whom the folder belongs.
 */
export function writeKeyFile(folder: string, file: string, pem: string): void {
  const path = join(folder, file);
  const draft = join(dirname(path), `.${randomBytes(8).toString('hex')}.new`);
  try {
    makeFolder(folder, dirname(folder));
    makeFolder(dirname(path), folder);
    refuseOpenFolders(folder, dirname(path));
    const descriptor = openSync(draft, 'wx', ownerOnly);
    try {
      fchmodSync(descriptor, ownerOnly);
      writeSync(descriptor, pem);
      giveTo(descriptor, folder);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(draft, path); // unlike rename(2), never over a file that is there
    syncFolder(dirname(path));
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    if (isErrno(cause, 'EEXIST')) {
      throw new OperatorError('key-exists', `there is a key ${path} already`, {
        hint: 'choose another selector: --selector NAME',
        exit: sysexits.cantCreate,
      });
    }
    throw wrong(path, 'cannot be written', cause, sysexits.cantCreate);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes back what writeKeyFile put there, when nobody knows of it yet. */
export function unwriteKeyFile(folder: string, file: string): void {
  try {
    unlinkSync(join(folder, file));
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT')) throw cause;
  }
}

/** The text; undefined where the file is of the version that is known. */
function readKeyFile(
  folder: string,
  path: string,
  known: string | undefined,
): { readonly text: string | undefined; readonly version: string } {
  let descriptor: number | undefined;
  try {
    refuseOpenFolders(folder, dirname(path));
    // Not through a link, and not waiting for a writer where it is a pipe.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    descriptor = openSync(path, flags);
    const stats = fstatSync(descriptor);
    refuseOpenFile(path, stats, statSync(folder));
    const version = `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
    if (version === known) return { text: undefined, version };
    const bytes = Buffer.alloc(octetsMax + 1);
    const length = readSync(descriptor, bytes);
    return { text: bytes.toString('latin1', 0, length), version };
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw wrong(path, why(cause), cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function refuseOpenFile(path: string, stats: Stats, folder: Stats): void {
  if (!stats.isFile()) throw wrong(path, 'is not a file');
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw wrong(path, `may be read or changed by others (mode ${mode})`);
  }
  const own = process.geteuid?.() ?? 0;
  // Root, who runs a command, reads what belongs to the one whose folder it is.
  const owners = own === 0 ? [0, folder.uid] : [own];
  if (!owners.includes(stats.uid)) throw wrong(path, `belongs to another user (${stats.uid})`);
}

/** Whoever may write a folder may put another key in the place of ours. */
function refuseOpenFolders(...folders: readonly string[]): void {
  for (const [depth, folder] of folders.entries()) {
    const stats = depth === 0 ? statSync(folder) : lstatSync(folder);
    if (!stats.isDirectory()) throw wrong(folder, 'is not a folder');
    if ((stats.mode & 0o022) !== 0) throw wrong(folder, 'may be changed by others');
  }
}

function makeFolder(folder: string, owner: string): void {
  if (mkdirSync(folder, { recursive: true, mode: folderMode }) === undefined) return;
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const descriptor = openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    giveTo(descriptor, owner);
  } finally {
    closeSync(descriptor);
  }
  syncFolder(dirname(folder));
}

/**
 * What root has open, not what has its name by now: the folder's owner may have put something else
 * there.
 */
function giveTo(descriptor: number, likeFolder: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(likeFolder);
  if (uid !== 0) fchownSync(descriptor, uid, gid);
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function why(cause: unknown): string {
  if (isErrno(cause, 'ENOENT')) return 'is not there';
  if (isErrno(cause, 'ELOOP')) return 'is a symbolic link, which is not followed';
  if (isErrno(cause, 'EACCES')) return 'may not be read by this user';
  return 'cannot be read';
}

function isErrno(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}

function wrong(path: string, what: string, cause?: unknown, exit?: number): OperatorError {
  return new OperatorError('key-file', `the key ${path} ${what}`, {
    cause,
    hint: `it must be a file of Postern's own user with mode 0600, in folders that only he may change`,
    exit: exit ?? sysexits.config,
  });
}
