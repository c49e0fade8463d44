/** `postern providers list` and `show`: what each provider does with our mail, and why. */
import type { Command } from 'commander';
import { providerTyped } from '../../core/deliverability/providers.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import { openReads } from '../guard/reads.ts';
import { exitCodes, fromLedger, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { laneListText, laneText } from './lanes-text.ts';

type Common = { readonly state?: string; readonly json?: true };

const shownMs = 7 * dayMs;

export function laneCommands(providers: Command): void {
  providers
    .command('list')
    .summary('all providers: healthy, slowed, blocked or unknown')
    .description(
      'Lists how each provider treats our mail now, since when and why; replies that no rule ' +
        'knows; and how near each From domain is to the rules for bulk senders.',
    )
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object: lanes, newReplies, bulk, unread')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern providers list', '']],
        exits: [exitCodes.done, exitCodes.nothingToRead],
        notes: fromLedger,
      }),
    )
    .action(async ({ json, state }: Common, command: Command) => {
      using reads = await openReads(state, (text) => warn(command, text));
      const list = await reads.lanes();
      print(command, json === true ? jsonLine(list) : laneListText(list, Date.now()));
    });
  providers
    .command('show')
    .summary('one provider: its words, what to do, what happened')
    .description(
      'Shows one provider: the reply that decided, in its words, what to do, which account ' +
        'caused most of the bad replies, the changes and the replies of the last 7 days.',
    )
    .argument(
      '<provider>',
      'id as the list shows it, such as google; or a name or domain, such as gmail.com',
    )
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON array: standing, changes, samples, replies')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern providers show google', '']],
        exits: [exitCodes.done, [67, 'nothing was sent to this provider'], exitCodes.nothingToRead],
        notes: fromLedger,
      }),
    )
    .action(async (provider: string, { json, state }: Common, command: Command) => {
      using reads = await openReads(state, (text) => warn(command, text));
      const now = Date.now();
      const lanes = await reads.provider(providerTyped(provider), (now - shownMs) as Millis);
      print(
        command,
        json === true ? jsonLine(lanes) : lanes.map((one) => laneText(one, now)).join('\n'),
      );
    });
}
