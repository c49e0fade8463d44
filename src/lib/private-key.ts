/**
 * Private keys as signers' programs keep them, and signing on the thread pool. The key itself stays
 * inside a closure: whatever logs or prints a PrivateKey shows its public half.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign as signOnPool,
} from 'node:crypto';
import { fault, ok, type Result } from './result.ts';
import { sha256 } from './sha256.ts';

export const keyTypes = ['rsa', 'ed25519'] as const;
export type KeyType = (typeof keyTypes)[number];

/**
 * RFC 8301 section 3.2: signers must use at least 1024 bits and should use 2048; receivers need not
 * read more than 4096.
 */
export const rsaBits = { min: 1024, advised: 2048, max: 8192 } as const;

/** One file holds one key; the largest, RSA with 8192 bits, has 6,400 characters. */
const privateKeyOctetsMax = 16_384;

export type PrivateKey = {
  readonly type: KeyType;
  /** 256 for Ed25519. */
  readonly bits: number;
  /**
   * As it stands in `p=` of a DKIM key record: base64 of SubjectPublicKeyInfo (RSA) or of the 32
   * octets (RFC 8463).
   */
  readonly publicKey: string;
  /**
   * Signs the SHA-256 digest of `data`, as RFC 6376 and RFC 8463 want it. Asynchronous, on the
   * thread pool: calls back once, later, never throws.
   */
  sign(data: Buffer, done: (fault: Error | undefined, signature: Buffer) => void): void;
};

export type PrivateKeyFault = {
  readonly kind: 'unreadable' | 'encrypted' | 'unsupported' | 'weak';
  /**
   * A sentence about the key, without its subject: "is encrypted with a passphrase". Never has a
   * piece of the key.
   */
  readonly text: string;
};

/**
 * Reads a key: PEM (PKCS#1, PKCS#8), or one line of base64 (the seed of Ed25519 as dkimpy writes
 * it, seed and public key as rspamd does, or DER).
 */
export function openPrivateKey(text: string): Result<PrivateKey, PrivateKeyFault> {
  if (text.length > privateKeyOctetsMax) return wrong('unreadable', 'is too long for a key');
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    return wrong('encrypted', 'is encrypted with a passphrase, which nobody could type at a start');
  }
  if (/^-----BEGIN (?:RSA )?PUBLIC KEY-----/m.test(text)) {
    return wrong('unsupported', 'is the public half; the private one is wanted');
  }
  const key = /-----BEGIN /.test(text) ? fromPem(text) : fromBase64(text);
  if (key === undefined) return wrong('unreadable', 'is no private key in PEM or base64');
  return fromObject(key);
}

/** A new key pair, made on the thread pool: the private half as PKCS#8 PEM. */
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
    return wrong('unsupported', `is for ${key.asymmetricKeyType}, where DKIM has rsa and ed25519`);
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
    // RFC 8463 section 3: what Ed25519 signs is the digest.
    if (type === 'ed25519') signOnPool(null, sha256(data), key, answer);
    else signOnPool('sha256', data, key, answer);
  };
}

function fromPem(text: string): KeyObject | undefined {
  return attempt(() => createPrivateKey({ key: text, format: 'pem' }));
}

/** What stands before the 32 octets of a seed in PKCS#8 (RFC 8410 section 7). */
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
    // The second half must be the public key that goes with the first.
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
    // OpenSSL's own words tell an operator nothing, and might quote the file.
    return undefined;
  }
}

function wrong(
  kind: PrivateKeyFault['kind'],
  text: string,
): { readonly ok: false; readonly error: PrivateKeyFault } {
  return fault({ kind, text });
}
