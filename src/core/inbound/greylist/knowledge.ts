/**
 * What is remembered about those who write to us. Names are hashed by whoever stores them; entries
 * are bounded, and the longest unseen one is forgotten first.
 */
import { addressKey } from '../../../formats/message/address.ts';
import type { Millis } from '../../../lib/time.ts';

/**
 * Kinds of entries. Stored as the place in this list: append only.
 *
 * `domain`, `network`: delivered mail here that the content filter liked. A domain counts only if
 * SPF or DKIM proved it. `written-to`: someone here has written to this address (or to
 * `@domain`). `message-id`: of our own mail, with its author (ownMessageName). `missed`: was put
 * off and came on another day. `allowed`: the operator lists it. `spam-domain`, `spam-network`:
 * sent what the content filter called spam. `answered`: an account here has sent this address an
 * automatic answer. `sent`: an envelope sender here has sent mail to an address (sentName).
 * `came-forged`, `came-spam`: Message-ID of mail that came in and gets no automatic answer.
 */
export const knownKinds = [
  'domain',
  'network',
  'written-to',
  'message-id',
  'missed',
  'allowed',
  'spam-domain',
  'spam-network',
  'answered',
  'sent',
  'came-forged',
  'came-spam',
] as const;
export type KnownKind = (typeof knownKinds)[number];
/** Kinds that mail which leaves makes. */
export const sentKinds = ['message-id', 'sent'] as const;
export type SentKind = (typeof sentKinds)[number];
/** All others, which are counted. */
export type CountedKind = Exclude<KnownKind, SentKind>;

export const isSentKind = (kind: KnownKind): kind is SentKind =>
  kind === 'message-id' || kind === 'sent';

export type Known = {
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  /** How often it was seen; it stops at knownTimesMax. */
  readonly times: number;
};
export const knownTimesMax = 65_535;

export type InboundKnowledge = {
  find(kind: KnownKind, name: string): Known | undefined;
  /** Makes an entry, or counts it once more. */
  see(kind: KnownKind, name: string, at: Millis): void;
  forget(kind: CountedKind, name: string): void;
};

/**
 * A Message-ID counts only for mail to the address that wrote the message: everyone can read
 * Message-IDs in the archives of mailing lists.
 */
export const ownMessageName = (id: string, author: string): string => `${id} ${addressKey(author)}`;

/** A mail server that cannot deliver tells the envelope sender about the recipient. */
export const sentName = (sender: string, recipient: string): string =>
  `${addressKey(sender)} ${addressKey(recipient)}`;

/** Mail that was put off with a 451; or what was put off of one sender, as a whole. */
export type Deferral = {
  readonly firstAt: Millis;
  readonly lastAt: Millis;
  /** From then on it is accepted. */
  readonly until: Millis;
  readonly tries: number;
  /** When it was accepted; 0: not yet. */
  readonly returnedAt: Millis;
};

export type Deferrals = {
  find(key: string): Deferral | undefined;
  put(key: string, deferral: Deferral): void;
};
