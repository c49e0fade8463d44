/** `postern inbound`: mail that comes in and waited, and who never waits. */
import { type Command, InvalidArgumentError } from 'commander';
import { isAllowable } from '../../core/inbound/allowed.ts';
import type { Millis } from '../../lib/time.ts';
import { type InboundState, inboundStates } from '../../ports/inbound/inbound.ts';
import { act } from '../guard/act.ts';
import { noSuch } from '../guard/client.ts';
import { openReads } from '../guard/reads.ts';
import { exitCodes, fromLedger, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { listLimitOption, noteOption, optionWithDefault, pastOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { registerLogImport } from './import.ts';
import {
  aboutHelp,
  allowedText,
  atRiskText,
  inboundListText,
  inboundText,
} from './inbound-text.ts';

type Common = { readonly state?: string; readonly json?: true };
type ListOptions = Common & {
  readonly was?: InboundState;
  readonly about?: string;
  readonly since: number;
  readonly limit: number;
  readonly allowed?: true;
};

const { done, notRunning, nothingToRead } = exitCodes;

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

function list(inbound: Command): void {
  inbound
    .command('list')
    .summary('mail that waited, or would have')
    .description('Lists incoming mail that did not pass at once, newest first.')
    .option('--was <state>', `only: ${inboundStates.join(', ')}`, stateOption)
    .option('--about <text>', aboutHelp)
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
          ['postern inbound list --was waiting', 'what waits now'],
          ['postern inbound list --about ann@example.org', 'a recipient, or a sender'],
          ['postern inbound list --was observed', 'in stance observe: what would have waited'],
          ['postern inbound list --allowed', ''],
        ],
        exits: [done, nothingToRead],
        notes: fromLedger,
      }),
    )
    .action(async (options: ListOptions, self: Command) => {
      const { about, limit, was } = options;
      using reads = await openReads(options.state, (text) => warn(self, text));
      if (options.allowed === true) {
        const rows = await reads.inboundAllowed();
        print(self, options.json === true ? jsonLine(rows) : allowedText(rows));
        return;
      }
      const rows = await reads.inbound({
        since: Math.floor(options.since) as Millis,
        limit,
        ...(was === undefined ? {} : { state: was }),
        ...(about === undefined ? {} : { about }),
      });
      if (options.json === true) print(self, jsonLine(rows));
      else print(self, inboundListText(rows, await reads.inboundStatus(), limit));
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
      'In stance defer: mail that looks honest, was put off with a 451, and was not tried again ' +
        'within an hour after the time that its sender was told. Some senders never try again: ' +
        'their mail is lost unless you act. Exit 1 if there is any. The operator gets a notice ' +
        'about new ones, at most once a day.',
    )
    .option('--all', 'also mail that may still come back in time')
    .option('--limit <n>', 'show at most N', listLimitOption, 100)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern inbound at-risk', '']],
        exits: [[0, 'there is no such mail'], [1, 'there is some'], nothingToRead],
        notes: fromLedger,
      }),
    )
    .action(async (options: Common & { limit: number; all?: true }, self: Command) => {
      using reads = await openReads(options.state, (text) => warn(self, text));
      const rows = await reads.atRisk({ limit: options.limit, all: options.all === true });
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
        exits: [done, [67, 'no such message waited'], nothingToRead],
        notes: fromLedger,
      }),
    )
    .action(async (id: string, options: Common, self: Command) => {
      using reads = await openReads(options.state, (text) => warn(self, text));
      const row = await reads.inboundOne(id);
      if (row === undefined) throw noSuch('no such incoming message');
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
  throw new InvalidArgumentError(
    'It must be an address, a domain such as @example.org, or a network.',
  );
}

function forget(inbound: Command): void {
  const command = inbound
    .command('forget')
    .summary('forget what is known about a sender')
    .description(
      'Forgets that an address, domain or network is allowed, and what Postern has learned about ' +
        'it. What is known of the domain of an address still counts, and so does mail that an ' +
        'account here has sent to it.',
    )
    .argument('<who>', 'an address, @example.org, 192.0.2.7 or 192.0.2.0/24', allowable)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern inbound forget @shop.example', '']],
        exits: [done, [64, 'no address, domain or network'], notRunning],
      }),
    );
  command.action(async (what: string, options: Common) =>
    act(command, options, '/inbound/forget', { what }),
  );
}
