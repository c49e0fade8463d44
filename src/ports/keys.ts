/**
 * DKIM keys: what the flow that looks after them (flow/signing-keys.ts) asks of the world. Types
 * only.
 */
import type { DkimKey, Sighting } from '../core/signing/key.ts';
import type { SigningKey } from '../formats/dkim/signing-key.ts';

/** What a private key is, without it. */
export type KeyFacts = Pick<DkimKey, 'algorithm' | 'bits' | 'publicKey' | 'file'>;

/**
 * Private keys in files. Throws OperatorError: `key-file` for one that cannot be used,
 * `key-exists`.
 */
export type KeyFiles = {
  readonly folder: string;
  /** A new pair, on the disk before this answers. */
  make(key: Pick<DkimKey, 'domain' | 'selector' | 'algorithm' | 'bits'>): Promise<KeyFacts>;
  /** Of a key whose file was put there: what it is. */
  facts(key: Pick<DkimKey, 'domain' | 'selector'>): KeyFacts;
  /**
   * Read once, and again when the file has changed. Throws also where it is another key than this
   * one.
   */
  open(key: DkimKey): SigningKey;
  delete(key: DkimKey): void;
};

/** The DNS as far as keys need it. */
export type KeyZone = {
  /** What the authoritative servers show. Never rejects. */
  look(key: DkimKey): Promise<Sighting>;
  /** Can its zone be changed from here? */
  canSend(domain: string): boolean;
  /** Of records that are sent or shown. */
  readonly ttlSeconds: number;
  /**
   * Has the record be the key, its revocation, or nothing. Rejects where the update was not taken.
   */
  send(key: DkimKey, record: 'key' | 'revoked' | 'nothing'): Promise<void>;
};
