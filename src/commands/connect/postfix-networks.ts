/**
 * Postfix's mynetworks as rules of mail/network-list.ts, in their order: networks, those in files,
 * and addresses that are keys of a table. What cannot be listed is left out, which is safe: names
 * of hosts, cidr: and pcre: tables, databases. Behind an exclusion that cannot be listed
 * (`!cidr:…`) nothing is taken: it may take out all of that.
 */
import { parseNetworkRule } from '../../formats/postfix/network-list.ts';
import { type Listed, wordsOf } from './postfix-lists.ts';

export type NetworkLists = {
  /** Text of a file. */
  file(path: string): Promise<string>;
  /** Keys of a table such as `hash:/etc/postfix/clients`; undefined where it cannot be listed. */
  keys(table: string): Promise<readonly string[] | undefined>;
};

/** Files that name files. Postfix has no limit, and nobody goes this deep. */
const depthMax = 5;

export async function clientNetworks(mynetworks: string, lists: NetworkLists): Promise<Listed> {
  const found: string[] = [];
  const unread: string[] = [];
  /** The words of `word`, where it is a file; its whole addresses, where it is a table. */
  const inside = async (word: string): Promise<readonly string[] | undefined> => {
    if (word.startsWith('/')) {
      const lines = (await lists.file(word)).split('\n');
      return lines.filter((line) => !line.startsWith('#')).flatMap(wordsOf);
    }
    // Postfix asks a table for the client's whole address, so no other key is ever found.
    const keys = word.includes(':') ? await lists.keys(word) : undefined;
    return keys?.filter((key) => !/[!/]/.test(key) && parseNetworkRule(key) !== undefined);
  };
  /** Answers whether what stands behind it may be taken. */
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
      // A table in braces goes on in the next words, which are none of this list.
      return !not && !word.includes('{');
    }
    for (const one of words) if (!(await take(one, not, depth + 1))) return false;
    return true;
  };
  for (const word of wordsOf(mynetworks)) if (!(await take(word, false, 0))) break;
  return { found, unread };
}
