/** SHA-256 of bytes that come in pieces or all at once. */
import { createHash, type Hash, hash } from 'node:crypto';

/** A digest that is being computed. */
export type Sha256 = {
  /** Reads the bytes before it returns, so they may be overwritten afterwards. */
  update(bytes: Buffer): void;
  /** A copy of the digest so far, which continues independently. */
  copy(): Sha256;
  /** Finishes the digest. */
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

/** The digest of bytes that are all there. */
export function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}
