/**
 * SHA-256, of what comes in pieces or is at hand: the only digest of DKIM that is still accepted
 * (RFC 8301).
 */
import { createHash, type Hash, hash } from 'node:crypto';

/** A digest under way. */
export type Sha256 = {
  /** Reads the bytes before it returns: they may be overwritten afterwards. */
  update(bytes: Buffer): void;
  /** The same digest so far, which from here on goes its own way. */
  copy(): Sha256;
  /** Ends it. */
  digest(): Buffer;
};

export function openSha256(): Sha256 {
  return around(createHash('sha256'));
}

function around(state: Hash): Sha256 {
  return {
    update: (bytes) => void state.update(bytes),
    copy: () => around(state.copy()),
    digest: () => state.digest(),
  };
}

/** Of bytes that are at hand. */
export function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}
