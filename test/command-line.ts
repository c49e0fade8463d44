/** Command lines run in this process, with what they print: for tests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { RunFile } from '../src/commands/guard/run-file.ts';
import { runCommandLine } from '../src/commands/program.ts';

export type Ran = { readonly exit: number; readonly out: string; readonly err: string };

// Commands colour their text and ask questions on a terminal. Tests may be started from one.
for (const stream of [process.stdin, process.stdout, process.stderr]) stream.isTTY = false;
// As in a shell that does not export it: each row of a table is one line.
delete process.env['COLUMNS'];

// A command says by it how it ended, and here all tests are one process.
after(() => {
  process.exitCode = undefined;
});

/** `words` as after `postern`. */
export async function postern(...words: readonly string[]): Promise<Ran> {
  let out = '';
  let err = '';
  const exit = await runCommandLine(words, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { exit, out: usual(out, words), err: usual(err, words) };
}

/**
 * Without colours, and with hints as for a guard with the usual folder: tests run each in another
 * one. test/integration/hints.test.ts runs hints as they are printed.
 */
function usual(text: string, words: readonly string[]): string {
  return withoutOwnOptions(stripVTControlCharacters(text), words);
}

/** The commands in the text without the folders and files that `words` named. */
export function withoutOwnOptions(text: string, words: readonly string[]): string {
  const named = words.flatMap((word, at) =>
    ['--state', '--config', '--config-dir'].includes(word) ? [`${word} ${words[at + 1]}`] : [],
  );
  return named.length === 0
    ? text
    : text.replace(
        /postern((?: --(?:state|config|config-dir) \S+)+)(?= [a-z])/g,
        (all, options: string) =>
          named.reduce((rest, one) => rest.replace(` ${one}`, ''), options) === ''
            ? 'postern'
            : all,
      );
}

export type StateFolder = { readonly path: string; [Symbol.asyncDispose](): Promise<void> };

/** A state folder as a running guard leaves it: with run.json, of this process. */
export async function stateFolder(run?: Omit<RunFile, 'pid' | 'owner'>): Promise<StateFolder> {
  const path = await mkdtemp(join(tmpdir(), 'postern-commands-'));
  if (run !== undefined) {
    await writeFile(join(path, 'run.json'), JSON.stringify({ pid: process.pid, ...run }));
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
