/**
 * Manual pages and completion scripts below /usr/local/share, where man(1) and the shells look for
 * them. A file that does not have our mark belongs to somebody else and is left alone.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { completionScript, type Shell } from '../completion/completion.ts';
import { manMark, manPages } from '../man/pages.ts';
import type { InstallStep } from './step.ts';

const share = '/usr/local/share';
const manFolder = `${share}/man`;
const completions: readonly (readonly [Shell, string])[] = [
  ['bash', `${share}/bash-completion/completions/postern`],
  ['zsh', `${share}/zsh/site-functions/_postern`],
  ['fish', `${share}/fish/vendor_completions.d/postern.fish`],
];
/** In the first lines of every script. */
const scriptMark = 'Made by: postern completion ';
const ourPage = /^postern(?:-[a-z]+)?\.1$|^postern\.toml\.5$/;

export function helpFilesStep(root: string, whole: () => Promise<Command>): InstallStep {
  const text = `write manual pages and completion scripts to ${share}`;
  return {
    text,
    async run() {
      const program = await whole();
      const files = new Map<string, string>();
      for (const { name, section, text: page } of manPages(program)) {
        files.set(`${manFolder}/man${section}/${name}.${section}`, page);
      }
      for (const [shell, path] of completions) files.set(path, completionScript(shell, program));
      const others: string[] = [];
      for (const [path, wanted] of files) {
        if (!(await written(join(root, path), wanted))) others.push(path);
      }
      // A command of an earlier version.
      for (const path of await ourFiles(root)) {
        if (!files.has(path)) await rm(join(root, path));
      }
      return others.length === 0
        ? undefined
        : `${text}; not ours, left alone: ${others.join(', ')}`;
    },
  };
}

export function removeHelpFilesStep(root: string): InstallStep {
  return {
    text: 'remove manual pages and completion scripts',
    async run() {
      for (const path of await ourFiles(root)) await rm(join(root, path));
      return undefined;
    },
  };
}

/** False if another file is there. */
async function written(path: string, wanted: string): Promise<boolean> {
  const before = await textOf(path);
  if (before !== undefined && !isOurs(before)) return false;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  if (before === wanted) return true;
  // A name that leads elsewhere is replaced, not followed.
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  await writeFile(fresh, wanted, { mode: 0o644, flag: 'wx' });
  await rename(fresh, path);
  return true;
}

async function ourFiles(root: string): Promise<readonly string[]> {
  const found = completions.map(([, path]) => path);
  for (const folder of ['man1', 'man5'].map((name) => `${manFolder}/${name}`)) {
    const names = await readdir(join(root, folder)).catch(() => []);
    found.push(...names.filter((name) => ourPage.test(name)).map((name) => `${folder}/${name}`));
  }
  const ours: string[] = [];
  for (const path of found) {
    const text = await textOf(join(root, path));
    if (text !== undefined && isOurs(text)) ours.push(path);
  }
  return ours;
}

function isOurs(text: string): boolean {
  return text.startsWith(manMark) || text.slice(0, 200).includes(scriptMark);
}

/** Undefined if there is no such file. */
async function textOf(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
