/**
 * Which domain signs a message: the domain of its author if it has keys, else the nearest parent
 * that has, else what the operator's table says, else this server's own identity, else none. Pure.
 *
 * DMARC counts a signature only where its domain is the author's or shares its organisation. So a
 * parent's signature helps, and the server's own does not: it only gives the message a name to have
 * a reputation by.
 */
export type SigningRules = {
  /**
   * From domain to signing domain, both in A-labels and lower case. `*.example.org` stands for all
   * below it, the nearest counts. `off`: not signed.
   */
  readonly domains: ReadonlyMap<string, string>;
  /** Signs what no other key signs; empty: nothing does. */
  readonly identity: string;
};

export const noRules: SigningRules = { domains: new Map(), identity: '' };

/**
 * author: a key of the From domain itself. parent: of one above it. table: as `[signing.domains]`
 * says.
 */
export type ChosenBy = 'author' | 'parent' | 'table' | 'identity';

/**
 * no-from: nobody is named as its author. no-key: none of its authors' domains has one. off: the
 * operator said so.
 */
export type UnsignedWhy = 'no-from' | 'no-key' | 'off';

export type Choice<Key> =
  | {
      readonly kind: 'sign';
      /**
       * The author's domain for whose sake it is signed; empty where it is by the server's own
       * identity alone.
       */
      readonly author: string;
      /** The domain of the keys. */
      readonly domain: string;
      readonly by: ChosenBy;
      readonly keys: readonly Key[];
    }
  | { readonly kind: 'unsigned'; readonly author: string; readonly why: UnsignedWhy };

/**
 * `authors`: domains in From, in their order. `keysOf`: the keys that may sign for a domain now.
 */
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

/**
 * From the domain itself upwards, as far as there is a name; at each, the table before the keys.
 */
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
