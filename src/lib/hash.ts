/** Hashes: a quick one of short texts, and SHA-256. */
import { createHash, type Hash, hash } from 'node:crypto';
import { assert } from './assert.ts';

/**
 * A 53-bit hash of a short text, a number that both JavaScript and SQLite hold exactly. It has two
 * multiplicative lanes with a final mix. It is not cryptographic; the seed (random per ledger)
 * keeps outsiders from preparing collisions.
 */
export function hash53(text: string, seed: number): number {
  let high = 0x9e3779b9 ^ seed;
  let low = 0x85ebca6b ^ seed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x5bd1e995) ^ (low >>> 15);
  }
  high = mix(high ^ low);
  low = mix(low ^ Math.imul(high, 0x27d4eb2f));
  return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}

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

/** Octets of a block of SHA-256. */
const blockBytes = 64;

/**
 * HMAC-SHA-256 (RFC 2104) with one key, many times. node:crypto makes a key object for each call,
 * which costs more than the digest. The key has at most a block.
 */
export function hmacSha256(key: Buffer): (text: string) => Buffer {
  assert(key.length <= blockBytes, 'the key has at most a block');
  const pad = (by: number): Buffer => {
    const block = Buffer.alloc(blockBytes, by);
    for (const [place, octet] of key.entries()) block[place] = octet ^ by;
    return block;
  };
  const [inner, outer] = [pad(0x36), pad(0x5c)];
  return (text) =>
    sha256(Buffer.concat([outer, sha256(Buffer.concat([inner, Buffer.from(text)]))]));
}

/** The digest of bytes that are all there. */
export function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}
