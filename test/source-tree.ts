/** The files of this project and what they import, for the tests of the house style. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';

const root: string = resolve(import.meta.dirname, '..');
/** Made by tools, or fetched. */
const notOurs = new Set(['node_modules', '.git', '.state', 'golden']);

function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (notOurs.has(entry.name)) return [];
    const path = posix.join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : entry.isFile() ? [path] : [];
  });
}

const tracked = ['src', 'test', 'bench', 'scripts', 'docs', 'packaging', '.ci', 'runtime'].flatMap(
  (folder) =>
    statSync(join(root, folder), { throwIfNoEntry: false }) === undefined ? [] : walk(folder),
);
const top = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isFile() && !notOurs.has(entry.name))
  .map(({ name }) => name);
export const files: readonly string[] = [...tracked, ...top];
export const read = (file: string): string => readFileSync(join(root, file), 'utf8');
export const code: readonly string[] = files.filter((file) => /\.(?:ts|js)$/.test(file));
export const source: readonly string[] = code.filter((file) => file.startsWith('src/'));
export const isTest = (file: string): boolean => /\.test\.ts$|-child\.ts$/.test(file);

/** Everything that a file imports: static, for its effects, or when it is asked for. */
export function imports(file: string): readonly string[] {
  const text = read(file);
  return [
    ...text.matchAll(/^\s*(?:import|export)\b[^;'"]*?\bfrom\s+['"]([^'"]+)['"]/gm),
    ...text.matchAll(/^\s*import\s+['"]([^'"]+)['"]/gm),
    ...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g),
  ].map(([, name = '']) => name);
}

export const target = (file: string, name: string): string =>
  relative(root, resolve(root, dirname(file), name)).replaceAll('\\', '/');

export function offences(
  among: readonly string[],
  wrong: (file: string) => readonly string[],
): readonly string[] {
  return among.flatMap((file) => wrong(file).map((what) => `${file}: ${what}`));
}
