/**
 * `postern accounts import FILE…`: makes the people of a mover known to the account, from an
 * address book, sent mail or old logs. This command reads the files, as the user who typed it; the
 * guard gets the addresses.
 */
import { basename } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { accountOf } from '../../core/account-name.ts';
import { type ContactKind, contactKinds } from '../../formats/contacts/kind.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { withoutControls } from '../../lib/peer-text.ts';
import { act } from '../guard/act.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { openReads } from '../guard/reads.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { listLimitOption, noteOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { filesText, importListText, logsText, sentText } from './import/import-text.ts';
import { type ReadFile, readContacts } from './import/read-files.ts';
import { type ReadLogs, readLogs } from './import/read-logs.ts';
import { sendParts } from './import/send-parts.ts';
import { type MeantOptions, mustBeMeant, unknownMeaning } from './never-seen.ts';

type Options = MeantOptions & {
  readonly account?: string;
  readonly logs?: true;
  readonly unusual?: true;
  readonly format?: ContactKind;
  readonly defaultDomain: string;
  readonly dryRun?: true;
  readonly undo?: number;
  readonly list?: true;
  readonly limit: number;
  readonly note?: string;
};

/** What was read: the addresses of each account, and how to tell it. */
type Read = {
  readonly contacts: ReadonlyMap<string, readonly string[]>;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
};

const sourceLengthMax = 200;
const { done, notRunning } = exitCodes;

export function registerContactImport(accounts: Command): void {
  const command = accounts
    .command('import')
    .summary('make the people of a mover known')
    .description(
      'Reads an address book (vCard, CSV, LDIF), sent mail (mbox, Maildir, a single message), a ' +
        'plain list of addresses, or old mail logs, and makes these people known to the ' +
        'account: they are no strangers to it. Nothing else is learned, neither networks nor ' +
        'how much the account sends. At most 20,000 addresses for one account. With --logs, ' +
        'the files are logs of Postfix, Dovecot, Exim or OpenSMTPD, and each login in them ' +
        'gets its own recipients.',
    )
    .argument('[file...]', 'files, or the folder of a Maildir; - is standard input')
    .option('--account <name>', 'the account; needed unless --logs is given')
    .option('--logs', 'the files are mail logs: for all logins in them, or for --account')
    .option('--unusual', 'with --logs: also recipients of mail that the guard would have stopped')
    .addOption(
      new Option('--format <format>', 'what the files are (default: as they begin)')
        .choices(contactKinds)
        .conflicts('logs'),
    )
    .option('--default-domain <domain>', 'with --logs: domain of logins that have none', '')
    .option('--dry-run', 'say what would become known, and change nothing')
    .addOption(
      new Option('--undo <id>', 'take back an import of the last 30 days')
        .argParser(idOption)
        .conflicts(['account', 'logs', 'dryRun', 'list']),
    )
    .addOption(new Option('--list', 'list the imports').conflicts(['account', 'logs', 'dryRun']))
    .option('--limit <n>', 'with --list: show at most N rows', listLimitOption, 100)
    .option('--unknown', unknownMeaning)
    .option('--note <text>', 'reason; kept in the history', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object; with --list one JSON array')
    .addHelpText('after', helpText());
  command.action((files: readonly string[], options: Options) => run(command, files, options));
}

function helpText(): string {
  return helpAfter({
    examples: [
      ['postern accounts import --account joe@example.org contacts.vcf', ''],
      ['postern accounts import --account joe@example.org --dry-run ~joe/Maildir/.Sent', ''],
      ['postern accounts import --logs --unknown old-server/mail.log*', 'all who move here'],
      ['postern accounts import --list', 'what was imported, with its ids'],
      ['postern accounts import --undo 7', 'but for those it has written to since'],
    ],
    exits: [
      done,
      [1, 'the guard could not do it; the error says why'],
      [65, 'no address was found in the files'],
      [65, 'no line of the logs was understood'],
      [66, 'a file cannot be read'],
      [67, 'the account was never seen, and --unknown is not given'],
      [67, 'with --undo: there is no such import'],
      notRunning,
    ],
    notes:
      'Mail in a folder that was delivered there, as its header says, is left out: import sent\n' +
      'mail. Recipients in logs that bounced are left out as well.',
  });
}

async function run(command: Command, files: readonly string[], options: Options): Promise<void> {
  const { account, list, logs, note = '', undo } = options;
  if (undo !== undefined && files.length === 0) {
    return act(command, options, '/imports/undo', { id: undo });
  }
  if (list === true && files.length === 0) return show(command, options);
  const isWhole = account !== undefined || logs === true;
  if (!isWhole || files.length === 0 || list === true || undo !== undefined) throw wrongWords();
  // Before this process becomes the user of the guard, who cannot read these files.
  const { contacts, json, text } =
    logs === true ? await fromLogs(files, options) : await fromFiles(files, account ?? '', options);
  if (contacts.size === 0) throw nothingFound(text);
  if (account !== undefined) await mustBeMeant(account, options);
  becomeOwnerOf(stateDirectory(options.state));
  const isMeant = account !== undefined || options.unknown === true;
  const dryRun = options.dryRun === true;
  const source = sourceOf(files);
  const how = { source, note, unknown: isMeant, dryRun };
  const sent = await sendParts(options.state, contacts, how);
  const whole = { ...sent, dryRun, source, ...json };
  print(command, options.json === true ? jsonLine(whole) : text + sentText(sent, dryRun));
}

async function fromFiles(
  files: readonly string[],
  account: string,
  { format }: Options,
): Promise<Read> {
  const read: ReadFile[] = [];
  for (const file of new Set(files)) read.push(await readContacts(file, format));
  const all = [...new Set(read.flatMap(({ addresses }) => [...addresses]))];
  return {
    contacts: new Map(all.length === 0 ? [] : [[account, all]]),
    text: filesText(read),
    json: { files: read.map(({ addresses, ...file }) => ({ ...file, addresses: addresses.size })) },
  };
}

async function fromLogs(files: readonly string[], options: Options): Promise<Read> {
  const { account, defaultDomain, unusual = false } = options;
  const only = account === undefined ? undefined : accountOf(account, defaultDomain);
  const read: ReadLogs = await readLogs(files, { defaultDomain, only, unusual });
  const { bounced, contacts, full, others, report } = read;
  return {
    contacts,
    text: logsText(read),
    json: {
      logs: { ...report, bounced, others, full, unusual: Object.fromEntries(read.unusual) },
    },
  };
}

async function show(command: Command, options: Options): Promise<void> {
  using reads = await openReads(options.state, (text) => warn(command, text));
  const rows = await reads.imports(options.limit);
  print(command, options.json === true ? jsonLine(rows) : importListText(rows));
}

/** The names of the files without their folders, for the record. */
function sourceOf(files: readonly string[]): string {
  const names = files.map((file) => (file === '-' ? 'standard input' : basename(file)));
  const text = withoutControls(names.join(', '));
  if (text.length <= sourceLengthMax) return text;
  return `${text.slice(0, sourceLengthMax - 1).toWellFormed()}…`;
}

function idOption(text: string): number {
  const id = Number(text);
  if (/^\d{1,9}$/.test(text) && id > 0) return id;
  throw new InvalidArgumentError('It must be the id of an import, as --list shows it.');
}

function nothingFound(text: string): OperatorError {
  return new OperatorError('import-nothing', `no address was found:\n${text.trimEnd()}`, {
    hint: 'if Postern took the files for another kind, give --format; for mail logs, give --logs',
    exit: sysexits.dataErr,
  });
}

function wrongWords(): OperatorError {
  return new OperatorError(
    'usage',
    'give files with --account NAME or --logs; or one of --list, --undo ID, alone',
    { hint: 'see: postern accounts import --help', exit: sysexits.usage },
  );
}
