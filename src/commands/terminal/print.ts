/** Where a command's text goes: wherever the program's text goes, so that tests can read it. */
import type { Command } from 'commander';

/** What a command prints goes where its program prints. */
export function print(command: Command, text: string): void {
  command.configureOutput().writeOut?.(text);
}

/** A word beside the output, for whoever sits there. */
export function warn(command: Command, text: string): void {
  command.configureOutput().writeErr?.(text);
}
