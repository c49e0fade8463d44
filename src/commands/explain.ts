/** `postern explain ID`: says why a message got its verdict, and which command undoes it. */
import type { Command } from 'commander';
import { fateText } from './find/fate-text.ts';
import { openReads } from './guard/reads.ts';
import { explainText } from './held/held-text.ts';
import { inboundText, isInQueue } from './inbound/inbound-text.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from './terminal/help.ts';
import { print, warn } from './terminal/print.ts';

type Options = { readonly state?: string; readonly json?: true };

export function register(program: Command): void {
  program
    .command('explain')
    .summary('why a message got its verdict, and its outcome')
    .description(
      'Says what Postern did with a message and why: each reason with what was seen, what is ' +
        'normal, and its weight (from 1 on a message is held; from 2.5 on, with a second kind of ' +
        'evidence, its account is suspended). Then what became of the message: how often it was ' +
        'tried, when it was delivered, and the last reply of the other server.',
    )
    .argument('<id>', 'queue id from the mail log, or the id on the status page')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object: story, message, fate, incoming')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern explain 4bXm2R7hQzz2', '']],
        exits: [
          [0, 'done'],
          [67, 'no message with this id is known, or it was too long ago'],
          exitCodes.nothingToRead,
        ],
        notes:
          'Postern remembers reasons for 180 days, messages that passed for 14 days, and what\n' +
          'became of messages for 7 days (settings ledger.keep_stories, ledger.keep_messages,\n' +
          'messages.keep). If the guard is not running, the command reads its files instead.\n' +
          'To look for a message by address, subject or Message-ID: postern find.',
      }),
    )
    .action(async (id: string, options: Options, command: Command) => {
      using reads = await openReads(options.state, (text) => warn(command, text));
      const incoming = await reads.inboundOne(id);
      if (incoming === undefined) {
        const found = await reads.explain(id);
        print(command, options.json === true ? jsonLine(found) : explainText(found));
        return;
      }
      // The mail log may say nothing about it yet.
      const found = await reads.explain(id).catch(() => undefined);
      const outcome = found?.fate === undefined ? '' : `\n${fateText(found.fate)}`;
      const text = inboundText(incoming) + (isInQueue(incoming) ? '' : outcome);
      print(command, options.json === true ? jsonLine({ ...found, incoming }) : text);
    });
}
