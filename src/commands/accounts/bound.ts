/** `postern accounts bound`: the most strangers that a thief of the password reaches unseen. */
import type { Command } from 'commander';
import { openReads } from '../guard/reads.ts';
import { exitCodes, fromLedger, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { boundText } from './bound-text.ts';

type Options = { readonly state?: string; readonly json?: true };

const { done, nothingToRead } = exitCodes;

export function registerBound(accounts: Command): void {
  accounts
    .command('bound')
    .summary('the most that a thief of the password reaches unseen')
    .description(
      'Shows the most strangers (people that the account has not written to before, and ' +
        'who have not written to it first) that ' +
        'anybody with the password of an account reaches in a day, a week and 30 days before ' +
        'mail is held or you are told, whatever they do: what each number comes from, what was ' +
        'reached until now, and what lowers it.',
    )
    .argument('<name>', 'name of the account, as `accounts list` shows it')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern accounts bound joe@example.org', '']],
        exits: [done, [67, 'there is no such account'], nothingToRead],
        notes: fromLedger,
      }),
    )
    .action(async (name: string, options: Options, command: Command) => {
      using reads = await openReads(options.state, (text) => warn(command, text));
      const { account } = await reads.account(name);
      const { account: key, bound, exemptUntil } = account;
      print(
        command,
        options.json === true
          ? jsonLine({ account: key, ...bound, exemptUntil })
          : boundText(account),
      );
    });
}
