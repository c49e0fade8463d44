/** `postern man`: prints a manual page, made from the help of the commands. */
import type { Command } from 'commander';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { helpAfter } from '../terminal/help.ts';
import { print } from '../terminal/print.ts';
import { manPages, pageNamed } from './pages.ts';

export function register(program: Command, whole: () => Promise<Command>): void {
  program
    .command('man')
    .description(
      'Prints a manual page for man(1). `postern install` puts all pages where man(1) finds ' +
        'them: postern(1), one page for each command, and postern.toml(5).',
    )
    .argument('[page]', 'a command such as held, or postern.toml (default: postern)')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern man held | man -l -', 'read it'],
          ['postern man postern.toml | man -l -', 'all settings'],
        ],
        exits: [
          [0, 'done'],
          [64, 'there is no such page'],
        ],
      }),
    )
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const pages = manPages(await whole());
      const page = pageNamed(pages, name ?? 'postern');
      if (page === undefined) {
        throw new OperatorError('no-page', `there is no manual page ${name}`, {
          hint: `there are: ${pages.map((one) => one.name.replace('postern-', '')).join(', ')}`,
          exit: sysexits.usage,
        });
      }
      print(command, page.text);
    });
}
