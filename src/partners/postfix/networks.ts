/**
 * Turns Postfix's mynetworks into rules of formats/postfix/network-list.ts, in the same order:
 * networks, networks in files, and addresses that are keys of a table. Host names, cidr: and pcre:
 * tables and databases cannot be listed and are left out, which is safe. After an exclusion that
 * cannot be listed (`!cidr:…`) nothing more is used, because it may exclude all of the rest.
 */
import { parseNetworkRule } from '../../formats/postfix/network-list.ts';
import { type Listed, wordsOf } from './lists.ts';

export type NetworkLists = {
  /** The text of a file. */
  file(path: string): Promise<string>;
  /** Keys of a table such as `hash:/etc/postfix/clients`; undefined if it cannot be listed. */
  keys(table: string): Promise<readonly string[] | undefined>;
};

/** Depth of files that name files. Postfix has no limit; real files are not this deep. */
const depthMax = 5;

export async function clientNetworks(mynetworks: string, lists: NetworkLists): Promise<Listed> {
  const found: string[] = [];
  const unread: string[] = [];
  /** The words in a file, or the complete addresses in a table. */
  const inside = async (word: string): Promise<readonly string[] | undefined> => {
    if (word.startsWith('/')) {
      const lines = (await lists.file(word)).split('\n');
      return lines.filter((line) => !line.startsWith('#')).flatMap(wordsOf);
    }
    // Postfix looks up the client's complete address, so other keys of a table never match.
    const keys = word.includes(':') ? await lists.keys(word) : undefined;
    return keys?.filter((key) => !/[!/]/.test(key) && parseNetworkRule(key) !== undefined);
  };
  /** Answers whether the words after this one may be used. */
  const take = async (word: string, not: boolean, depth: number): Promise<boolean> => {
    if (word.startsWith('!')) return take(word.slice(1), !not, depth);
    const whole = not ? `!${word}` : word;
    if (parseNetworkRule(whole) !== undefined) {
      found.push(whole);
      return true;
    }
    const words = depth < depthMax ? await inside(word).catch(() => undefined) : undefined;
    if (words === undefined) {
      unread.push(whole);
      return !not;
    }
    for (const one of words) if (!(await take(one, not, depth + 1))) return false;
    return true;
  };
  for (const word of wordsOf(mynetworks)) if (!(await take(word, false, 0))) break;
  return { found, unread };
}
