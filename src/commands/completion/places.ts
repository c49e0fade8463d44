/**
 * What can be typed after which words: read from the commands themselves, for the scripts that
 * complete them in a shell. Pure.
 */
import type { Command, Option } from 'commander';

/** What an option takes: nothing, one of some words, a file, a folder, or free text. */
export type Takes = 'nothing' | 'file' | 'folder' | 'text' | readonly string[];

export type WordOption = {
  /** `--state`, `-w`. */
  readonly names: readonly string[];
  readonly about: string;
  readonly takes: Takes;
};

export type WordPlace = {
  /** The words before it without `postern`: empty, `held`, `held list`. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly about: string }[];
  readonly options: readonly WordOption[];
  /** A file may follow. */
  readonly files: boolean;
  /** One of these may follow. */
  readonly choices: readonly string[];
};

/** Every place, the first one for what follows `postern`. */
export function wordPlaces(whole: Command): readonly WordPlace[] {
  const places: WordPlace[] = [];
  walk(whole, [], places);
  return places;
}

/** A script quotes nothing but about texts, so words must be plain. */
const plainWord = /^[A-Za-z0-9][\w./-]*$/;

function walk(command: Command, above: readonly string[], places: WordPlace[]): void {
  const given = command.registeredArguments;
  places.push({
    path: above.join(' '),
    words: command.commands.map((sub) => ({ word: sub.name(), about: firstSentence(sub) })),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionOf), help],
    files: given.some((argument) => /^(?:files?|path|script)$/.test(argument.name())),
    choices: given
      .flatMap(({ argChoices = [] }) => argChoices)
      .filter((one) => plainWord.test(one)),
  });
  for (const sub of command.commands) walk(sub, [...above, sub.name()], places);
}

const help: WordOption = { names: ['--help', '-h'], about: 'display help', takes: 'nothing' };

function optionOf(option: Option): WordOption {
  const names = [option.long, option.short].filter((name) => name !== undefined);
  return { names, about: oneLine(option.description), takes: takenBy(option) };
}

function takenBy({ argChoices, flags, optional, required }: Option): Takes {
  if (!required && !optional) return 'nothing';
  if (argChoices !== undefined) return argChoices.filter((one) => plainWord.test(one));
  const what = /[<[]([\w/=-]+)/.exec(flags)?.[1] ?? '';
  if (what === 'dir') return 'folder';
  return what === 'file' || what === 'path' ? 'file' : 'text';
}

function firstSentence(command: Command): string {
  if (command.summary() !== '') return oneLine(command.summary());
  return oneLine(command.description()).split(/\.(?:\s|$)/)[0] ?? '';
}

/** Short enough to stand beside a word, and without anything that could end a line. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= 70 ? line : `${line.slice(0, 69)}…`;
}

/** `'text'` for a POSIX shell. */
export function inQuotes(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
