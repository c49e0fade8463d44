/** How commands are written in what this run prints, so that they can be pasted and work. */
import { type OwnCommand, ownCommandLine, usualCommand } from '../../core/own-command.ts';

let current: OwnCommand = usualCommand;

export function ownCommand(): OwnCommand {
  return current;
}

/** Call it once, before anything is printed. */
export function setOwnCommand(command: OwnCommand): void {
  current = command;
}

/** A command that works in this terminal: `own('accounts', 'show', name)`. */
export function own(...words: readonly string[]): string {
  return ownCommandLine(current, ...words);
}
