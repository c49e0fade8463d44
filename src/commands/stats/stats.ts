/**
 * `postern stats`: numbers of mail that left, by day and by whom; which account or web script sends
 * spam.
 */

import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import { dayMs } from '../../lib/time.ts';
import type { Ledger } from '../../ports/ledger.ts';
import {
  type StatsAnswer,
  type StatsKind,
  type StatsOrder,
  type StatsQuery,
  statsKinds,
  statsOrders,
} from '../../ports/stats.ts';
import { openReads } from '../guard/reads.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { listLimitOption, optionWithDefault } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { statsCsv, statsText } from './stats-text.ts';

type Options = {
  readonly by: StatsKind;
  readonly since: number;
  readonly until: number;
  readonly sort?: StatsOrder;
  readonly limit: number;
  readonly state?: string;
  readonly json?: true;
  readonly csv?: true;
};

export function register(program: Command): void {
  program
    .command('stats')
    .summary('numbers of mail that left, by whom and by day')
    .description(
      'Messages, recipients, and where mail is scanned their scores: how many look like spam, the median, what nine in ten ' +
        'stay below, and how the mean moved against as many days before. Numbers are kept by day (UTC) for ' +
        'ledger.keep_statistics.',
    )
    .option('--by <what>', `${statsKinds.join(', ')}`, kind, 'account')
    .addOption(
      optionWithDefault(
        '--since <when>',
        'first day: a date (2026-11-01), or days back (30d)',
        dayOption,
        '30d',
      ),
    )
    .addOption(
      optionWithDefault(
        '--until <when>',
        'last day: a date, days back, or today',
        dayOption,
        'today',
      ),
    )
    .option(
      '--sort <order>',
      'messages, spam, score (highest mean), moved (whose mean changed most)',
      order,
    )
    .option('--limit <n>', 'at most so many lines', listLimitOption, 20)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object: query, total, lines, keys')
    .option('--csv', 'comma-separated values, a header line first')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern stats --by script', 'which web script sends spam?'],
          ['postern stats --by account --sort moved --since 7d', 'whose mail has changed?'],
          ['postern stats --by rule', 'which rules strike most'],
          ['postern stats --by day --since 2026-01-01 --csv >2026.csv', ''],
        ],
        exits: [exitCodes.done, exitCodes.notRunning],
        notes:
          'Held, delayed and refused messages are counted too (STOPPED). The ledger is read beside the guard, so no\n' +
          'mail waits for a long answer. Scripts are known where the sendmail door is in use.',
      }),
    )
    .action(async (options: Options, command: Command) => {
      const { by, since, until, limit } = options;
      const query: StatsQuery = { by, since, until, limit, order: options.sort ?? usual[by] };
      const answer = await answerOf(query, options.state, (text) => warn(command, text));
      if (options.json === true) print(command, jsonLine(answer));
      else print(command, options.csv === true ? statsCsv(answer) : statsText(answer));
    });
}

/**
 * From the ledger's file where it may be read: a long span takes a second, and no mail waits for
 * that. Else from the guard, which answers for a month.
 */
async function answerOf(
  query: StatsQuery,
  state: string | undefined,
  say: (text: string) => void,
): Promise<StatsAnswer> {
  const path = join(stateDirectory(state), 'ledger.db');
  const { openLedger } = await import('../../ledger/sqlite/open.ts');
  let ledger: Ledger;
  try {
    ledger = openLedger(path, { readOnly: true });
  } catch {
    using reads = await openReads(state, say);
    return await reads.stats(query);
  }
  try {
    return ledger.stats(query);
  } finally {
    ledger.close();
  }
}

/** What one most often wants to know first. */
const usual: Readonly<Record<StatsKind, StatsOrder>> = {
  account: 'spam',
  script: 'spam',
  domain: 'spam',
  provider: 'messages',
  rule: 'messages',
  day: 'messages',
};

function kind(text: string): StatsKind {
  const found = statsKinds.find((one) => one === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It must be ${statsKinds.join(', ')}.`);
}

function order(text: string): StatsOrder {
  const found = statsOrders.find((one) => one === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It must be ${statsOrders.join(', ')}.`);
}

function today(): number {
  return Math.floor(Date.now() / dayMs);
}

/** A day, counted from 1970-01-01. `30d`: the last thirty days, today among them. */
function dayOption(text: string): number {
  if (text === 'today') return today();
  const ms = parseDuration(text);
  if (ms !== undefined) return today() - Math.max(0, Math.ceil(ms / dayMs) - 1);
  const at = Date.parse(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(at)) {
    throw new InvalidArgumentError('It must be a date (2026-11-01), a duration (30d) or today.');
  }
  return Math.floor(at / dayMs);
}
