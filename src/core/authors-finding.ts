/** What was found about the authors of a message; src/core/authors/ decides. Types only. */
import type { UnsignedWhy } from './signing/choose.ts';

/**
 * from: an author. sender: in Sender, Resent-From or Resent-Sender. name: in a display name or a
 * comment. The last two never decide which key signs.
 */
export type AuthorPlace = 'from' | 'sender' | 'name';

/** An address that the account may not use, or of which nobody can say now. */
export type ForeignAuthor = {
  readonly address: string;
  readonly place: AuthorPlace;
  readonly kind: 'foreign' | 'unknown';
  readonly source: string;
};

/** What was found about the authors of a message. */
export type AuthorsFinding = {
  /** Why no key signs it; undefined if a key may. */
  readonly unsigned: UnsignedWhy | undefined;
  /** Addresses of domains that have keys here; the first few. */
  readonly foreign: readonly ForeignAuthor[];
  /** The author that decided; empty if none did. */
  readonly author: string;
  /** It is to be held: `signing.foreign`. */
  readonly holds: boolean;
};
