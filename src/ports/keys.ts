/**
 * Files and DNS zones of DKIM keys, as the flow that looks after the keys uses them
 * (flow/signing/key-keeper.ts). Types only.
 */
import type { Account } from '../core/account-name.ts';
import type { DkimKey, Sighting } from '../core/signing/key.ts';
import type { SigningKey } from '../formats/dkim/signing-key.ts';
import type { Millis } from '../lib/time.ts';

/** Facts about a private key, without the key itself. */
export type KeyFacts = Pick<DkimKey, 'algorithm' | 'bits' | 'publicKey' | 'file'>;

/** Private keys in files. Throws OperatorError: `key-file` if a file is unusable, `key-exists`. */
export type KeyFiles = {
  readonly folder: string;
  /** Makes a new pair of keys, which is on the disk before this resolves. */
  make(key: Pick<DkimKey, 'domain' | 'selector' | 'algorithm' | 'bits'>): Promise<KeyFacts>;
  /** Facts about a key whose file was put into the folder. */
  facts(key: Pick<DkimKey, 'domain' | 'selector'>): KeyFacts;
  /** Reads a key, again only if its file has changed. Also throws if the file has another key. */
  open(key: DkimKey): SigningKey;
  delete(key: DkimKey): void;
};

/** DNS, as far as keys need it. */
export type KeyZone = {
  /** Looks at what the authoritative servers show. Never rejects. */
  look(key: DkimKey): Promise<Sighting>;
  /** Can Postern change the zone of this domain? */
  canSend(domain: string): boolean;
  /** Time to live of the key's record when it is sent or shown, in seconds. */
  ttlOf(key: Pick<DkimKey, 'use'>): number;
  /** Sets the record to the key or its revocation, or removes it. Rejects if the zone refuses. */
  send(key: DkimKey, record: 'key' | 'revoked' | 'nothing'): Promise<void>;
};

/** What a suspension does with the probation keys of its account. */
export type AccountKeys = {
  /**
   * Revokes the keys that the account got until then. Resolves when their records were sent; what
   * could not be done is done again later. Never rejects.
   */
  revoke(account: Account, until: Millis): Promise<void>;
  /**
   * Publishes again what was revoked since then: it was a false alarm. Answers with why it could
   * not; undefined if it did.
   */
  restore(account: Account, since: Millis): Promise<string | undefined>;
};
