/** Reads lists in Postfix's parameters: words, files, and tables that postmap(1) can list. */
import { readFile } from 'node:fs/promises';
import { asciiDomain } from '../../formats/message/author-domains.ts';
import { programOutput } from '../program.ts';

/** Entries of a list, and its parts that cannot be listed. */
export type Listed = { readonly found: readonly string[]; readonly unread: readonly string[] };
export type TableEntry = { readonly key: string; readonly value: string };

/** Tables whose entries postmap(1) can list. */
const listable = /^(?:proxy:)?((?:hash|btree|lmdb|cdb|dbm|sdbm|texthash|inline):.*)$/s;
const postmapMs = 20_000;

/** The words of a list; a part in braces is one word with what is before it. */
export function wordsOf(value: string): readonly string[] {
  return value.match(/(?:\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|[^\s,])+/g) ?? [];
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
  return (await tableEntries(table, configDirectory))?.map(({ key }) => key);
}

/** What postalias(1) adds to each table for NIS and Sendmail: no address has these names. */
const madeKeys = new Set(['YP_LAST_MODIFIED', 'YP_MASTER_NAME', '@']);

/** Keys and values of a table; undefined if it cannot be listed. */
export async function tableEntries(
  table: string,
  configDirectory: string,
): Promise<readonly TableEntry[] | undefined> {
  const name = listable.exec(table)?.[1];
  if (name === undefined) return undefined;
  const lines = await postmap(configDirectory, ['-s', name]);
  return lines.flatMap((line) => {
    const [, key, value] = /^\s*(\S+)\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined || key.startsWith('#')) return [];
    return madeKeys.has(key) ? [] : [{ key, value }];
  });
}

/** The domain of myorigin, which may be a file with the name, as on Debian; empty without one. */
export async function mailOrigin(value: string, configDirectory: string): Promise<string> {
  const names = await listEntries(value, configDirectory).catch(() => undefined);
  return asciiDomain(names?.[0] ?? '') ?? '';
}

/**
 * What a table answers to a key; undefined if nothing. Rejects if Postfix cannot ask the table, for
 * example because this user may not read it.
 */
export async function lookUp(
  table: string,
  key: string,
  configDirectory: string,
): Promise<string | undefined> {
  // A missing entry ends postmap with 1 and says nothing; an error is on stderr.
  const lines = await postmap(configDirectory, ['-q', key, table.replace(/^proxy:/, '')], [1]);
  const complaint = lines.find((line) => line.startsWith('postmap: '));
  if (complaint !== undefined) throw new Error(complaint);
  return lines[0];
}

function postmap(
  configDirectory: string,
  args: readonly string[],
  fine: readonly number[] = [],
): Promise<readonly string[]> {
  return programOutput({
    program: '/usr/sbin/postmap',
    args: ['-c', configDirectory, ...args],
    signal: AbortSignal.timeout(postmapMs),
    errors: fine.length > 0 ? 'lines' : 'complaint',
    fine,
  });
}

function firstWords(lines: readonly string[]): readonly string[] {
  const words = lines.map((line) => line.trim().split(/\s+/)[0] ?? '');
  return words.filter((word) => word !== '' && !word.startsWith('#'));
}
