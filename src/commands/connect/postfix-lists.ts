/** Reads lists in Postfix's parameters: words, files, and tables that postmap(1) can list. */
import { readFile } from 'node:fs/promises';
import { programOutput } from '../../partners/program.ts';

/** Entries of a list, and its parts that cannot be listed. */
export type Listed = { readonly found: readonly string[]; readonly unread: readonly string[] };

/** Tables whose keys postmap(1) can list. */
const listable = /^(?:hash|btree|lmdb|cdb|dbm|sdbm|texthash):/;

export function wordsOf(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter((word) => word !== '');
}

/** A name, the names in a file, or the keys of a table; undefined if they cannot be listed. */
export async function listEntries(
  word: string,
  configDirectory: string,
): Promise<readonly string[] | undefined> {
  if (word.startsWith('/')) return firstWords((await readFile(word, 'latin1')).split('\n'));
  return word.includes(':') ? keysOf(word, configDirectory) : [word];
}

/** The keys of a table; undefined if it cannot be listed. */
export async function keysOf(
  table: string,
  configDirectory: string,
): Promise<readonly string[] | undefined> {
  if (!listable.test(table)) return undefined;
  const lines = await programOutput({
    program: '/usr/sbin/postmap',
    args: ['-c', configDirectory, '-s', table],
    signal: AbortSignal.timeout(20_000),
    errors: 'complaint',
  });
  return firstWords(lines);
}

function firstWords(lines: readonly string[]): readonly string[] {
  const words = lines.map((line) => line.trim().split(/\s+/)[0] ?? '');
  return words.filter((word) => word !== '' && !word.startsWith('#'));
}
