/**
 * How another signer signs, as its configuration says: which key for which From address. An import
 * asks it the same questions as Postern, so that nothing is left out without a word. Types only.
 */

/** Where a private key is. `elsewhere`: in a place that cannot be read, such as a database. */
export type KeyPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'elsewhere'; readonly where: string };

/** A private key that another signer uses, and the names under which it is published. */
export type ConfiguredKey = {
  readonly domain: string;
  readonly selector: string;
  readonly key: KeyPlace;
};

/** An address in From. */
export type AuthorAddress = { readonly user: string; readonly host: string };

/** A domain in From that the configuration speaks of. */
export type SignedFrom = {
  /** `*.example.org`: any domain below; `*`: any domain at all. */
  readonly host: string;
  /** The only local part of which mail is signed; undefined for any. */
  readonly user: string | undefined;
};

export type SignerSetup = {
  /** The signatures that mail of this author gets: none, one, or several. */
  signaturesOf(author: AuthorAddress): readonly ConfiguredKey[];
  readonly froms: readonly SignedFrom[];
  /** Settings that work differently in Postern: a sentence each. */
  readonly notes: readonly string[];
  /** What was not understood, so that keys or domains may be missing: a sentence each. */
  readonly gaps: readonly string[];
};

/** What a configuration may ask of the disk. Reports nothing: who asks says what is missing. */
export type SetupFiles = {
  /** Undefined if the file cannot be read. */
  text(path: string): string | undefined;
  /** Names in a folder, sorted; undefined if it cannot be read. */
  names(folder: string): readonly string[] | undefined;
};

/** Local part and host with which `*.` and `*` are tried; nobody has them. */
export const madeUp = { user: 'postern-import', host: 'postern-import.invalid' } as const;

/** An author to try for this From: made up where it says "any". */
export function authorFor({ host, user }: SignedFrom): AuthorAddress {
  const name = host.startsWith('*.') ? `${madeUp.user}${host.slice(1)}` : host;
  return { user: user ?? madeUp.user, host: host === '*' ? madeUp.host : name };
}
