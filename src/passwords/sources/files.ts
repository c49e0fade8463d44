/**
 * Password files: /etc/shadow, Dovecot's passwd-files, htpasswd, vpopmail's vpasswd, and plain
 * lists.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isPlain } from '../../core/passwords/read-hash.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { fieldsOf, linesOf } from './lines.ts';
import { rowOf, type SourceRow } from './row.ts';

export type ReadOptions = {
  /** What a password without `{SCHEME}` is. */
  readonly scheme?: string;
  /** Added to accounts without one. */
  readonly domain?: string;
};

const [hash, colon, tab, blank] = [35, 58, 9, 32];

/** Names of people are worth a look-up, but not half a gigabyte of memory. */
const passwdBytesMax = 64 * 1024 * 1024;

/** `passwd` beside it knows the people's names. */
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
 * Dovecot's passwd-file: `user:password:uid:gid:gecos:home:shell:extra`, of which only two need be
 * there.
 */
export function* passwdFileRows(
  path: string,
  { scheme = 'CRYPT', domain = '' }: ReadOptions = {},
): Generator<SourceRow> {
  yield* rowsIn(path, { most: 8 }, (entry, [, , name, , , extra]) => {
    const { line, account, password } = entry;
    if (password.length === 0 && !/\bnopassword\b/.test(extra?.toString('latin1') ?? '')) {
      // An empty password lets nobody in unless the line says so.
      return { kind: 'locked', line, account: account.toString('utf8') };
    }
    return rowOf({ ...entry, name, scheme, domain });
  });
}

/** `user:hash`, perhaps with a comment behind: htpasswd of Apache and nginx. */
export function* htpasswdRows(
  path: string,
  { domain = '' }: ReadOptions = {},
): Generator<SourceRow> {
  yield* rowsIn(path, { most: 3 }, (entry, [name]) =>
    rowOf({ ...entry, name, scheme: 'CRYPT', domain }),
  );
}

/** `account:hash` or `account hash`; what a hash is shows in its form. */
export function* listRows(
  path: string,
  { scheme = 'AUTO', domain = '' }: ReadOptions = {},
): Generator<SourceRow> {
  // No hash has a colon in it, but a password may.
  const most = isPlain(scheme) ? 2 : 3;
  yield* rowsIn(path, { most, separators: [colon, tab, blank] }, (entry) =>
    rowOf({ ...entry, scheme, domain }),
  );
}

/** vpopmail: a file `vpasswd` of one domain, or the folder that has a folder for each domain. */
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
        // A line's number says nothing where there are many files.
        const where = files.length > 1 ? `${file}: ` : '';
        yield row.kind === 'fault' ? { ...row, what: `${where}${row.what}` } : row;
      }
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      unread ??= error;
    }
  }
  // At the end: the other domains are read, and nobody of this one is taken for gone.
  if (unread !== undefined) throw unread;
}

function* vpasswdRows(file: string): Generator<SourceRow> {
  const domain = basename(dirname(file));
  yield* rowsIn(file, { most: 7 }, (entry, [, , name]) =>
    rowOf({ ...entry, name, scheme: 'CRYPT', domain }),
  );
}

/**
 * A row for each line with an account and a password: `read` makes it, of these and the fields
 * behind them.
 */
function* rowsIn(
  path: string,
  how: {
    /** Fields; the last one is the rest. */
    readonly most: number;
    /** The first of them that a line has stands between its fields. */
    readonly separators?: readonly number[];
    /** Lines that begin with # are none; true unless it is said otherwise. */
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
      yield { kind: 'fault', line, what: 'no password field' };
    } else yield read({ line, account, password }, behind);
  }
}
