/** Prints text of a command where the program prints, so that tests can read it. */
import type { Command, OutputConfiguration } from 'commander';
import { jsonLine } from './help.ts';

/** How a program prints: also text in which nothing is changed. */
export type OwnOutput = OutputConfiguration & { readonly writeData?: (text: string) => void };

const esc = '\u001b';
/** Our colours (terminal/table.ts) and line ends; else what could change what a terminal shows. */
const controls: RegExp = new RegExp(
  `(${esc}\\[(?:0|1|2|31|32|33)m|\\r?\\n|\\t)|` +
    '[\\p{Cc}\\p{Zl}\\p{Zp}\\u202a-\\u202e\\u2066-\\u2069]',
  'gu',
);

/**
 * The last line of defence for text that is printed: words of strangers are made plain where they
 * enter a text, and what was forgotten there moves no cursor here.
 */
export function harmless(text: string): string {
  return text.replace(controls, (_, ours?: string) => ours ?? '?');
}

/** On standard output. Commands in the text are printed as they work here. */
export function print(command: Command, text: string): void {
  command.configureOutput().writeOut?.(text);
}

/** On standard output, unchanged: for text that another program reads, or a file. */
export function printExactly(command: Command, text: string): void {
  const output: OwnOutput = command.configureOutput();
  (output.writeData ?? output.writeOut)?.(text);
}

/** On standard error, beside the output. */
export function warn(command: Command, text: string): void {
  command.configureOutput().writeErr?.(text);
}

/**
 * Runs what shows its steps as text; the changes of files among them are printed as they are. With
 * --json its report is printed, and nothing else.
 */
export async function printReport(
  command: Command,
  { json }: { readonly json?: boolean },
  run: (show: (text: string) => void) => Promise<unknown>,
): Promise<void> {
  const report = await run((text) => {
    if (json === true) return;
    if (text.startsWith('--- ')) printExactly(command, text);
    else print(command, text);
  });
  if (json === true) print(command, jsonLine(report));
}
