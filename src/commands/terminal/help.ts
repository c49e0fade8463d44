/** Makes the lower half of a command's help: notes, examples and exit codes. */
import { ownAdvice } from '../../core/own-command.ts';
import { hasEpochTimes, jsonTime } from './json-times.ts';
import { ownCommand } from './own-command.ts';

export const stateHelp =
  'state folder of the guard (default: .state beside the program, else /var/lib/postern)';

/** A note of commands that also answer without the guard. */
export const fromLedger: string =
  'If the guard is not running, the command reads its ledger instead.';

/** Exit codes with the same meaning in every command that asks the guard. */
export const exitCodes = {
  done: [0, 'done'],
  notRunning: [69, 'the guard is not running, or it cannot be asked'],
  nothingToRead: [69, 'no guard is running, and there is no ledger to read'],
} as const;

export type HelpAfter = {
  /** A command line, and a remark about it. */
  readonly examples: readonly (readonly [string, string])[];
  readonly exits: readonly (readonly [number, string])[];
  /** A paragraph between options and examples. */
  readonly notes?: string;
};

const indent = 2;
const gap = 3;

export function helpAfter({ examples, exits, notes }: HelpAfter): string {
  const widest = Math.max(...examples.map(([line, about]) => (about === '' ? 0 : line.length)));
  const shown = examples.map(([line, about]) =>
    about === '' ? line : `${line.padEnd(widest + gap)}${about}`,
  );
  const codes = exits.map(([code, meaning]) => `${String(code).padStart(2)}  ${meaning}`);
  const sections = [
    ...(notes === undefined ? [] : [`\n${notes}`]),
    section('Examples', shown),
    section('Exit codes', codes),
  ];
  return sections.join('\n');
}

function section(title: string, lines: readonly string[]): string {
  return [`\n${title}:`, ...lines.map((line) => ' '.repeat(indent) + line)].join('\n');
}

/** What stands below the options of a command's help, taken apart. */
export type HelpParts = {
  /** Paragraphs; their lines are broken by hand. */
  readonly notes: readonly string[];
  readonly sections: readonly {
    readonly title: string;
    /** The left side of a line, and the remark or meaning on its right side. */
    readonly lines: readonly (readonly [string, string])[];
  }[];
};

/** Reads what `helpAfter` wrote, for pages that show the same text in another form. */
export function helpParts(text: string): HelpParts {
  const notes: string[] = [];
  const sections: HelpParts['sections'][number][] = [];
  for (const block of text.replace(/^\n+|\s+$/g, '').split(/\n{2,}/)) {
    const [first = '', ...rest] = block.split('\n');
    const title = /^([A-Z][^.:]*):$/.exec(first)?.[1];
    const exits = /^([A-Z][^.:]*codes?) .*:$|^(Exit codes):$/.test(first);
    const isSection = exits || (title !== undefined && title.split(' ').length <= 2);
    if (isSection && rest.every((line) => line.startsWith(' '))) {
      const lines = exits ? exitLines(rest) : rest.map(twoColumns);
      sections.push({ title: exits ? 'Exit codes' : (title ?? first), lines });
    } else if (block !== '') notes.push(block);
  }
  return { notes, sections };
}

function twoColumns(line: string): readonly [string, string] {
  const [left = '', right = ''] = line.trim().split(/ {3,}(.*)/);
  return [left, right];
}

/** One code on a line, or several that are three spaces apart. */
function exitLines(lines: readonly string[]): readonly (readonly [string, string])[] {
  return lines
    .flatMap((line) => line.trim().split(/ {3,}/))
    .map((entry) => {
      const [, code = '', meaning = ''] = /^(\d+) +(.*)$/.exec(entry) ?? [];
      return [code, meaning] as const;
    });
}

/**
 * A value as `--json` prints it: times as RFC 3339, commands in advice as they work here. Programs
 * that were written for version 0.1 set POSTERN_JSON_TIMES=epoch, and get milliseconds since 1970.
 */
export function jsonLine(value: unknown): string {
  const advice = ownAdvice(ownCommand());
  const withTimes = hasEpochTimes() ? (_: string, one: unknown) => one : jsonTime;
  return `${JSON.stringify(value, (key, one) => withTimes(key, advice(key, one)))}\n`;
}
