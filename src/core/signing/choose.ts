/**
 * Chooses the domain that signs a message: the author's domain if it has keys, else the nearest
 * parent that has, else what the operator's table says, else this server's own identity. Pure.
 *
 * DMARC counts a signature only if its domain is the author's or belongs to the same organisation.
 * So a parent's signature helps DMARC, and the server's own does not: it only gives receivers a
 * name that can earn a reputation.
 */
export type SigningRules = {
  /**
   * From domain to signing domain, both in A-labels and lower case. `*.example.org` matches every
   * domain below it; the nearest entry counts. `off`: not signed.
   */
  readonly domains: ReadonlyMap<string, string>;
  /** Domain that signs what no other key signs; empty if none does. */
  readonly identity: string;
};

export const noRules: SigningRules = { domains: new Map(), identity: '' };

/**
 * author: a key of the From domain itself. parent: a key of a domain above it. table: as
 * `[signing.domains]` says. identity: the server's own key.
 */
export type ChosenBy = 'author' | 'parent' | 'table' | 'identity';

/**
 * no-from: the message names no author. no-key: no domain of an author has a key. off: the operator
 * turned signing off for the domain. foreign: its account may not write as one of the authors.
 * unknown: the mail server's tables could not be asked whether it may. passed-on: a program that
 * may write as everybody passed on mail of somebody else. long-from: From has more than is read.
 */
export const unsignedWhys = [
  'no-from',
  'no-key',
  'off',
  'foreign',
  'unknown',
  'passed-on',
  'long-from',
] as const;
export type UnsignedWhy = (typeof unsignedWhys)[number];

export type Choice<Key> =
  | {
      readonly kind: 'sign';
      /** The author's domain that the signature is for; empty if the message has none. */
      readonly author: string;
      /** The domain of the keys. */
      readonly domain: string;
      readonly by: ChosenBy;
      readonly keys: readonly Key[];
    }
  | { readonly kind: 'unsigned'; readonly author: string; readonly why: UnsignedWhy };

/** `authors`: domains in From, in order. `keysOf`: the keys that may sign for a domain now. */
export function chooseKeys<Key>(
  authors: readonly string[],
  rules: SigningRules,
  keysOf: (domain: string) => readonly Key[],
): Choice<Key> {
  let off: Choice<Key> | undefined;
  for (const author of authors) {
    const found = forAuthor(author, rules, keysOf);
    if (found?.kind === 'sign') return found;
    off ??= found;
  }
  if (off !== undefined) return off;
  const author = authors[0] ?? '';
  const domain = rules.identity;
  const keys = domain === '' ? [] : keysOf(domain);
  if (keys.length > 0) return { kind: 'sign', author, domain, by: 'identity', keys };
  return { kind: 'unsigned', author, why: author === '' ? 'no-from' : 'no-key' };
}

/** Would a key of the author's own choice sign, not only that of the server's identity? */
export function isSignedHere<Key>(
  author: string,
  rules: SigningRules,
  keysOf: (domain: string) => readonly Key[],
): boolean {
  return forAuthor(author, rules, keysOf)?.kind === 'sign';
}

/**
 * Might DMARC call these domains of one organisation? That needs a list of public suffixes or the
 * DNS (RFC 9989 section 4.10), so all are that share two labels, those of `co.uk` too.
 */
export function mayBeRelated(one: string, other: string): boolean {
  return lastTwo(one) === lastTwo(other);
}

function lastTwo(domain: string): string {
  const dot = domain.lastIndexOf('.');
  return domain.slice(dot <= 0 ? 0 : domain.lastIndexOf('.', dot - 1) + 1);
}

/** Walks up from the author's domain. At each step the table counts before the keys. */
function forAuthor<Key>(
  author: string,
  { domains }: SigningRules,
  keysOf: (domain: string) => readonly Key[],
): Choice<Key> | undefined {
  for (let above = author; above !== ''; above = parent(above)) {
    const named = domains.get(above === author ? author : `*.${above}`);
    if (named === 'off') return { kind: 'unsigned', author, why: 'off' };
    const domain = named ?? above;
    const keys = keysOf(domain);
    if (keys.length === 0) continue;
    const own = above === author ? 'author' : 'parent';
    return { kind: 'sign', author, domain, by: named === undefined ? own : 'table', keys };
  }
  return undefined;
}

function parent(domain: string): string {
  const dot = domain.indexOf('.');
  return dot < 0 ? '' : domain.slice(dot + 1);
}
