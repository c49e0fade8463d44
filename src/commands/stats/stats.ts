/** `postern stats`: counts outgoing mail by account, script, domain, provider, rule or day. */

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
import { becomeOwnerOf } from '../guard/owner.ts';
import { openReads } from '../guard/reads.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { jsonDay } from '../terminal/json-times.ts';
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
    .summary('statistics of outgoing mail, by account, script or day')
    .description(
      'Counts messages and recipients. If mail is scanned, also scores: how many messages look ' +
        'like spam, the median, the 90th percentile, and the mean compared with the same number ' +
        'of days before. Numbers are kept by day (UTC) as long as ledger.keep_statistics says.',
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
      'messages, spam, score (highest mean), moved (largest change of the mean)',
      order,
    )
    .option('--limit <n>', 'number of lines, at most', listLimitOption, 20)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object: query, total, lines, keys')
    .option('--csv', 'comma-separated values, a header line first')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern stats --by script', 'which web script sends spam?'],
          ['postern stats --by account --sort moved --since 7d', 'which account has changed?'],
          ['postern stats --by rule', 'which rules match most?'],
          ['postern stats --by day --since 2026-01-01 --csv >2026.csv', ''],
        ],
        exits: [exitCodes.done, exitCodes.nothingToRead],
        notes:
          'STOPPED counts held, delayed and refused messages. The command reads the ledger ' +
          'itself, so mail\n' +
          'does not wait for a long answer. Scripts are known only through the sendmail door.',
      }),
    )
    .action(async (options: Options, command: Command) => {
      const { by, since, until, limit } = options;
      const query: StatsQuery = { by, since, until, limit, order: options.sort ?? usual[by] };
      const answer = await answerOf(query, options.state, (text) => warn(command, text));
      if (options.json === true) print(command, jsonLine(withDays(answer)));
      else print(command, options.csv === true ? statsCsv(answer) : statsText(answer));
    });
}

/** For programs: the days as dates. */
function withDays({ query, ...rest }: StatsAnswer): unknown {
  return { query: { ...query, since: jsonDay(query.since), until: jsonDay(query.until) }, ...rest };
}

/**
 * Reads the ledger's file if that is allowed: a long span takes a second, and mail does not wait
 * for it. Otherwise asks the guard, which answers for a month.
 */
async function answerOf(
  query: StatsQuery,
  state: string | undefined,
  say: (text: string) => void,
): Promise<StatsAnswer> {
  becomeOwnerOf(stateDirectory(state));
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

/** The default order for each grouping. */
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

/** A day as days since 1970-01-01. `30d`: the last 30 days including today. */
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
