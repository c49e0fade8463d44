/**
 * How another signer signs, as its configuration says: which key for which From address. An import
 * asks it the same questions as Postern, so that nothing is left out without a word. Pure.
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

/** One thing that another signer allows about who may have which domain signed. */
export type Allowance = {
  /** The setting and its value, as in the file. */
  readonly setting: string;
  /** What it means there: a sentence without a full stop. */
  readonly allowed: string;
  /**
   * same: Postern does the same. declared: it does with declarations for `networks`. narrower: it
   * signs less. wider: it signs more. cannot: what it meant cannot be read or kept.
   */
  readonly becomes: 'same' | 'declared' | 'narrower' | 'wider' | 'cannot';
  /** What Postern does: a sentence without a full stop. */
  readonly here: string;
  /** Clients that may write as every domain that is signed: addresses and networks. */
  readonly networks: readonly string[];
};

export type SignerSetup = {
  /** The signatures that mail of this author gets: none, one, or several. */
  signaturesOf(author: AuthorAddress): readonly ConfiguredKey[];
  readonly froms: readonly SignedFrom[];
  /** Who might have what signed, in the order of the settings' weight. */
  readonly allowed: readonly Allowance[];
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

/** Entries of lists of clients, in parts; longer lists are cut. */
export const clientsMax = 1_000;

/** Words about logins that both signers share. */
export const loginsAsAny: Pick<Allowance, 'allowed' | 'becomes' | 'here' | 'networks'> = {
  allowed: 'a login may write as any domain that has a key',
  becomes: 'narrower',
  here:
    'Postern signs mail of a login for its own domain, for addresses that the mail server gives ' +
    'it, and for what you declare. To sign mail of all accounts that Postern knows for 14 days ' +
    'and get a list of what to declare: postern accounts may-write-as --observe 14d',
  networks: [],
};

/** The command that shows what is proposed for what sends without a login. */
export const proposed = 'To see what is proposed: postern connect authors --dry-run';

/** Words about programs of this machine that both signers share. */
export const programsAsAny: Pick<Allowance, 'allowed' | 'becomes' | 'here' | 'networks'> = {
  allowed: 'programs of this machine may write as any domain that has a key',
  becomes: 'narrower',
  here: `Postern signs mail of scripts and programs for what you declare. ${proposed}`,
  networks: [],
};

/** Clients that both signers let write as any domain; nothing without clients. */
export function clientsAsAny(setting: string, networks: readonly string[]): readonly Allowance[] {
  if (networks.length === 0) return [];
  return [
    {
      setting,
      allowed: `${networks.join(', ')} may write as any domain that has a key`,
      becomes: 'declared',
      here:
        'Postern signs mail of these clients for the domains that you declare for them, if ' +
        'mynetworks lets them relay',
      networks,
    },
  ];
}
