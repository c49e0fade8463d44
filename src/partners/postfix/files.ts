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

export type FilesNow = { readonly files: readonly string[]; readonly state: string };

/** Files with their state now. */
export async function filesNow(files: readonly string[]): Promise<FilesNow> {
  return { files, state: await fileState(files) };
}

/** A list of files that grows while it is read: three times, and the next look reads again. */
const readsMax = 3;

/**
 * What `read` finds, and the state that its files had before: if one changes meanwhile, its state
 * is another at the next look. `known`: files and their state now. Reads again if there are other
 * files. Rejects if the first reading fails; if a later one does, the next look reads again.
 */
export async function readWithState<Found extends { readonly files: readonly string[] }>(
  known: FilesNow,
  read: () => Promise<Found>,
): Promise<{ readonly found: Found; readonly state: string }> {
  let { files: before, state } = known;
  let found = await read();
  for (let nth = 2; nth <= readsMax && !areSame(before, found.files); nth++) {
    before = found.files;
    state = await fileState(before);
    try {
      found = await read();
    } catch {
      return { found, state: '' };
    }
  }
  return { found, state: areSame(before, found.files) ? state : '' };
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  const [one, other] = [new Set(some), new Set(others)];
  return one.size === other.size && one.isSubsetOf(other);
}
