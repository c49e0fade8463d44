/**
 * The words that an attacker tries first for an account: login, name, domain and organisation.
 * Pure.
 */

export type Person = {
  readonly account: string;
  /** Full name from GECOS, `cn` or a comment; may be empty. */
  readonly name: string;
  /** Empty if the source has no organisation. */
  readonly organisation: string;
};

/** Words of one account that are tried; John takes as many. Further words rarely help. */
const wordsMax = 12;
const wordLengthMax = 32;

/** Each word once, the likeliest first. Top-level domains and words such as `mail` are left out. */
export function ownWords({ account, name, organisation }: Person): readonly string[] {
  const [local = '', domain = ''] = account.split('@');
  const names = split(name);
  const initial = names[0]?.[0] ?? '';
  const last = names.at(-1) ?? '';
  const joined = names.length > 1 ? [names.join(''), `${initial}${last}`] : [];
  const found = [
    local,
    ...split(local),
    ...names,
    ...joined,
    ...domain.split('.').slice(0, -1),
    ...split(organisation),
  ];
  const words = found
    .map((word) => word.replace(/[^\p{L}\p{N}._-]/gu, '').slice(0, wordLengthMax))
    .filter((word) => word.length > 1 && !dull.has(word.toLowerCase()));
  return [...new Set(words)].slice(0, wordsMax);
}

const dull = new Set(['mail', 'www', 'co', 'com', 'net', 'org', 'the', 'and']);

function split(text: string): readonly string[] {
  return text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}
