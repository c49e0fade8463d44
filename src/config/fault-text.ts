/** Errors in a configuration file: the line, the value, and what was probably meant. Pure. */
import type { z } from 'zod';
import { withoutControls } from '../lib/peer-text.ts';
import { didYouMean, similarNames } from './near-names.ts';

type Path = readonly PropertyKey[];

/** `settings`: the keys of all settings, as `doors.milter`. */
export function issueText(
  issue: z.core.$ZodIssue,
  about: { readonly file: string; readonly text: string; readonly settings: readonly string[] },
): string {
  const { file, settings, text } = about;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .map((key) => {
        const line = lineOf(text, [...issue.path, key]);
        return `${place(file, line)}: ${unknownText(issue.path, key, settings)}`;
      })
      .join('\n');
  }
  const line = lineOf(text, issue.path);
  const value = line === undefined ? '' : valueAt(text, line, issue.path);
  const path = issue.path.join('.');
  const not = value === '' ? '' : `, not ${value}`;
  const meant = issue.code === 'invalid_value' ? meantText(value, issue.values) : '';
  return `${place(file, line)}: ${path}: ${issue.message}${not}${meant}`;
}

function place(file: string, line: number | undefined): string {
  return line === undefined ? file : `${file}, line ${line}`;
}

function unknownText(path: Path, key: string, settings: readonly string[]): string {
  const section = path.join('.');
  const where = section === '' ? '' : ` in [${section}]`;
  const start = section === '' ? '' : `${section}.`;
  const here = settings
    .filter((name) => name.startsWith(start))
    .map((name) => name.slice(start.length).split('.')[0] ?? '');
  const near = didYouMean(similarNames(key, here));
  const elsewhere = settings
    .filter((name) => name === key || name.endsWith(`.${key}`))
    .map((name) => name.slice(0, -key.length - 1))
    .map((table) => (table === '' ? 'it belongs before the first [section]' : `[${table}] has it`));
  const also = near === '' ? elsewhere.slice(0, 3).join(', ') : near;
  return `unknown setting ${key}${where}${also === '' ? '' : `; ${also}`}`;
}

function meantText(value: string, values: readonly unknown[]): string {
  const given = /^["'](.*)["']$/.exec(value)?.[1] ?? value;
  const near = didYouMean(similarNames(given, values.map(String)));
  return near === '' ? '' : `; ${near}`;
}

/** The line of a setting, from 1. Undefined if it is written in a way that this does not find. */
function lineOf(text: string, path: Path): number | undefined {
  const wanted = path.map(String);
  let section: readonly string[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const head = /^\s*\[{1,2}([^\]]+)\]/.exec(line)?.[1];
    if (head !== undefined) {
      section = wordsOf(head);
      if (isStart(wanted, section) && wanted.length === section.length) return at + 1;
      continue;
    }
    const key = /^\s*([\w."'-]+)\s*=/.exec(line)?.[1];
    if (key !== undefined && isStart(wanted, [...section, ...wordsOf(key)])) return at + 1;
  }
  return undefined;
}

/** A value inside a list or an inline table is in the line of the list. */
function isStart(path: readonly string[], start: readonly string[]): boolean {
  return start.length <= path.length && start.every((word, at) => word === path[at]);
}

function wordsOf(key: string): readonly string[] {
  return key.split('.').map((word) => word.trim().replace(/^(["'])(.*)\1$/, '$2'));
}

const shownMax = 60;

/** As it stands in the file. Empty for what may be a secret: errors go into logs. */
function valueAt(text: string, line: number, path: Path): string {
  if (/webhook|password|secret|token|url/i.test(path.join('.'))) return '';
  const [, value = ''] = /=\s*(.*?)\s*$/.exec(text.split('\n')[line - 1] ?? '') ?? [];
  const plain = withoutControls(value, ' ');
  return plain.length > shownMax ? `${plain.slice(0, shownMax)}…` : plain;
}
