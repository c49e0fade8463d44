/** `postern audit`: lists and exports what operators did, and Postern itself. */
import { type Command, Option } from 'commander';
import type { AuditRow, AuditSearch } from '../ports/ledger.ts';
import { type GuardReads, openReads } from './guard/reads.ts';
import { askedFor, cutAt, listMax, tellCut } from './terminal/cut.ts';
import { plain } from './terminal/format.ts';
import { exitCodes, fromLedger, helpAfter, jsonLine, stateHelp } from './terminal/help.ts';
import { jsonTime } from './terminal/json-times.ts';
import { listLimitOption, pastOption } from './terminal/options.ts';
import { print, printExactly, warn } from './terminal/print.ts';
import { clock, table } from './terminal/table.ts';

type Options = {
  readonly account?: string;
  readonly since?: number;
  readonly limit?: number;
  readonly all?: true;
  readonly state?: string;
  readonly json?: true;
  readonly csv?: true;
};

const usualLimit = 100;

export function register(program: Command): void {
  program
    .command('audit')
    .summary('who did what: operators, and Postern itself')
    .description(
      'Lists what was done, newest first: when, by which user of this machine (or `status page`, ' +
        '`postern`), to which account. The trail is never shortened, and `postern forget` leaves ' +
        'only that something was forgotten.',
    )
    .option('--since <when>', 'not older: 2d, a date, today, or an RFC 3339 time', pastOption)
    .option('--account <name>', 'only about this account')
    .option('--limit <n>', `show at most N (default: ${usualLimit})`, listLimitOption)
    .addOption(new Option('--all', 'no limit, for an export').conflicts('limit'))
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON array')
    .addOption(new Option('--csv', 'comma-separated values, a header line first').conflicts('json'))
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern audit', 'the newest'],
          ['postern audit --since 30d --account joe@example.org', ''],
          ['postern audit --all --csv > audit.csv', 'an export'],
        ],
        exits: [exitCodes.done, exitCodes.nothingToRead],
        notes: fromLedger,
      }),
    )
    .action((options: Options, command: Command) => audit(options, command));
}

async function audit(options: Options, command: Command): Promise<void> {
  using reads = await openReads(options.state, (text) => warn(command, text));
  const { account, since } = options;
  const about = {
    ...(account === undefined ? {} : { account: account.trim().toLowerCase() }),
    ...(since === undefined ? {} : { since: Math.floor(since) }),
  };
  const limit = options.limit ?? usualLimit;
  const { isCut, shown } =
    options.all === true
      ? { isCut: false, shown: await allPages(reads, about) }
      : cutAt(await reads.audit({ ...about, limit: askedFor(limit) }), limit);
  if (options.json === true) print(command, jsonLine(shown));
  else if (options.csv === true) printExactly(command, auditCsv(shown));
  else print(command, auditText(shown));
  const quiet = options.csv === true ? { json: true as const } : options;
  const cut = { shown: shown.length, total: undefined, what: 'entries' };
  if (isCut) tellCut(command, quiet, cut);
}

/** Page by page, so that no answer of the guard is long. */
async function allPages(
  reads: GuardReads,
  about: Omit<AuditSearch, 'limit' | 'offset'>,
): Promise<readonly AuditRow[]> {
  const rows: AuditRow[] = [];
  for (;;) {
    const page = await reads.audit({ ...about, offset: rows.length, limit: listMax });
    rows.push(...page);
    if (page.length < listMax) return rows;
  }
}

function auditText(rows: readonly AuditRow[]): string {
  if (rows.length === 0) return 'Nothing was done in this time.\n';
  return table(
    [
      { title: 'TIME' },
      { title: 'BY' },
      { title: 'ACTION' },
      { title: 'ACCOUNT' },
      { title: 'DETAIL' },
    ],
    rows.map(({ account, action, at, by, detail }) => [
      clock(at),
      plain(by),
      action,
      account === '' ? '—' : plain(account),
      plain(detail),
    ]),
  );
}

/** RFC 4180. A cell that a spreadsheet would take for a formula gets a quote in front. */
export function auditCsv(rows: readonly AuditRow[]): string {
  const lines = rows.map(({ account, action, at, by, detail }) =>
    [String(jsonTime('at', at)), by, action, account, detail].map(cell).join(','),
  );
  return ['time,by,action,account,detail', ...lines].map((line) => `${line}\r\n`).join('');
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
