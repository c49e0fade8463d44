/** The lower half of a command's help: examples and exit codes, laid out alike everywhere. */

export const stateHelp = 'folder where the guard keeps its things (default: where one runs)';

/** Exit codes that mean the same in each command that asks the guard. */
export const exitCodes = {
  done: [0, 'done'],
  notRunning: [69, 'the guard does not run, or its http door is off'],
} as const;

export type HelpAfter = {
  /** A command line, and what to know about it. */
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

/** What `--json` prints. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
