/**
 * Reads password files: /etc/shadow, Dovecot's passwd-files, htpasswd, vpasswd, and plain lists.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isPlain } from '../../core/passwords/read-hash.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { fieldsOf, linesOf } from './lines.ts';
import { rowOf, type SourceRow } from './row.ts';

export type ReadOptions = {
  /** Scheme of passwords without `{SCHEME}`. */
  readonly scheme?: string;
  /** Domain that is added to accounts without one. */
  readonly domain?: string;
};

const [hash, colon, tab, blank] = [35, 58, 9, 32];

/**
 * A larger passwd file is not read for names of people, because that would take too much memory.
 */
const passwdBytesMax = 64 * 1024 * 1024;

/** Rows of a shadow file. Names of people come from the file `passwd` in the same folder. */
export function* shadowRows(path: string, { domain = '' }: ReadOptions = {}): Generator<SourceRow> {
  const names = namesFrom(join(dirname(path), 'passwd'));
  yield* rowsIn(path, { most: 3, comments: false }, (entry) => {
    const name = Buffer.from(names.get(entry.account.toString('utf8')) ?? '');
    return rowOf({ ...entry, name, scheme: 'CRYPT', domain });
  });
}

function namesFrom(path: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.size > passwdBytesMax) return names;
  for (const { bytes } of linesOf(path)) {
    const [account, , , , gecos] = bytes === undefined ? [] : fieldsOf(bytes, 7);
    if (account === undefined || gecos === undefined || gecos.length === 0) continue;
    names.set(account.toString('utf8'), gecos.toString('utf8'));
  }
  return names;
}

/**
 * Rows of Dovecot's passwd-file: `user:password:uid:gid:gecos:home:shell:extra`. Only the first two
 * fields are required.
 */
export function* passwdFileRows(
  path: string,
  { scheme = 'CRYPT', domain = '' }: ReadOptions = {},
): Generator<SourceRow> {
  yield* rowsIn(path, { most: 8 }, (entry, [, , name, , , extra]) => {
    const { line, account, password } = entry;
    if (password.length === 0 && !/\bnopassword\b/.test(extra?.toString('latin1') ?? '')) {
      // An empty password lets nobody in without the word nopassword.
      return { kind: 'locked', line, account: account.toString('utf8') };
    }
    return rowOf({ ...entry, name, scheme, domain });
  });
}

/** Rows of htpasswd (Apache, nginx): `user:hash`, and perhaps a comment. */
export function* htpasswdRows(
  path: string,
  { domain = '' }: ReadOptions = {},
): Generator<SourceRow> {
  yield* rowsIn(path, { most: 3 }, (entry, [name]) =>
    rowOf({ ...entry, name, scheme: 'CRYPT', domain }),
  );
}

/** Rows of a list: `account:hash` or `account hash`. The form of a hash shows its scheme. */
export function* listRows(
  path: string,
  { scheme = 'AUTO', domain = '' }: ReadOptions = {},
): Generator<SourceRow> {
  // A clear password may contain a colon, a hash does not.
  const most = isPlain(scheme) ? 2 : 3;
  yield* rowsIn(path, { most, separators: [colon, tab, blank] }, (entry) =>
    rowOf({ ...entry, scheme, domain }),
  );
}

/** Rows of vpopmail: a file `vpasswd` of one domain, or a folder with a folder for each domain. */
export function* vpopmailRows(path: string): Generator<SourceRow> {
  const files = statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(path)
        .sort()
        .map((domain) => join(path, domain, 'vpasswd'))
        .filter((file) => existsSync(file))
    : [path];
  let unread: OperatorError | undefined;
  for (const file of files) {
    try {
      for (const row of vpasswdRows(file)) {
        // With many files, the number of a line is not enough.
        const where = files.length > 1 ? `${file}: ` : '';
        yield row.kind === 'fault' ? { ...row, what: `${where}${row.what}` } : row;
      }
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      unread ??= error;
    }
  }
  // Thrown at the end: the other domains are read, and no account of this domain counts as gone.
  if (unread !== undefined) throw unread;
}

function* vpasswdRows(file: string): Generator<SourceRow> {
  const domain = basename(dirname(file));
  yield* rowsIn(file, { most: 7 }, (entry, [, , name]) =>
    rowOf({ ...entry, name, scheme: 'CRYPT', domain }),
  );
}

/** Calls `read` for each line with an account and a password; `behind`: the fields that follow. */
function* rowsIn(
  path: string,
  how: {
    /** Fields of a line, at most; the last one is the rest of the line. */
    readonly most: number;
    /** Possible separators; the first that the line contains is used. */
    readonly separators?: readonly number[];
    /** Whether lines that begin with # are comments; default true. */
    readonly comments?: boolean;
  },
  read: (
    entry: { readonly line: number; readonly account: Buffer; readonly password: Buffer },
    behind: readonly Buffer[],
  ) => SourceRow,
): Generator<SourceRow> {
  const { most, separators = [colon], comments = true } = how;
  for (const { number: line, bytes } of linesOf(path)) {
    if (bytes === undefined) {
      yield { kind: 'fault', line, what: 'the line is too long' };
      continue;
    }
    if (bytes.length === 0 || (comments && bytes[0] === hash)) continue;
    const separator = separators.find((one) => bytes.includes(one));
    const [account, password, ...behind] = fieldsOf(bytes, most, separator);
    if (account === undefined || password === undefined) {
      yield { kind: 'fault', line, what: 'the line has no password field' };
    } else yield read({ line, account, password }, behind);
  }
}
