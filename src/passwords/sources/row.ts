/**
 * One row of a source: an account with its hash, or why it has no hash. A clear password becomes a
 * salted digest here, and its bytes are cleared; it is never a string.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type Hash, hashOfPlain } from '../../core/passwords/hash.ts';
import { isPlain, readHash, schemeName } from '../../core/passwords/read-hash.ts';

export type SourceRow =
  | {
      readonly kind: 'account';
      readonly line: number;
      readonly account: string;
      readonly name: string;
      readonly organisation: string;
      readonly hash: Hash;
      /** SHA-1 of the password in hex, under which leaks are published; empty if not known. */
      readonly sha1: string;
    }
  | { readonly kind: 'locked' | 'empty'; readonly line: number; readonly account: string }
  /** A line that cannot be read. `what` never repeats the line, which may contain a password. */
  | { readonly kind: 'fault'; readonly line: number; readonly what: string };

export type Fields = {
  readonly line: number;
  readonly account: Buffer;
  readonly password: Buffer;
  readonly name?: Buffer | undefined;
  readonly organisation?: string;
  /** Scheme of a password without `{SCHEME}`. */
  readonly scheme: string;
  /** Domain that is added to accounts without one. */
  readonly domain?: string;
};

/** As long as the names of accounts in the guard. */
const nameBytesMax = 256;
/** The longest scheme is `{SCRAM-SHA-256.BASE64}`. */
const schemeBytesMax = 26;
/** The salt of this run. All clear passwords get it, so that a candidate is hashed only once. */
const runSalt: Buffer = randomBytes(16);

export function rowOf(fields: Fields): SourceRow {
  const { line, password } = fields;
  const name = fields.account.toString('utf8');
  if (name === '') return { kind: 'fault', line, what: 'the account name is empty' };
  if (fields.account.length > nameBytesMax || /[\p{Cc}\p{Zl}\p{Zp}\ufffd]/u.test(name)) {
    return { kind: 'fault', line, what: 'the account name is too long or not text' };
  }
  const { domain = '' } = fields;
  const account = domain === '' || name.includes('@') ? name : `${name}@${domain}`;
  if (password.length === 0) return { kind: 'empty', line, account };
  const { scheme, from } = schemeAt(password, fields.scheme);
  const person = {
    line,
    account,
    organisation: fields.organisation ?? '',
    name: (fields.name?.toString('utf8') ?? '').replace(/[\p{Cc}\ufffd]/gu, ' ').slice(0, 200),
  };
  if (isPlain(scheme)) {
    return { kind: 'account', ...person, ...digested(password.subarray(from), scheme) };
  }
  const stored = readHash(password.toString('latin1'), { scheme: fields.scheme, account });
  switch (stored.kind) {
    case 'hash': {
      const { hash } = stored;
      const { tried } = hash;
      const bare = hash.scheme === 'sha' || hash.scheme === 'sha1';
      const sha1 =
        bare && tried.by === 'workers' && tried.trial.kind === 'digest' ? tried.trial.digest : '';
      return { kind: 'account', ...person, hash, sha1 };
    }
    case 'unknown':
      return { kind: 'fault', line, what: `${account}: ${stored.what}` };
    default:
      return { kind: stored.kind, line, account };
  }
}

function schemeAt(password: Buffer, scheme: string): { scheme: string; from: number } {
  const end = password[0] === 123 ? password.subarray(0, schemeBytesMax).indexOf(125) : -1;
  if (end < 2) return { scheme, from: 0 };
  return { scheme: password.toString('latin1', 1, end), from: end + 1 };
}

function digested(stored: Buffer, scheme: string): { readonly hash: Hash; readonly sha1: string } {
  const { encoding } = schemeName(scheme);
  // An encoded password is decoded into a new buffer, which is cleared too.
  const password = encoding === undefined ? stored : decode(stored, encoding);
  const digest = createHash('sha256').update(password).update(runSalt).digest('hex');
  const sha1 = createHash('sha1').update(password).digest('hex');
  password.fill(0);
  stored.fill(0);
  return { hash: hashOfPlain(runSalt.toString('hex'), digest), sha1 };
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const hexDigits = '0123456789abcdef';

/** Decodes without strings, because strings cannot be cleared. Other characters are skipped. */
export function decode(bytes: Buffer, encoding: 'hex' | 'base64'): Buffer {
  const bits = encoding === 'hex' ? 4 : 6;
  const digits = encoding === 'hex' ? hexDigits : base64Digits;
  const out = Buffer.alloc(Math.floor((bytes.length * bits) / 8));
  let length = 0;
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    const digit = digits.indexOf(encoding === 'hex' ? char.toLowerCase() : char);
    if (digit < 0) continue;
    held = ((held << bits) | digit) & 0xffff;
    heldBits += bits;
    if (heldBits < 8) continue;
    heldBits -= 8;
    out[length++] = (held >> heldBits) & 0xff;
  }
  return out.subarray(0, length);
}
