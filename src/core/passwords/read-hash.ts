/**
 * Reads the password field of an account: the scheme from `{SCHEME}`, from the source, or from the
 * form of the hash. Pure.
 */
import { cryptHash } from './crypt-hash.ts';
import {
  bareDigest,
  bareMd5,
  cramMd5Hash,
  digestHash,
  digestMd5Hash,
  digests,
} from './digest-hash.ts';
import type { HashEncoding, StoredPassword } from './hash.ts';
import { argon2Hash, pbkdf2Hash, scramHash } from './slow-hash.ts';

/** Dovecot's names of the schemes that store the clear password. */
const plainSchemes = new Set(['PLAIN', 'CLEAR', 'CLEARTEXT', 'PLAIN-TRUNC']);

/** Splits `SSHA256.HEX` into name and encoding. */
export function schemeName(text: string): {
  readonly name: string;
  readonly encoding: HashEncoding | undefined;
} {
  const [name = '', suffix = ''] = text.toUpperCase().split('.');
  const encoding = suffix === 'HEX' ? 'hex' : suffix === '' ? undefined : 'base64';
  return { name, encoding };
}

export function isPlain(scheme: string): boolean {
  return plainSchemes.has(schemeName(scheme).name);
}

/** `scheme`: the scheme of a text without `{SCHEME}`. `account`: DIGEST-MD5 hashes it too. */
export function readHash(
  text: string,
  { scheme, account }: { readonly scheme: string; readonly account: string },
): StoredPassword {
  if (text === '') return { kind: 'empty' };
  const braced = /^\{([A-Za-z0-9.-]{1,24})\}/.exec(text);
  const name = braced?.[1] ?? scheme;
  const rest = braced === null ? text : text.slice(braced[0].length);
  if (/^[!*]/.test(rest) || rest === 'x' || rest === 'NP') return { kind: 'locked' };
  return schemed(name, rest, account);
}

function schemed(scheme: string, text: string, account: string): StoredPassword {
  const { name, encoding } = schemeName(scheme);
  const digest = digests[name];
  if (digest !== undefined) return digestHash(name, digest, text, encoding);
  switch (name) {
    case 'CRYPT':
    case 'DES-CRYPT':
    case 'MD5-CRYPT':
    case 'SHA256-CRYPT':
    case 'SHA512-CRYPT':
    case 'BLF-CRYPT':
      return cryptHash(text);
    case 'AUTO':
      return bareDigest(text) ?? cryptHash(text);
    case 'MD5':
      // In Dovecot {MD5} is the scheme of crypt(3); elsewhere it is the bare digest.
      return text.startsWith('$') ? cryptHash(text) : digestHash(name, bareMd5, text, encoding);
    case 'PBKDF2':
      return pbkdf2Hash(text);
    case 'ARGON2I':
    case 'ARGON2ID':
    case 'ARGON2D':
      return argon2Hash(text);
    case 'SCRAM-SHA-1':
      return scramHash(text, 'sha1', 20);
    case 'SCRAM-SHA-256':
      return scramHash(text, 'sha256', 32);
    case 'CRAM-MD5':
    case 'HMAC-MD5':
      return cramMd5Hash(text);
    case 'DIGEST-MD5':
      return digestMd5Hash(text, account);
    default:
      return { kind: 'unknown', what: unknownScheme(name) };
  }
}

/**
 * Names of schemes, of Dovecot and of directories, that cannot be tried. Any other text in brackets
 * is never repeated, because it may be part of a password.
 */
const untried: ReadonlySet<string> = new Set([
  ...['SASL', 'KERBEROS', 'SKEY', 'OTP', 'RPA', 'LM', 'LANMAN', 'NT', 'NTLM', 'NS-MTA-MD5'],
  ...['UNIX', 'PBKDF2-SHA1', 'PBKDF2-SHA256', 'PBKDF2-SHA512', 'PKCS5S2', 'BCRYPT', 'ARGON2'],
]);

function unknownScheme(name: string): string {
  if (untried.has(name)) return `the scheme ${name.toLowerCase()} cannot be tried`;
  return 'the name in brackets at the beginning is no known scheme';
}
