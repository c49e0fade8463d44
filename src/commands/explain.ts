/**
 * `postern explain ID`: why a message got its verdict, in sentences with numbers, and what undoes
 * it.
 */
import type { Command } from 'commander';
import { openReads } from './guard/reads.ts';
import { explainText } from './held/held-text.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from './terminal/help.ts';
import { print, warn } from './terminal/print.ts';

type Options = { readonly state?: string; readonly json?: true };

export function register(program: Command): void {
  program
    .command('explain')
    .summary('why a message got its verdict')
    .description(
      'Tells what was done with a message and why: each reason with what was seen and what is usual, and how much it ' +
        'weighs (evidence of 1 holds a message, 2.5 suspends its account).',
    )
    .argument('<id>', 'its queue id, from the mail log; or the id on the status page')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object: story and message')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern explain 4bXm2R7hQzz2', '']],
        exits: [[0, 'told'], [67, 'nothing is known of that id (any more)'], exitCodes.notRunning],
        notes:
          'Reasons are kept for 180 days, plain passes for 14 (settings ledger.keep_stories and keep_messages). Where\n' +
          'the guard does not run, its ledger is read instead.',
      }),
    )
    .action(async (id: string, options: Options, command: Command) => {
      using reads = await openReads(options.state, (text) => warn(command, text));
      const found = await reads.explain(id);
      print(command, options.json === true ? jsonLine(found) : explainText(found));
    });
}
