/**
 * One row of a source: an account with its hash, or why there is none. A password that is kept in
 * the clear becomes a salted digest here, and its bytes are overwritten; it is never a string.
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
      /** Hex, where the source gives as much away: leaks are published under it. */
      readonly sha1: string;
    }
  | { readonly kind: 'locked' | 'empty'; readonly line: number; readonly account: string }
  /** Nothing to try, and perhaps nothing that should be there. `what` never repeats the line. */
  | { readonly kind: 'fault'; readonly line: number; readonly what: string };

export type Fields = {
  readonly line: number;
  readonly account: Buffer;
  readonly password: Buffer;
  readonly name?: Buffer | undefined;
  readonly organisation?: string;
  /** What a password without `{SCHEME}` is. */
  readonly scheme: string;
  /** Added to accounts that have no domain. */
  readonly domain?: string;
};

/** As long as the guard's own names of accounts. */
const nameBytesMax = 256;
/** `{SCRAM-SHA-256.BASE64}` is the longest. */
const schemeBytesMax = 26;
/**
 * The run's own: every clear password gets the same, so that a candidate is hashed once for all of
 * them.
 */
const runSalt: Buffer = randomBytes(16);

export function rowOf(fields: Fields): SourceRow {
  const { line, password } = fields;
  const name = fields.account.toString('utf8');
  if (name === '') return { kind: 'fault', line, what: 'no account name' };
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
  // Encoded in the source as well: what is decoded from it is ours to clear.
  const password = encoding === undefined ? stored : decode(stored, encoding);
  const digest = createHash('sha256').update(password).update(runSalt).digest('hex');
  const sha1 = createHash('sha1').update(password).digest('hex');
  password.fill(0);
  stored.fill(0);
  return { hash: hashOfPlain(runSalt.toString('hex'), digest), sha1 };
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const hexDigits = '0123456789abcdef';

/** Without a string in between: strings cannot be cleared. Whatever is no digit is passed over. */
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
