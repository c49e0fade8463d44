/**
 * Reads accounts from an LDIF file (RFC 2849) of `ldapsearch -LLL` or `slapcat`: `uid` or `mail`,
 * `userPassword`, `cn`, `o`.
 */
import { linesOf } from './lines.ts';
import { decode, rowOf, type SourceRow } from './row.ts';

type Entry = {
  /** Number of the line with its `dn`. */
  readonly line: number;
  uid: string;
  mail: string;
  cn: string;
  organisation: string;
  readonly passwords: Buffer[];
};

/** Passwords of one entry that are read. */
const passwordsMax = 16;
/** Bytes of a folded value that are read; the attributes we need are shorter. */
const valueBytesMax = 16_384;

export type LdifOptions = {
  readonly domain?: string;
  /** Attribute with the login; default: `uid`, or `mail` if an entry has no `uid`. */
  readonly user?: string;
  /** Attribute with the password; default: `userPassword`. */
  readonly password?: string;
  /**
   * Scheme of passwords without `{SCHEME}`; default: the clear password (RFC 4519 section 2.41).
   */
  readonly scheme?: string;
};

export function* ldifRows(path: string, how: LdifOptions = {}): Generator<SourceRow> {
  const user = bare(how.user ?? 'uid');
  const password = bare(how.password ?? 'userPassword');
  const wanted: ReadonlySet<string> = new Set([...always, user, password]);
  let entry: Entry | undefined;
  for (const attribute of attributes(path, wanted)) {
    if (attribute.kind === 'end') {
      if (entry !== undefined) yield* rowsOf(entry, how);
      entry = undefined;
    } else if (attribute.kind === 'fault') {
      yield { kind: 'fault', line: attribute.line, what: attribute.what };
    } else {
      entry ??= empty(attribute.line);
      const { name, value } = attribute;
      if (name !== password) put(entry, name === user ? 'uid' : name, value);
      else if (entry.passwords.length < passwordsMax) entry.passwords.push(value);
    }
  }
  if (entry !== undefined) yield* rowsOf(entry, how);
}

function empty(line: number): Entry {
  return { line, uid: '', mail: '', cn: '', organisation: '', passwords: [] };
}

function put(entry: Entry, name: string, value: Buffer): void {
  const text = value.toString('utf8');
  if (name === 'uid') entry.uid ||= text;
  else if (name === 'mail') entry.mail ||= text;
  else if (name === 'cn') entry.cn ||= text;
  else if (name === 'o' || name === 'ou') entry.organisation ||= text;
}

function* rowsOf(entry: Entry, how: LdifOptions): Generator<SourceRow> {
  const { line, uid, mail, cn, organisation } = entry;
  const account = uid === '' && how.user === undefined ? mail : uid;
  const { domain = '', scheme = 'PLAIN' } = how;
  for (const password of entry.passwords) {
    if (account === '') yield { kind: 'fault', line, what: 'an entry with a password has no uid' };
    else {
      yield rowOf({
        line,
        organisation,
        password,
        domain,
        scheme,
        account: Buffer.from(account),
        name: Buffer.from(cn),
      });
    }
    password.fill(0);
  }
}

type Attribute =
  | { readonly kind: 'value'; readonly line: number; readonly name: string; readonly value: Buffer }
  | { readonly kind: 'fault'; readonly line: number; readonly what: string }
  | { readonly kind: 'end' };

const always = ['uid', 'mail', 'cn', 'o', 'ou', 'dn'];

/** The wanted attributes of the file, unfolded. */
function* attributes(path: string, wanted: ReadonlySet<string>): Generator<Attribute> {
  let open: Buffer | undefined;
  let from = 0;
  const close = (): Attribute | undefined => {
    if (open === undefined) return undefined;
    const found = attribute(open, from, wanted);
    open.fill(0);
    open = undefined;
    return found;
  };
  for (const { number: line, bytes } of linesOf(path)) {
    if (bytes === undefined) {
      yield { kind: 'fault', line, what: 'the line is too long' };
      continue;
    }
    if (bytes[0] === 32 && open !== undefined) {
      if (open.length < valueBytesMax) open = grown(open, bytes.subarray(1));
      continue;
    }
    const before = close();
    if (before !== undefined) yield before;
    if (bytes.length === 0) yield { kind: 'end' };
    else if (bytes[0] !== 35 && bytes[0] !== 32) {
      open = Buffer.alloc(bytes.length);
      bytes.copy(open);
      from = line;
    }
  }
  const last = close();
  if (last !== undefined) yield last;
}

/** Appends, and clears the old buffer, which Buffer.concat would leave in memory. */
function grown(open: Buffer, more: Buffer): Buffer {
  const whole = Buffer.alloc(open.length + more.length);
  open.copy(whole);
  more.copy(whole, open.length);
  open.fill(0);
  return whole;
}

/** The name without options: `userpassword` of `userPassword;lang-en`. */
function bare(name: string): string {
  return name.toLowerCase().split(';')[0] ?? '';
}

function attribute(
  bytes: Buffer,
  line: number,
  wanted: ReadonlySet<string>,
): Attribute | undefined {
  const colon = bytes.indexOf(58);
  if (colon < 1) return { kind: 'fault', line, what: 'the line has no colon' };
  const name = bare(bytes.toString('latin1', 0, colon));
  if (!wanted.has(name)) return undefined;
  if (bytes[colon + 1] === 60) return { kind: 'fault', line, what: 'the value is in another file' };
  const encoded = bytes[colon + 1] === 58;
  let start = colon + (encoded ? 2 : 1);
  while (bytes[start] === 32) start++;
  const raw = bytes.subarray(start);
  if (encoded) return { kind: 'value', line, name, value: decode(raw, 'base64') };
  const value = Buffer.alloc(raw.length);
  raw.copy(value);
  return { kind: 'value', line, name, value };
}
