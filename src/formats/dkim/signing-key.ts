/** A key that signs for a domain: what a signer needs of it, wherever it is kept. */

/** RFC 6376 section 3.3 and RFC 8463; rsa-sha1 is neither made nor accepted any more (RFC 8301). */
export const dkimAlgorithms = ['rsa-sha256', 'ed25519-sha256'] as const;
export type DkimAlgorithm = (typeof dkimAlgorithms)[number];

export type SigningKey = {
  /** In lower case, A-labels. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  /**
   * Signs the SHA-256 digest of `data`. Asynchronous (thread pool): calls back once, later; never
   * throws.
   */
  sign(data: Buffer, done: (fault: Error | undefined, signature: Buffer) => void): void;
};

/** The algorithm of keys of a type. */
export function algorithmOf(type: 'rsa' | 'ed25519'): DkimAlgorithm {
  return `${type}-sha256`;
}
