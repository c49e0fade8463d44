/** Files of Postfix (main.cf, tables): which a setting names, and whether they changed. */
import { stat } from 'node:fs/promises';

/** Files of a table or list, as Postfix and postmap(1) name them. */
export function filesOf(word: string): readonly string[] {
  const path = /^!?(?:[a-z]+:)*(\/[^\s{}]+)$/.exec(word)?.[1];
  return path === undefined ? [] : [path, ...['db', 'cdb', 'lmdb'].map((end) => `${path}.${end}`)];
}

/** Changes when one of the files does. */
export async function fileState(files: readonly string[]): Promise<string> {
  const states: string[] = [];
  for (const file of new Set(files)) {
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined) states.push(`${file} ${found.ino} ${found.size} ${found.mtimeMs}`);
  }
  return states.join('\n');
}

/** A list of files that grows while it is read: three times, and the next look reads again. */
const readsMax = 3;

/**
 * What `read` finds, and the state that its files had before: if one changes meanwhile, its state
 * is another at the next look. Reads again if there are other files than `known`.
 */
export async function readWithState<Found extends { readonly files: readonly string[] }>(
  known: readonly string[],
  read: () => Promise<Found>,
): Promise<{ readonly found: Found; readonly state: string }> {
  let files = known;
  for (let nth = 1; ; nth++) {
    const state = await fileState(files);
    const found = await read();
    if (nth === readsMax || files.join('\n') === found.files.join('\n')) return { found, state };
    files = found.files;
  }
}
