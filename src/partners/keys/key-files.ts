/**
 * Private DKIM keys, one file each: `<folder>/<domain>/<selector>.pem`, PKCS#8, readable only by
 * their owner. A file that others can read or write is refused, because everyone who has the key
 * can sign as the domain.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
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
/** The most octets that are read. The largest accepted key, RSA with 8192 bits, has 6,400. */
const octetsMax = 16_384;

type NamedKey = Pick<DkimKey, 'domain' | 'selector'>;
type OpenedKey = { readonly version: string; readonly key: PrivateKey };

/** The path of a key's file, below the folder. */
export function keyFile({ domain, selector }: NamedKey): string {
  assert(isKeyName(domain) && isKeyName(selector), 'only harmless names become file names');
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
        throw wrong(
          join(folder, key.file),
          `is not the key that the ledger has for ${keyName(key)}`,
        );
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
 * Writes a key file completely or not at all, and never over another key. Root refuses a folder of
 * another user, who could lead root elsewhere; commands become that user before.
 */
export function writeKeyFile(folder: string, file: string, pem: string): void {
  const path = join(folder, file);
  const draft = join(dirname(path), `.${randomBytes(8).toString('hex')}.new`);
  try {
    refuseForRoot(folder);
    makeFolder(folder);
    makeFolder(dirname(path));
    refuseOpenFolders(folder, dirname(path));
    const descriptor = openSync(draft, 'wx', ownerOnly);
    try {
      fchmodSync(descriptor, ownerOnly);
      writeSync(descriptor, pem);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(draft, path); // unlike rename(2), link(2) never replaces a file
    syncFolder(dirname(path));
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    if (isErrno(cause, 'EEXIST')) {
      throw new OperatorError('key-exists', `the key ${path} exists already`, {
        hint: 'choose another selector: --selector NAME',
        exit: sysexits.cantCreate,
      });
    }
    throw wrong(path, 'cannot be written', cause, sysexits.cantCreate);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes a file that writeKeyFile wrote, before anything refers to it. */
export function unwriteKeyFile(folder: string, file: string): void {
  try {
    unlinkSync(join(folder, file));
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT')) throw cause;
  }
}

/** Reads a key file. The text is undefined if the file has the version that is known. */
function readKeyFile(
  folder: string,
  path: string,
  known: string | undefined,
): { readonly text: string | undefined; readonly version: string } {
  let descriptor: number | undefined;
  try {
    refuseOpenFolders(folder, dirname(path));
    // Does not follow a link, and does not wait for a writer if it is a pipe.
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
    throw wrong(path, `can be read or changed by other users (mode ${mode})`);
  }
  const own = process.geteuid?.() ?? 0;
  // Root may also read keys of the folder's owner.
  const owners = own === 0 ? [0, folder.uid] : [own];
  if (!owners.includes(stats.uid)) throw wrong(path, `belongs to another user (${stats.uid})`);
}

/** Refuses folders that others may write, because they could replace a key there. */
function refuseOpenFolders(...folders: readonly string[]): void {
  for (const [depth, folder] of folders.entries()) {
    const stats = depth === 0 ? statSync(folder) : lstatSync(folder);
    if (!stats.isDirectory()) throw wrong(folder, 'is not a folder');
    if ((stats.mode & 0o022) !== 0) throw wrong(folder, 'can be changed by other users');
  }
}

function makeFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true, mode: folderMode }) === undefined) return;
  syncFolder(dirname(folder));
}

function refuseForRoot(folder: string): void {
  if (process.geteuid?.() !== 0) return;
  const found = [folder, dirname(folder)].map((one) => statSync(one, { throwIfNoEntry: false }));
  const uid = found.find((one) => one !== undefined)?.uid ?? 0;
  if (uid !== 0) throw wrong(folder, `belongs to user ${uid}: root writes no key there`);
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
  if (isErrno(cause, 'ENOENT')) return 'does not exist';
  if (isErrno(cause, 'ELOOP')) return 'is a symbolic link, which Postern does not follow';
  if (isErrno(cause, 'EACCES')) return 'cannot be read by this user';
  return 'cannot be read';
}

function isErrno(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}

function wrong(path: string, what: string, cause?: unknown, exit?: number): OperatorError {
  return new OperatorError('key-file', `the key ${path} ${what}`, {
    cause,
    hint: "it must belong to Postern's user, mode 0600, in folders that only this user can change",
    exit: exit ?? sysexits.config,
  });
}
