/** Password files: /etc/shadow, Dovecot's passwd-files, htpasswd, vpopmail's vpasswd, and plain lists. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isPlain } from '../../core/passwords/hash.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { fieldsOf, linesOf } from './lines.ts';
import { type Row, rowOf } from './row.ts';

export type ReadHow = {
  /** What a password without `{SCHEME}` is. */
  readonly scheme?: string;
  /** Added to accounts without one. */
  readonly domain?: string;
};

const hash = 35;

/** Names of people are worth a look-up, but not half a gigabyte of memory. */
const passwdBytesMax = 64 * 1024 * 1024;

/** `passwd` beside it knows the people's names. */
export function* shadowRows(path: string, { domain = '' }: ReadHow = {}): Generator<Row> {
  const names = namesFrom(join(dirname(path), 'passwd'));
  for (const { number: line, bytes } of linesOf(path)) {
    if (bytes === undefined) yield tooLong(line);
    else if (bytes.length > 0) {
      const [account, password] = fieldsOf(bytes, 3);
      if (account === undefined || password === undefined) yield noColon(line);
      else {
        const name = Buffer.from(names.get(account.toString('utf8')) ?? '');
        yield rowOf({ line, account, password, name, scheme: 'CRYPT', domain });
      }
    }
  }
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

/** Dovecot's passwd-file: `user:password:uid:gid:gecos:home:shell:extra`, of which only two need be there. */
export function* passwdFileRows(
  path: string,
  { scheme = 'CRYPT', domain = '' }: ReadHow = {},
): Generator<Row> {
  for (const { number: line, bytes } of linesOf(path)) {
    if (bytes === undefined) yield tooLong(line);
    else if (bytes.length > 0 && bytes[0] !== hash) {
      const [account, password, , , gecos, , , extra] = fieldsOf(bytes, 8);
      if (account === undefined || password === undefined) yield noColon(line);
      else if (password.length === 0 && !/\bnopassword\b/.test(extra?.toString('latin1') ?? '')) {
        // An empty password lets nobody in unless the line says so.
        yield { kind: 'locked', line, account: account.toString('utf8') };
      } else {
        const name = gecos === undefined ? {} : { name: gecos };
        yield rowOf({ line, account, password, ...name, scheme, domain });
      }
    }
  }
}

/** `user:hash`, perhaps with a comment behind: htpasswd of Apache and nginx. */
export function* htpasswdRows(path: string, { domain = '' }: ReadHow = {}): Generator<Row> {
  for (const { number: line, bytes } of linesOf(path)) {
    if (bytes === undefined) yield tooLong(line);
    else if (bytes.length > 0 && bytes[0] !== hash) {
      const [account, password, name] = fieldsOf(bytes, 3);
      if (account === undefined || password === undefined) yield noColon(line);
      else {
        const more = name === undefined ? {} : { name };
        yield rowOf({ line, account, password, ...more, scheme: 'CRYPT', domain });
      }
    }
  }
}

/** `account:hash` or `account hash`; what a hash is shows in its form. */
export function* listRows(
  path: string,
  { scheme = 'AUTO', domain = '' }: ReadHow = {},
): Generator<Row> {
  for (const { number: line, bytes } of linesOf(path)) {
    if (bytes === undefined) yield tooLong(line);
    else if (bytes.length > 0 && bytes[0] !== hash) {
      const separator = [58, 9, 32].find((one) => bytes.includes(one)) ?? 58;
      // No hash has a colon in it, but a password may.
      const [account, password] = fieldsOf(bytes, isPlain(scheme) ? 2 : 3, separator);
      if (account === undefined || password === undefined) yield noColon(line);
      else yield rowOf({ line, account, password, scheme, domain });
    }
  }
}

/** vpopmail: a file `vpasswd` of one domain, or the folder that has a folder for each domain. */
export function* vpopmailRows(path: string): Generator<Row> {
  const files = statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(path)
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

function* vpasswdRows(file: string): Generator<Row> {
  const domain = basename(dirname(file));
  for (const { number: line, bytes } of linesOf(file)) {
    if (bytes === undefined) yield tooLong(line);
    else if (bytes.length > 0 && bytes[0] !== hash) {
      const [account, password, , , gecos] = fieldsOf(bytes, 7);
      if (account === undefined || password === undefined) yield noColon(line);
      else {
        const name = gecos === undefined ? {} : { name: gecos };
        yield rowOf({ line, account, password, ...name, scheme: 'CRYPT', domain });
      }
    }
  }
}

function tooLong(line: number): Row {
  return { kind: 'fault', line, what: 'the line is too long' };
}

function noColon(line: number): Row {
  return { kind: 'fault', line, what: 'no password field' };
}
