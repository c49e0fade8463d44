/**
 * A stored password as it is tried: its scheme, what tries it (John, or our own workers), and in
 * which form. Pure.
 *
 * Clear passwords never come here: whoever reads a source turns them into salted digests first.
 */

/** What our own workers try, with everything in hex. */
export type Trial =
  | {
      readonly kind: 'digest';
      readonly algorithm: DigestName;
      /** Goes in before the password. */
      readonly before: string;
      /** Goes in after it. */
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
  /** Apache's MD5: `digest` as it is written, not hex. */
  | { readonly kind: 'apr1'; readonly salt: string; readonly digest: string }
  /** Outer HMAC-MD5 state of the password. */
  | { readonly kind: 'cram-md5'; readonly digest: string };
export type DigestName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

export type Hash = {
  /** As people call it: `sha512crypt`, `ssha256`, `argon2id`. */
  readonly scheme: string;
  /** Hashes of one group cost the same: they are tried together. */
  readonly group: string;
  /** About how many candidates one processor tries in a second, before it was measured. */
  readonly rate: number;
  /**
   * Nothing but the password goes in: equal hashes are equal passwords, and guessing all costs what
   * guessing one does.
   */
  readonly unsalted: boolean;
  readonly tried:
    | { readonly by: 'john'; readonly format: string; readonly text: string }
    | { readonly by: 'workers'; readonly trial: Trial };
};

/** What the password field of an account holds. */
export type StoredPassword =
  | { readonly kind: 'hash'; readonly hash: Hash }
  /** Nobody can log in with a password. */
  | { readonly kind: 'locked' }
  /** Nothing is asked for. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'unknown'; readonly what: string };

/**
 * What a password kept in the clear becomes as soon as it is read: `salt` is the run's own, so all
 * of them cost one try.
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
