/** `postern forget`: removes a person's address from what Postern remembers. */
import type { Command } from 'commander';
import { act } from './guard/act.ts';
import { exitCodes, helpAfter, stateHelp } from './terminal/help.ts';

type Options = { readonly state?: string; readonly json?: true; readonly dryRun?: true };

const { done, notRunning } = exitCodes;
const notDone = [1, 'not everything could be removed; the error says why'] as const;

export function register(program: Command): void {
  program
    .command('forget')
    .argument('<address>', 'the mail address of the person')
    .summary("remove a person's address from what Postern remembers")
    .description(
      'Removes the address as recipient and sender of all messages of the last days (`postern ' +
        'find`), with the subjects of mail from it and to it; in the ledger as a recipient that ' +
        'accounts know, as an author that was seen, in the reasons of verdicts, in incidents and ' +
        'in notices. The audit trail says that an address was removed, not which.',
    )
    .option('--dry-run', 'only say how many rows would change')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern forget anna@example.org --dry-run', 'how much it is'],
          ['sudo postern forget anna@example.org', ''],
        ],
        exits: [done, notDone, notRunning],
        notes:
          'Not removed: the log and the queue of the mail server, held mail, backups, notices\n' +
          'that were sent, an account of this name, and rules and declarations that name\n' +
          'the address. Mail that comes later is recorded anew.',
      }),
    )
    .action(async (address: string, options: Options, command: Command) => {
      const dryRun = options.dryRun === true;
      await act(command, options, '/forget', { address, dryRun });
    });
}
