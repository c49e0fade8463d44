/** An LDIF file (RFC 2849), as `ldapsearch -LLL` or `slapcat` write it: `uid` or `mail`, `userPassword`, `cn`, `o`. */
import { linesOf } from './lines.ts';
import { decode, type Row, rowOf } from './row.ts';

type Entry = {
  /** Line of its `dn`. */
  readonly line: number;
  uid: string;
  mail: string;
  cn: string;
  organisation: string;
  readonly passwords: Buffer[];
};

/** More values of one attribute of one entry than anybody has. */
const passwordsMax = 16;
/** A value folded over more than this many bytes is none of those we look for. */
const valueBytesMax = 16_384;

export function* ldifRows(
  path: string,
  { domain = '' }: { readonly domain?: string } = {},
): Generator<Row> {
  let entry: Entry | undefined;
  for (const attribute of attributes(path)) {
    if (attribute.kind === 'end') {
      if (entry !== undefined) yield* rowsOf(entry, domain);
      entry = undefined;
    } else if (attribute.kind === 'fault') {
      yield { kind: 'fault', line: attribute.line, what: attribute.what };
    } else {
      entry ??= empty(attribute.line);
      put(entry, attribute.name, attribute.value);
    }
  }
  if (entry !== undefined) yield* rowsOf(entry, domain);
}

function empty(line: number): Entry {
  return { line, uid: '', mail: '', cn: '', organisation: '', passwords: [] };
}

function put(entry: Entry, name: string, value: Buffer): void {
  if (name === 'userpassword') {
    if (entry.passwords.length < passwordsMax) entry.passwords.push(value);
    return;
  }
  const text = value.toString('utf8');
  if (name === 'uid') entry.uid ||= text;
  else if (name === 'mail') entry.mail ||= text;
  else if (name === 'cn') entry.cn ||= text;
  else if (name === 'o' || name === 'ou') entry.organisation ||= text;
}

function* rowsOf(entry: Entry, domain: string): Generator<Row> {
  const { line, uid, mail, cn, organisation } = entry;
  const account = uid === '' ? mail : uid;
  for (const password of entry.passwords) {
    if (account === '') yield { kind: 'fault', line, what: 'an entry with a password has no uid' };
    else {
      yield rowOf({
        ...{ line, organisation, password, domain },
        ...{ account: Buffer.from(account), name: Buffer.from(cn) },
        // RFC 4519: userPassword without a scheme is the password itself.
        scheme: 'PLAIN',
      });
    }
    password.fill(0);
  }
}

type Attribute =
  | { readonly kind: 'value'; readonly line: number; readonly name: string; readonly value: Buffer }
  | { readonly kind: 'fault'; readonly line: number; readonly what: string }
  | { readonly kind: 'end' };

const wanted = new Set(['userpassword', 'uid', 'mail', 'cn', 'o', 'ou', 'dn']);

/** Unfolded; only those that are looked for. */
function* attributes(path: string): Generator<Attribute> {
  let open: Buffer | undefined;
  let from = 0;
  const close = (): Attribute | undefined => {
    if (open === undefined) return undefined;
    const found = attribute(open, from);
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

/** Buffer.concat would leave the shorter one behind. */
function grown(open: Buffer, more: Buffer): Buffer {
  const whole = Buffer.alloc(open.length + more.length);
  open.copy(whole);
  more.copy(whole, open.length);
  open.fill(0);
  return whole;
}

function attribute(bytes: Buffer, line: number): Attribute | undefined {
  const colon = bytes.indexOf(58);
  if (colon < 1) return { kind: 'fault', line, what: 'no attribute: there is no colon' };
  // `userPassword;lang-en`: options do not matter here.
  const name = bytes.toString('latin1', 0, colon).toLowerCase().split(';')[0] ?? '';
  if (!wanted.has(name)) return undefined;
  const encoded = bytes[colon + 1] === 58;
  let start = colon + (encoded ? 2 : 1);
  while (bytes[start] === 32) start++;
  const raw = bytes.subarray(start);
  if (encoded) return { kind: 'value', line, name, value: decode(raw, 'base64') };
  const value = Buffer.alloc(raw.length);
  raw.copy(value);
  return { kind: 'value', line, name, value };
}
