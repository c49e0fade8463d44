/**
 * `postern incidents`: accounts that were suspended or made providers answer badly: what happened,
 * what got out, and what is written to others about it.
 */
import { type Command, Option } from 'commander';
import { providerTyped } from '../../core/deliverability/providers.ts';
import { type ReportReader, reportReaders } from '../../core/incidents/report.ts';
import { reportText } from '../../core/incidents/report-text.ts';
import { leakedCsv } from '../find/leaked-text.ts';
import { openReads } from '../guard/reads.ts';
import { askedFor, cutAt, tellCut } from '../terminal/cut.ts';
import { plain } from '../terminal/format.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { listLimitOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { incidentListText, incidentText } from './incidents-text.ts';
import { withReverseNames } from './reverse-names.ts';

type Common = { readonly state?: string; readonly json?: true };
type ListOptions = Common & { readonly account?: string; readonly limit: number };
type ShowOptions = Common & { readonly csv?: true };
type ReportOptions = Common & { readonly to: ReportReader; readonly provider?: string };

const notes = 'If the guard is not running, the command reads its files instead.';

export function register(program: Command): void {
  const incidents = program
    .command('incidents')
    .summary('hijacks: what happened, what got out, and reports')
    .description(
      'An incident is a suspension, from the first sign of a hijack to the release of the ' +
        'account, or an account that made most of the bad answers of a provider. Without a ' +
        'further word, `list` runs.',
    );
  list(incidents);
  show(incidents);
  report(incidents);
}

function list(incidents: Command): void {
  incidents
    .command('list', { isDefault: true })
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
      const about = account === undefined ? {} : { account };
      const found = await reads.incidents({ limit: askedFor(limit), ...about });
      const { isCut, shown } = cutAt(found, limit);
      print(command, json === true ? jsonLine(shown) : incidentListText(shown));
      const cut = { shown: shown.length, total: undefined, what: 'incidents' };
      if (isCut) tellCut(command, json === true ? { json } : {}, cut);
    });
}

function show(incidents: Command): void {
  incidents
    .command('show')
    .summary('one incident: its timeline, and each message that got out')
    .description(
      'Shows an incident from the first bad sign to recovery: what was sent, who answered how, ' +
        'what Postern and people did, which providers slowed or blocked mail and when they ' +
        'took it again. Then each message that got out, with its recipients, its outcome, ' +
        "and who likely sent it: the thief or the owner. Evidence is the client's network, the " +
        'From address, copies of one subject, and whether the account wrote to the recipients ' +
        'before. Where it does not decide, the answer is: not clear.',
    )
    .argument('<id>', 'id of the incident, or an account for its latest one')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object: incident, timeline, answers, lanes, leaked, marks, remarks')
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

function report(incidents: Command): void {
  incidents
    .command('report')
    .summary('an incident as a delisting form or an abuse desk asks for it')
    .description(
      'Writes what happened from when to when, what was done, since when it is quiet, and ' +
        'samples, from facts only: what is not known is left out or said to be unknown. ' +
        'Recipients are not named. Read it before you send it: it names the account and the ' +
        'subjects of its mail. The names of our addresses are asked from the DNS.',
    )
    .argument('<id>', 'id of the incident, or an account for its latest one')
    .addOption(
      new Option(
        '--to <reader>',
        'provider: who slowed or blocked us, with its own answers. abuse: the network from ' +
          'which the mail was handed in, with its addresses',
      )
        .choices([...reportReaders])
        .default('provider'),
    )
    .option('--provider <id>', 'only answers of this provider, such as google or gmail.com')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object with the same facts')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern incidents report joe@example.org --provider google', 'for the form of Gmail'],
          ['postern incidents report joe@example.org --to abuse', ''],
        ],
        exits: [exitCodes.done, [67, 'there is no such incident'], exitCodes.nothingToRead],
        notes,
      }),
    )
    .action(async (id: string, options: ReportOptions, command: Command) => {
      const { json, provider, state, to } = options;
      const typed = provider === undefined ? undefined : providerTyped(provider);
      using reads = await openReads(state, (text) => warn(command, text));
      const told = await withReverseNames(await reads.report(id, { to, provider: typed }));
      print(command, json === true ? jsonLine(told) : reportText(told, plain));
    });
}
