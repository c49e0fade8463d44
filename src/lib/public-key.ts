/** Reads public keys as DKIM key records hold them (`p=`), and verifies signatures with them. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { sha256 } from './hash.ts';
import { type KeyType, rsaBits } from './private-key.ts';
import { fault, ok, type Result } from './result.ts';

/**
 * The largest exponent that is accepted; real ones are 3 or 65537. A key made to waste its readers'
 * time has an exponent as long as the key.
 */
const rsaExponentMax = 2n ** 32n;

export type PublicKey = {
  readonly type: KeyType;
  readonly bits: number;
  /**
   * The key in the one form in which Postern publishes it, as `PrivateKey.publicKey`. Two records
   * with the same key have the same text here, whichever form their `p=` has.
   */
  readonly publicKey: string;
  /**
   * Whether `signature` was made over the SHA-256 digest of `data` with the private half. Never
   * throws.
   */
  verifies(data: Buffer, signature: Buffer): boolean;
};

/** Reads `p=` (base64, white space removed). The fault is a sentence without its subject. */
export function openPublicKey(p: string, type: KeyType): Result<PublicKey, string> {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(p)) return fault('is not base64');
  const bytes = Buffer.from(p, 'base64');
  return type === 'rsa' ? rsa(bytes) : ed25519(bytes);
}

function rsa(bytes: Buffer): Result<PublicKey, string> {
  // RFC 6376 section 3.6.1 names RSAPublicKey, but its examples and all programs use
  // SubjectPublicKeyInfo.
  const key = spki(bytes) ?? attempt(bytes, 'pkcs1');
  if (key === undefined) return fault('cannot be read: it is cut off, or not a key');
  if (key.asymmetricKeyType !== 'rsa') return fault(`is for ${key.asymmetricKeyType}, not rsa`);
  const { modulusLength: bits = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (bits > rsaBits.max)
    return fault(`has ${bits} bits, more than the ${rsaBits.max} that are read`);
  if (publicExponent > rsaExponentMax) return fault('has an exponent longer than 32 bits');
  return ok({
    type: 'rsa',
    bits,
    publicKey: key.export({ type: 'spki', format: 'der' }).toString('base64'),
    verifies: (data, signature) => holds(key, 'sha256', data, signature),
  });
}

function ed25519(bytes: Buffer): Result<PublicKey, string> {
  if (bytes.length !== 32) {
    return fault(`has ${bytes.length} octets where Ed25519 has 32 (RFC 8463: the bare key)`);
  }
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return ok({
    type: 'ed25519',
    bits: 256,
    publicKey: bytes.toString('base64'),
    verifies: (data, signature) => holds(key, null, sha256(data), signature),
  });
}

function holds(key: KeyObject, digest: 'sha256' | null, data: Buffer, signature: Buffer): boolean {
  try {
    return verify(digest, data, key, signature);
  } catch {
    // The signature has the wrong length, or OpenSSL does not accept the key after all.
    return false;
  }
}

function spki(bytes: Buffer): KeyObject | undefined {
  return attempt(bytes, 'spki');
}

function attempt(bytes: Buffer, type: 'spki' | 'pkcs1'): KeyObject | undefined {
  try {
    return createPublicKey({ key: bytes, format: 'der', type });
  } catch {
    return undefined;
  }
}
