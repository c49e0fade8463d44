/**
 * Reads private keys in the forms that signing programs use, and signs on the thread pool. The key
 * itself stays inside a closure: code that logs or prints a PrivateKey shows only its public half.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign as signOnPool,
} from 'node:crypto';
import { sha256 } from './hash.ts';
import { fault, ok, type Result } from './result.ts';

export const keyTypes = ['rsa', 'ed25519'] as const;
export type KeyType = (typeof keyTypes)[number];

/**
 * RFC 8301 section 3.2: signers must use at least 1024 bits and should use 2048; receivers need not
 * read more than 4096.
 */
export const rsaBits = { min: 1024, advised: 2048, max: 8192 } as const;

/** The longest key text that is read. The largest key, RSA with 8192 bits, has 6,400 characters. */
const privateKeyOctetsMax = 16_384;

export type PrivateKey = {
  readonly type: KeyType;
  /** 256 for Ed25519. */
  readonly bits: number;
  /**
   * The value of `p=` in a DKIM key record: base64 of SubjectPublicKeyInfo (RSA) or of the 32
   * octets (Ed25519, RFC 8463 section 4.2).
   */
  readonly publicKey: string;
  /**
   * Signs the SHA-256 digest of `data`, as RFC 6376 and RFC 8463 require. It works on the thread
   * pool, calls back once and later, and never throws.
   */
  sign(data: Buffer, done: (fault: Error | undefined, signature: Buffer) => void): void;
};

export type PrivateKeyFault = {
  readonly kind: 'unreadable' | 'encrypted' | 'unsupported' | 'weak';
  /**
   * A sentence about the key without its subject, such as "is encrypted with a passphrase". It
   * never contains a part of the key.
   */
  readonly text: string;
};

/**
 * Reads a key in PEM (PKCS#1, PKCS#8) or in one line of base64. The base64 may be the Ed25519 seed
 * (as dkimpy writes it), seed and public key (as rspamd does), or DER.
 */
export function openPrivateKey(text: string): Result<PrivateKey, PrivateKeyFault> {
  if (text.length > privateKeyOctetsMax) return wrong('unreadable', 'is too long for a key');
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    return wrong(
      'encrypted',
      'is encrypted with a passphrase, which nobody can type when Postern starts',
    );
  }
  if (/^-----BEGIN (?:RSA )?PUBLIC KEY-----/m.test(text)) {
    return wrong('unsupported', 'is a public key; a private key is needed');
  }
  const key = /-----BEGIN /.test(text) ? fromPem(text) : fromBase64(text);
  if (key === undefined) return wrong('unreadable', 'is not a private key in PEM or base64');
  return fromObject(key);
}

/** Makes a new key pair on the thread pool, and returns the private half as PKCS#8 PEM. */
export async function makeKeyPair(type: KeyType, bits: number = rsaBits.advised): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const done = (error: Error | null, _: unknown, key: KeyObject): void => {
    if (error !== null) reject(error);
    else resolve(key.export({ type: 'pkcs8', format: 'pem' }).toString());
  };
  if (type === 'rsa') generateKeyPair('rsa', { modulusLength: bits }, done);
  else generateKeyPair('ed25519', {}, done);
  return promise;
}

function fromObject(key: KeyObject): Result<PrivateKey, PrivateKeyFault> {
  if (key.asymmetricKeyType === 'ed25519') {
    const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
    const publicKey = Buffer.from(x, 'base64url').toString('base64');
    return ok({ type: 'ed25519', bits: 256, publicKey, sign: signer(key, 'ed25519') });
  }
  if (key.asymmetricKeyType !== 'rsa') {
    return wrong(
      'unsupported',
      `is of type ${key.asymmetricKeyType}; DKIM has only rsa and ed25519`,
    );
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < rsaBits.min) {
    return wrong('weak', `has ${bits} bits; no receiver accepts less than ${rsaBits.min}`);
  }
  if (bits > rsaBits.max) {
    return wrong('unsupported', `has ${bits} bits; receivers need not read more than 4096`);
  }
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return ok({
    type: 'rsa',
    bits,
    publicKey: spki.toString('base64'),
    sign: signer(key, 'rsa'),
  });
}

function signer(key: KeyObject, type: KeyType): PrivateKey['sign'] {
  return (data, done) => {
    const answer = (error: Error | null, signature: Buffer): void =>
      done(error ?? undefined, signature);
    // RFC 8463 section 3: Ed25519 signs the digest.
    if (type === 'ed25519') signOnPool(null, sha256(data), key, answer);
    else signOnPool('sha256', data, key, answer);
  };
}

function fromPem(text: string): KeyObject | undefined {
  return attempt(() => createPrivateKey({ key: text, format: 'pem' }));
}

/** The octets before the 32 octets of a seed in PKCS#8 (RFC 8410 section 7). */
const ed25519Pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function fromBase64(text: string): KeyObject | undefined {
  const bare = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]{40,}={0,2}$/.test(bare)) return undefined;
  const bytes = Buffer.from(bare, 'base64');
  if (bytes.length === 32 || bytes.length === 64) {
    const der = Buffer.concat([ed25519Pkcs8, bytes.subarray(0, 32)]);
    const key = attempt(() => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    if (bytes.length === 32 || key === undefined) return key;
    const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
    // The second half must be the public key of the first.
    return Buffer.from(x, 'base64url').equals(bytes.subarray(32)) ? key : undefined;
  }
  return (
    attempt(() => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })) ??
    attempt(() => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs1' }))
  );
}

function attempt(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    // OpenSSL's messages do not help an operator, and might quote the file.
    return undefined;
  }
}

function wrong(
  kind: PrivateKeyFault['kind'],
  text: string,
): { readonly ok: false; readonly error: PrivateKeyFault } {
  return fault({ kind, text });
}
