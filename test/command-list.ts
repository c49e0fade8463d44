/** The commands that can be typed, with all their words: `accounts list`, `dkim import rspamd`. */
import type { Command } from 'commander';
import { commandNames, openProgram } from '../src/commands/program.ts';

export type TypedCommand = {
  readonly words: string;
  /** It takes --state DIR. */
  readonly state: boolean;
};

export async function typedCommands(): Promise<readonly TypedCommand[]> {
  const found: TypedCommand[] = [];
  for (const name of commandNames) {
    const program = await openProgram([name], { out() {}, err() {} });
    for (const command of program.commands) walk(command, '', found);
  }
  return found;
}

/** Commands that have others below them, and do something without one. */
function isCalledAlone(words: string): boolean {
  return words === 'checklist';
}

function walk(command: Command, before: string, found: TypedCommand[]): void {
  const words = `${before} ${command.name()}`.trim();
  const state = command.options.some(({ long }) => long === '--state');
  if (command.commands.length === 0 || isCalledAlone(words)) found.push({ words, state });
  for (const below of command.commands) walk(below, words, found);
}
