/** `postern completion`: prints the script by which a shell completes the words of `postern`. */
import { Argument, type Command } from 'commander';
import { helpAfter } from '../terminal/help.ts';
import { print } from '../terminal/print.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { type WordPlace, wordPlaces } from './places.ts';
import { zshScript } from './zsh.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const scripts: Readonly<Record<Shell, (places: readonly WordPlace[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** `whole`: the program with every command. */
export function completionScript(shell: Shell, whole: Command): string {
  return scripts[shell](wordPlaces(whole));
}

export function register(program: Command, whole: () => Promise<Command>): void {
  program
    .command('completion')
    .description(
      'Prints a script that completes commands, options and their values in a shell. ' +
        '`postern install` puts the scripts where each shell finds them. The script does not ' +
        'ask the guard, so it completes no accounts and no queue ids.',
    )
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['source <(./postern completion bash)', 'for this shell only, also in zsh'],
          ['./postern completion fish | source', ''],
        ],
        exits: [
          [0, 'done'],
          [64, 'not one of these shells'],
        ],
      }),
    )
    .action(async (shell: Shell, _options: unknown, command: Command) => {
      print(command, completionScript(shell, await whole()));
    });
}
