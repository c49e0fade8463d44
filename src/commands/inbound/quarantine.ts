/** `postern quarantine`: mail that waited and looked like spam to the end. */
import type { Command } from 'commander';
import { act } from '../guard/act.ts';
import { openReads } from '../guard/reads.ts';
import { exitCodes, fromLedger, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { mayDrop } from '../terminal/may-drop.ts';
import { listLimitOption, queueIdsOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { aboutHelp, quarantineText } from './inbound-text.ts';

type Common = { readonly state?: string; readonly json?: true };

const { done, notRunning, nothingToRead } = exitCodes;
const notDone = [1, 'no such message is there, or the queue tools failed'] as const;

export function register(program: Command): void {
  const quarantine = program
    .command('quarantine')
    .summary('list, release, drop incoming mail in quarantine')
    .description(
      "Incoming mail that still looked like spam after its wait stays in Postfix's hold queue. " +
        'Its recipients are told once a day at most; what nobody asks for is deleted after ' +
        'some days ([inbound] in the configuration).',
    );
  list(quarantine);
  release(quarantine);
  drop(quarantine);
}

function list(quarantine: Command): void {
  quarantine
    .command('list')
    .summary('what is in quarantine')
    .description('Lists incoming mail in quarantine, with the time at which it will be deleted.')
    .option('--about <text>', aboutHelp)
    .option('--limit <n>', 'show at most N messages', listLimitOption, 100)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern quarantine list', ''],
          ['postern quarantine list --about ann@example.org', 'a recipient, or a sender'],
          ['postern inbound show 4bXn9K2pWzz9', 'why one of them is there'],
        ],
        exits: [done, nothingToRead],
        notes: fromLedger,
      }),
    )
    .action(async (options: Common & { limit: number; about?: string }, self: Command) => {
      const { about, limit } = options;
      using reads = await openReads(options.state, (text) => warn(self, text));
      const rows = await reads.inbound({
        state: 'quarantined',
        limit,
        ...(about === undefined ? {} : { about }),
      });
      print(self, options.json === true ? jsonLine(rows) : quarantineText(rows, limit));
    });
}

function release(quarantine: Command): void {
  const command = quarantine
    .command('release')
    .summary('deliver messages to their recipients')
    .description(
      'Delivers messages that wait or are in quarantine. Later mail of their senders need not ' +
        'wait again.',
    )
    .argument('<ids...>', 'queue ids', queueIdsOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern quarantine release 4bXn9K2pWzz9', '']],
        exits: [done, notDone, notRunning],
      }),
    );
  command.action(async (ids: readonly string[], options: Common) =>
    act(command, options, '/inbound/release', { ids }),
  );
}

function drop(quarantine: Command): void {
  const command = quarantine
    .command('drop')
    .summary('delete messages for good')
    .description(
      'Deletes messages that wait or are in quarantine. Nobody is told. On a terminal the ' +
        'command asks first; elsewhere it needs --yes.',
    )
    .argument('<ids...>', 'queue ids', queueIdsOption)
    .option('--yes', 'do not ask')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern quarantine drop 4bXn9K2pWzz9 --yes', '']],
        exits: [done, notDone, [64, 'not on a terminal, and no --yes'], notRunning],
      }),
    );
  command.action(async (ids: readonly string[], options: Common & { readonly yes?: true }) => {
    if (options.yes !== true) await mayDrop(ids, undefined);
    await act(command, options, '/inbound/drop', { ids });
  });
}
