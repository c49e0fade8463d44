/** `postern accounts expect`: announces a mailing, so that its many new recipients do not count. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ExpectedMailing, expectedMax } from '../../core/mailings/expected.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { act } from '../guard/act.ts';
import { accountPath } from '../guard/client.ts';
import { openReads } from '../guard/reads.ts';
import { plain } from '../terminal/format.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { noteOption, untilOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { clock, table } from '../terminal/table.ts';
import { type MeantOptions, mustBeMeant, unknownMeaning } from './never-seen.ts';

type Options = MeantOptions & {
  readonly recipients?: number;
  readonly until?: number;
  readonly fromNow?: true;
  readonly cancel?: true;
  readonly list?: true;
  readonly note?: string;
};

const { done, notRunning } = exitCodes;

export function registerExpect(accounts: Command): void {
  const command = accounts
    .command('expect')
    .summary('announce a mailing: its new recipients do not count')
    .description(
      'Announces a mailing, such as that of a club: until then, so many recipients that are new ' +
        'to the account do not count as strangers. All else counts as before: mail that looks ' +
        'like spam, dead addresses, another network, ceilings that you set. The announcement ' +
        'ends automatically, when it is used up or its time is over. It neither ends a ' +
        'suspension nor delivers mail that is held.',
    )
    .argument('[name]', 'name of the account')
    .option('--recipients <n>', 'how many new recipients, 1 to 100000', recipientsOption)
    .option(
      '--until <when>',
      'at most 30 days from now: 3d, 2026-12-31, tomorrow, or an RFC 3339 time',
      endOption,
    )
    .option(
      '--from-now',
      'count from now: forget how much it has sent, if the mailing has begun and mail is held',
    )
    .addOption(
      new Option('--cancel', 'take the announcement back').conflicts([
        ...['recipients', 'until', 'fromNow', 'list'],
      ]),
    )
    .addOption(
      new Option('--list', 'list the announcements in force').conflicts([
        ...['recipients', 'until', 'fromNow'],
      ]),
    )
    .option('--unknown', unknownMeaning)
    .option('--note <text>', 'reason; kept in the history', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object; with --list one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern accounts expect club@example.org --recipients 300 --until tomorrow', ''],
          ['postern accounts expect club@example.org --cancel', 'the mailing does not take place'],
          ['postern accounts expect --list', 'announcements in force, and what is left of them'],
        ],
        exits: [
          done,
          [1, 'the guard could not do it; the error says why'],
          [67, 'the account was never seen, and --unknown is not given'],
          [67, 'with --cancel: no mailing of the account is announced'],
          notRunning,
        ],
        notes: 'A date counts until the end of that day (UTC).',
      }),
    );
  command.action((name: string | undefined, options: Options) => run(command, name, options));
}

async function run(command: Command, name: string | undefined, options: Options): Promise<void> {
  const { cancel, list, note, recipients, until } = options;
  if (list === true && name === undefined) return show(command, options);
  if (name === undefined || list === true) throw wrongWords();
  const why = note === undefined ? {} : { note };
  if (cancel === true) return act(command, options, accountPath(name, 'cancel'), why);
  if (recipients === undefined || until === undefined) throw wrongWords();
  await mustBeMeant(name, options);
  const body = { recipients, until: Math.round(until), fromNow: options.fromNow === true, ...why };
  return act(command, options, accountPath(name, 'expect'), body);
}

async function show(command: Command, options: Options): Promise<void> {
  using reads = await openReads(options.state, (text) => warn(command, text));
  const rows = await reads.mailings();
  print(command, options.json === true ? jsonLine(rows) : mailingListText(rows));
}

function mailingListText(rows: readonly ExpectedMailing[]): string {
  if (rows.length === 0) return 'No mailing is announced.\n';
  return table(
    [
      { title: 'ACCOUNT' },
      { title: 'RECIPIENTS', align: 'right' },
      { title: 'LEFT', align: 'right' },
      { title: 'UNTIL' },
      { title: 'SINCE' },
      { title: 'BY' },
      { title: 'NOTE' },
    ],
    rows.map((one) => [
      plain(one.account),
      String(one.recipients),
      String(one.left),
      clock(one.until),
      clock(one.at),
      plain(one.by),
      plain(one.note),
    ]),
  );
}

function recipientsOption(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > expectedMax.recipients) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 100000.');
  }
  return count;
}

function endOption(text: string): number {
  if (text === 'now') throw new InvalidArgumentError('To end an announcement, use --cancel.');
  return untilOption(text);
}

function wrongWords(): OperatorError {
  return new OperatorError(
    'usage',
    'give NAME with --recipients and --until, NAME with --cancel, or --list alone',
    { hint: 'see: postern accounts expect --help', exit: sysexits.usage },
  );
}
