/**
 * A stored password as it is tried: its scheme, what tries it (John, or our own workers), and in
 * which form. Pure.
 *
 * Clear passwords never come here: whoever reads a source turns them into salted digests first.
 */

/** A hash as our own workers try it; salts and digests are in hex. */
export type Trial =
  | {
      readonly kind: 'digest';
      readonly algorithm: DigestName;
      /** Hashed before the password. */
      readonly before: string;
      /** Hashed after the password. */
      readonly salt: string;
      readonly digest: string;
    }
  | {
      readonly kind: 'pbkdf2' | 'scram';
      readonly algorithm: DigestName;
      readonly rounds: number;
      readonly salt: string;
      readonly digest: string;
    }
  | {
      readonly kind: 'argon2';
      readonly algorithm: 'argon2d' | 'argon2i' | 'argon2id';
      readonly memory: number;
      readonly passes: number;
      readonly lanes: number;
      readonly salt: string;
      readonly digest: string;
    }
  /** Apache's MD5: salt and digest as they are written, not in hex. */
  | { readonly kind: 'apr1'; readonly salt: string; readonly digest: string }
  /** Outer HMAC-MD5 state of the password. */
  | { readonly kind: 'cram-md5'; readonly digest: string };
export type DigestName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

export type Hash = {
  /** The name that people know: `sha512crypt`, `ssha256`, `argon2id`. */
  readonly scheme: string;
  /** Hashes of one group cost the same, so they are tried together. */
  readonly group: string;
  /** Candidates that one processor tries in a second: an estimate until it is measured. */
  readonly rate: number;
  /**
   * True if nothing but the password is hashed. Then equal hashes are equal passwords, and trying a
   * candidate on all hashes costs as much as on one.
   */
  readonly unsalted: boolean;
  readonly tried:
    | { readonly by: 'john'; readonly format: string; readonly text: string }
    | { readonly by: 'workers'; readonly trial: Trial };
};

/** What the password field of an account holds. */
export type StoredPassword =
  | { readonly kind: 'hash'; readonly hash: Hash }
  /** No password lets anybody log in. */
  | { readonly kind: 'locked' }
  /** Login without a password. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'unknown'; readonly what: string };

/**
 * The hash of a clear password, made as soon as it is read. `salt` is the same for the whole run,
 * so one try counts for all of them.
 */
export function hashOfPlain(salt: string, digest: string): Hash {
  const trial: Trial = { kind: 'digest', algorithm: 'sha256', before: '', salt, digest };
  return {
    scheme: 'plain',
    group: 'plain',
    rate: 300_000,
    unsalted: true,
    tried: { by: 'workers', trial },
  };
}

export type HashEncoding = 'hex' | 'base64';

/** Longer salts are refused: no tool makes them, so the text is something else. */
export const saltBytesMax = 256;

/** A hash that our own workers try. `cost`: hashes with another cost are another group. */
export function hashForWorkers(
  scheme: string,
  rate: number,
  trial: Trial,
  unsalted: boolean,
  cost: string = '',
): StoredPassword {
  const group = cost === '' ? scheme : `${scheme}:${cost}`;
  const hash: Hash = { scheme, group, rate, unsalted, tried: { by: 'workers', trial } };
  return { kind: 'hash', hash };
}

export function malformedHash(name: string, form: string): StoredPassword {
  return { kind: 'unknown', what: `a ${name.toLowerCase()} hash is ${form}; this is not` };
}

/** The bytes of a text in hex or base64; undefined if the text is not in that encoding. */
export function decodedHash(text: string, encoding: HashEncoding): Buffer | undefined {
  if (encoding === 'hex') {
    return /^(?:[0-9a-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex') : undefined;
  }
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}
