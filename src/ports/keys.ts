/**
 * Files and DNS zones of DKIM keys, as the flow that looks after the keys uses them
 * (flow/signing/key-keeper.ts). Types only.
 */
import type { DkimKey, Sighting } from '../core/signing/key.ts';
import type { SigningKey } from '../formats/dkim/signing-key.ts';

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
  /** Time to live of records that are sent or shown. */
  readonly ttlSeconds: number;
  /** Sets the record to the key or its revocation, or removes it. Rejects if the zone refuses. */
  send(key: DkimKey, record: 'key' | 'revoked' | 'nothing'): Promise<void>;
};
