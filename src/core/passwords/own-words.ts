/**
 * What an attacker tries first for this account: its login, its name, its domain and organisation,
 * as words. Pure.
 */

export type Person = {
  readonly account: string;
  /** Full name, from GECOS, `cn` or a comment; may be empty. */
  readonly name: string;
  /** Organisation, where the source has one. */
  readonly organisation: string;
};

/** John takes that many words of an account too; a long GECOS field is no better for being long. */
const wordsMax = 12;
const wordLengthMax = 32;

/** Without doubles, the likeliest first. Top-level domains and `mail` say nothing of anybody. */
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
