/** `postern held`: lists, shows, releases and drops messages in Postfix's hold queue. */
import { type Command, InvalidArgumentError } from 'commander';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { type HeldState, heldStates } from '../../ports/ledger.ts';
import { act } from '../guard/act.ts';
import { openReads } from '../guard/reads.ts';
import { askedFor, cutAt, tellCut } from '../terminal/cut.ts';
import { exitCodes, fromLedger, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { mayDrop } from '../terminal/may-drop.ts';
import { listLimitOption, queueIdOption, queueIdsOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { heldListText, heldText, incomingText } from './held-text.ts';

type Common = { readonly state?: string; readonly json?: true };
type ListOptions = Common & {
  readonly account?: string;
  readonly was?: HeldState;
  readonly limit: number;
};
type WhichOptions = Common & { readonly account?: string; readonly yes?: true };

const { done, notRunning, nothingToRead } = exitCodes;
const notDone = [
  1,
  'no such message is held, or the queue tools failed; the error says which',
] as const;
const unknown = [67, 'no message with that id was ever held'] as const;

export function register(program: Command): void {
  const held = program
    .command('held')
    .summary('list, show, release, drop held messages')
    .description(
      "Held messages wait in Postfix's own hold queue until you release or drop them. There " +
        'is no time limit. An id is the queue id that the mail log and `postqueue -p` show.',
    );
  list(held);
  show(held);
  release(held);
  drop(held);
}

function list(held: Command): void {
  held
    .command('list')
    .summary('what is held now')
    .description('Lists held messages, newest first.')
    .option('--account <name>', 'show only messages of this account')
    .option(
      '--was <state>',
      'held, released, dropped, or gone (removed outside Postern)',
      heldState,
      'held',
    )
    .option('--limit <n>', 'show at most N messages', listLimitOption, 100)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern held list', ''],
          ['postern held list --account joe@example.org --was dropped', ''],
        ],
        exits: [done, nothingToRead],
        notes:
          `${fromLedger} Mail that came in and waits, or is in quarantine, is listed below held ` +
          'mail; `held release` and `held drop` do not change it.',
      }),
    )
    .action(async (options: ListOptions, command: Command) => {
      using reads = await openReads(options.state, (text) => warn(command, text));
      const found = await reads.held({
        state: options.was ?? 'held',
        limit: askedFor(options.limit),
        ...(options.account === undefined ? {} : { account: options.account }),
      });
      const { isCut, shown: rows } = cutAt(found, options.limit);
      // Mail that came in has no account, and other commands.
      const isAll = options.account === undefined && (options.was ?? 'held') === 'held';
      const incoming = isAll
        ? [
            ...(await reads.inbound({ state: 'waiting', limit: options.limit })),
            ...(await reads.inbound({ state: 'quarantined', limit: options.limit })),
          ]
        : [];
      print(
        command,
        options.json === true
          ? jsonLine([...rows, ...incoming.map((row) => ({ ...row, why: 'incoming' }))])
          : heldListText(rows) + incomingText(incoming),
      );
      if (!isCut) return;
      const total = isAll ? (await reads.counts()).held : undefined;
      tellCut(command, options, { shown: rows.length, total, what: 'held messages' });
    });
}

function heldState(text: string): HeldState {
  const state = heldStates.find((one) => one === text);
  if (state === undefined) {
    throw new InvalidArgumentError(`It must be ${heldStates.join(', ')}.`);
  }
  return state;
}

function show(held: Command): void {
  held
    .command('show')
    .summary('one held message and why it is held')
    .description(
      'Shows a held message: account, time, recipients, reasons, and how to deliver or delete it.',
    )
    .argument('<id>', 'its queue id', queueIdOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern held show 4bXn9K2pWzz9', ''],
          ['postcat -q 4bXn9K2pWzz9', 'as root: show the message itself'],
        ],
        exits: [done, unknown, nothingToRead],
        notes: fromLedger,
      }),
    )
    .action(async (id: string, options: Common, command: Command) => {
      using reads = await openReads(options.state, (text) => warn(command, text));
      const found = await reads.heldOne(id);
      print(command, options.json === true ? jsonLine(found) : heldText(found));
    });
}

function release(held: Command): void {
  const command = held
    .command('release')
    .summary('deliver held messages')
    .description(
      'Releases held messages: Postfix tries to deliver them at once. Postern does not judge ' +
        'them again, and you cannot call them back. The state of the account does not change; ' +
        'see `postern accounts release`.',
    )
    .argument('[ids...]', 'queue ids', queueIdsOption)
    .option('--account <name>', 'all held messages of this account')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern held release 4bXn9K2pWzz9 4bXm2R7hQzz2', ''],
          ['postern held release --account press@example.org', ''],
        ],
        exits: [done, notDone, notRunning],
      }),
    );
  command.action(async (ids: readonly string[], options: WhichOptions) => {
    const which = whichOf(ids, options.account);
    await act(command, options, '/held/release', which);
  });
}

function drop(held: Command): void {
  const command = held
    .command('drop')
    .summary('delete held messages for good')
    .description(
      'Deletes held messages from the queue. Neither sender nor recipient is told, and you ' +
        'cannot get them back. On a terminal the command asks first; elsewhere it needs --yes.',
    )
    .argument('[ids...]', 'queue ids', queueIdsOption)
    .option('--account <name>', 'all held messages of this account')
    .option('--yes', 'do not ask')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern held drop 4bXn9K2pWzz9', ''],
          ['postern held drop --account joe@example.org --yes', ''],
        ],
        exits: [done, notDone, [64, 'not on a terminal, and no --yes'], notRunning],
      }),
    );
  command.action(async (ids: readonly string[], options: WhichOptions) => {
    const which = whichOf(ids, options.account);
    if (options.yes !== true) await mayDrop(ids, options.account);
    await act(command, options, '/held/drop', which);
  });
}

/** The guard accepts at most this many ids in one request. */
const idsMax = 1_000;

function whichOf(
  ids: readonly string[],
  account: string | undefined,
): { readonly ids: readonly string[] } | { readonly account: string } {
  if (account !== undefined && ids.length === 0) return { account };
  if (account === undefined && ids.length > 0 && ids.length <= idsMax) return { ids };
  const text =
    ids.length > idsMax
      ? `${ids.length} ids are too many for one command: give at most ${idsMax}`
      : 'give either queue ids or --account NAME';
  throw new OperatorError('which-held', text, { exit: sysexits.usage });
}
