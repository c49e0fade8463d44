/** A key that signs for a domain, as a signer needs it, wherever the key is stored. */

/** RFC 6376 section 3.3 and RFC 8463. rsa-sha1 is neither made nor accepted any more (RFC 8301). */
export const dkimAlgorithms = ['rsa-sha256', 'ed25519-sha256'] as const;
export type DkimAlgorithm = (typeof dkimAlgorithms)[number];

export type SigningKey = {
  /** In lower case, A-labels. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  /**
   * Signs the SHA-256 digest of `data` on the thread pool. Calls back once and later; never throws.
   */
  sign(data: Buffer, done: (fault: Error | undefined, signature: Buffer) => void): void;
};

/** The algorithm that keys of a type use. */
export function algorithmOf(type: 'rsa' | 'ed25519'): DkimAlgorithm {
  return `${type}-sha256`;
}
