/** `postern incidents`: suspensions, and the mail that got out before them. */
import { type Command, Option } from 'commander';
import { leakedCsv } from '../find/leaked-text.ts';
import { openReads } from '../guard/reads.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { listLimitOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { incidentListText, incidentText } from './incidents-text.ts';

type Common = { readonly state?: string; readonly json?: true };
type ListOptions = Common & { readonly account?: string; readonly limit: number };
type ShowOptions = Common & { readonly csv?: true };

const notes = 'If the guard is not running, the command reads its files instead.';

export function register(program: Command): void {
  const incidents = program
    .command('incidents')
    .summary('hijacks, and the mail that got out')
    .description(
      'An incident is a suspension, from the first sign of a hijack to the release of the account.',
    );
  list(incidents);
  show(incidents);
}

function list(incidents: Command): void {
  incidents
    .command('list')
    .summary('incidents, newest first')
    .description('Lists incidents, newest first: how much mail got out, and how much was stopped.')
    .option('--account <name>', 'only incidents of this account')
    .option('--limit <n>', 'show at most N incidents', listLimitOption, 50)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern incidents list --account joe@example.org', '']],
        exits: [exitCodes.done, exitCodes.nothingToRead],
        notes,
      }),
    )
    .action(async ({ account, json, limit, state }: ListOptions, command: Command) => {
      using reads = await openReads(state, (text) => warn(command, text));
      const rows = await reads.incidents({ limit, ...(account === undefined ? {} : { account }) });
      print(command, json === true ? jsonLine(rows) : incidentListText(rows));
    });
}

function show(incidents: Command): void {
  incidents
    .command('show')
    .summary('one incident: why, and each message that got out')
    .description(
      'Shows an incident and each message that got out, with its recipients, its outcome, ' +
        "and who likely sent it: the thief or the owner. Evidence is the client's network, the " +
        'From address, copies of one subject, and whether the account wrote to the recipients ' +
        'before. Where it does not decide, the answer is: not clear.',
    )
    .argument('<id>', 'id of the incident, or an account for its latest one')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object: incident, leaked, marks, remarks')
    .addOption(new Option('--csv', 'one line for each recipient, to tell them').conflicts('json'))
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern incidents show joe@example.org', ''],
          ['postern incidents show joe@example.org --csv >reached.csv', 'the recipients to tell'],
        ],
        exits: [exitCodes.done, [67, 'there is no such incident'], exitCodes.nothingToRead],
        notes,
      }),
    )
    .action(async (id: string, { csv, json, state }: ShowOptions, command: Command) => {
      using reads = await openReads(state, (text) => warn(command, text));
      const detail = await reads.incident(id);
      if (csv === true) print(command, leakedCsv(detail));
      else print(command, json === true ? jsonLine(detail) : incidentText(detail));
    });
}
