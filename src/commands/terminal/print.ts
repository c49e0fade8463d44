/** Prints text of a command where the program prints, so that tests can read it. */
import type { Command } from 'commander';

/** On standard output. */
export function print(command: Command, text: string): void {
  command.configureOutput().writeOut?.(text);
}

/** On standard error, beside the output. */
export function warn(command: Command, text: string): void {
  command.configureOutput().writeErr?.(text);
}
