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
