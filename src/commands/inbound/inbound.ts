/** `postern inbound`: mail that comes in and waited, and who never waits. */
import { type Command, InvalidArgumentError } from 'commander';
import { isAllowable } from '../../core/inbound/allowed.ts';
import type { Millis } from '../../lib/time.ts';
import {
  type AllowedRow,
  type DeferredRow,
  type InboundRow,
  type InboundState,
  type InboundStatus,
  inboundStates,
} from '../../ports/inbound/inbound.ts';
import { act } from '../guard/act.ts';
import { connectToGuard, queryText } from '../guard/client.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { listLimitOption, noteOption, optionWithDefault, pastOption } from '../terminal/options.ts';
import { print } from '../terminal/print.ts';
import { registerLogImport } from './import.ts';
import { allowedText, atRiskText, inboundListText, inboundText } from './inbound-text.ts';

type Common = { readonly state?: string; readonly json?: true };
type ListOptions = Common & {
  readonly was?: InboundState;
  readonly since: number;
  readonly limit: number;
  readonly allowed?: true;
};

const { done, notRunning } = exitCodes;

export function register(program: Command): void {
  const inbound = program
    .command('inbound')
    .summary('mail that comes in: what waited, who never waits')
    .description(
      'Unknown and suspicious mail that comes in can wait for some minutes, or be put off ' +
        '([inbound] in the configuration). These commands show it, and name who never waits.',
    );
  list(inbound);
  atRisk(inbound);
  show(inbound);
  allow(inbound);
  forget(inbound);
  registerLogImport(inbound);
}

/** Asks the guard as the owner of the state folder. */
export async function readInbound<Answer>(
  state: string | undefined,
  path: string,
): Promise<Answer> {
  becomeOwnerOf(stateDirectory(state));
  return (await connectToGuard(state)).read<Answer>(path);
}

function list(inbound: Command): void {
  inbound
    .command('list')
    .summary('mail that waited, or would have')
    .description('Lists incoming mail that did not pass at once, newest first.')
    .option('--was <state>', `only: ${inboundStates.join(', ')}`, stateOption)
    .addOption(optionWithDefault('--since <when>', 'only mail since then', pastOption, '7d'))
    .option('--limit <n>', 'show at most N messages', listLimitOption, 100)
    .option('--allowed', 'list what never waits because an operator said so')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern inbound list', ''],
          ['postern inbound list --was observed', 'in stance observe: what would have waited'],
          ['postern inbound list --allowed', ''],
        ],
        exits: [done, notRunning],
      }),
    )
    .action(async (options: ListOptions, self: Command) => {
      if (options.allowed === true) {
        const rows = await readInbound<readonly AllowedRow[]>(options.state, '/inbound/allowed');
        print(self, options.json === true ? jsonLine(rows) : allowedText(rows));
        return;
      }
      const query = queryText({
        state: options.was,
        since: Math.floor(options.since),
        limit: options.limit,
      });
      const rows = await readInbound<readonly InboundRow[]>(options.state, `/inbound${query}`);
      const status = await readInbound<InboundStatus>(options.state, '/inbound/status');
      print(self, options.json === true ? jsonLine(rows) : inboundListText(rows, status));
    });
}

function stateOption(text: string): InboundState {
  const state = inboundStates.find((one) => one === text);
  if (state !== undefined) return state;
  throw new InvalidArgumentError(`It must be one of: ${inboundStates.join(', ')}.`);
}

function atRisk(inbound: Command): void {
  inbound
    .command('at-risk')
    .summary('honest-looking mail that was put off and has not come back')
    .description(
      'In stance defer: mail that looks honest, was put off with a 451, and has not been tried ' +
        'again. Some senders never try again: their mail is lost unless you act. Exit 1 if ' +
        'there is any.',
    )
    .option('--limit <n>', 'show at most N', listLimitOption, 100)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern inbound at-risk', '']],
        exits: [[0, 'there is no such mail'], [1, 'there is some'], notRunning],
      }),
    )
    .action(async (options: Common & { readonly limit: number }, self: Command) => {
      const path = `/inbound/at-risk${queryText({ limit: options.limit })}`;
      const rows = await readInbound<readonly DeferredRow[]>(options.state, path);
      const now = Date.now() as Millis;
      print(self, options.json === true ? jsonLine(rows) : atRiskText(rows, now));
      if (rows.length > 0) process.exitCode = 1;
    });
}

function show(inbound: Command): void {
  inbound
    .command('show')
    .summary('one message and why it waited')
    .description('Shows an incoming message that waited: its client, its points, its reasons.')
    .argument('<id>', 'its queue id')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern inbound show 4bXn9K2pWzz9', '']],
        exits: [done, [67, 'no such message waited'], notRunning],
      }),
    )
    .action(async (id: string, options: Common, self: Command) => {
      const path = `/inbound/message/${encodeURIComponent(id)}`;
      const row = await readInbound<InboundRow>(options.state, path);
      print(self, options.json === true ? jsonLine(row) : inboundText(row));
    });
}

function allow(inbound: Command): void {
  const command = inbound
    .command('allow')
    .summary('let a sender through without waiting')
    .description(
      'Mail of this address, domain or network never waits and is never put off. An address and ' +
        'a domain count as the sender gives them, so a spammer can forge them; a network cannot ' +
        'be forged.',
    )
    .argument('<who>', 'an address, @example.org, 192.0.2.7 or 192.0.2.0/24', allowable)
    .option('--note <text>', 'why, for the record', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern inbound allow @shop.example --note "invoices"', ''],
          ['postern inbound allow 192.0.2.0/24', ''],
        ],
        exits: [done, [64, 'no address, domain or network'], notRunning],
      }),
    );
  command.action(async (what: string, options: Common & { readonly note?: string }) =>
    act(command, options, '/inbound/allow', { what, note: options.note ?? '' }),
  );
}

function allowable(text: string): string {
  if (isAllowable(text)) return text;
  throw new InvalidArgumentError('It must be an address, @domain or a network.');
}

function forget(inbound: Command): void {
  const command = inbound
    .command('forget')
    .summary('forget what is known about a sender')
    .description(
      'Forgets that an address, domain or network is allowed, and what Postern has learned about ' +
        'it. Its next mail is judged like that of a stranger.',
    )
    .argument('<who>', 'an address, @example.org, or a network')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern inbound forget @shop.example', '']],
        exits: [done, notRunning],
      }),
    );
  command.action(async (what: string, options: Common) =>
    act(command, options, '/inbound/forget', { what }),
  );
}
