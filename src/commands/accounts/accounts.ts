/** `postern accounts`: lists, shows, suspends, releases and exempts accounts. */
import { type Command, InvalidArgumentError } from 'commander';
import { type AccountState, accountStates } from '../../core/verdict.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { act } from '../guard/act.ts';
import { accountPath } from '../guard/client.ts';
import { openReads } from '../guard/reads.ts';
import { askedFor, cutAt, tellCut } from '../terminal/cut.ts';
import { exitCodes, fromLedger, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { listLimitOption, noteOption, untilOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { accountListText, accountText, exemptionListText } from './accounts-text.ts';
import { registerAuthors } from './authors.ts';
import { registerBound } from './bound.ts';
import { registerExpect } from './expect.ts';
import { registerContactImport } from './import.ts';
import { type MeantOptions, mustBeMeant, unknownMeaning } from './never-seen.ts';
import { registerRelease } from './release.ts';

type Common = { readonly state?: string; readonly json?: true };
type StateWords = { readonly folder?: string; readonly only?: AccountState };
type ListOptions = Omit<Common, 'state'> & {
  readonly state?: StateWords;
  readonly only?: AccountState;
  readonly like?: string;
  readonly exempt?: true;
  readonly limit: number;
};
type ActOptions = Common & { readonly note?: string };
type SuspendOptions = ActOptions & MeantOptions & { readonly hijacked?: true };

const noSuch = [67, 'there is no such account'] as const;
const neverSeen = [67, 'the account was never seen, and --unknown is not given'] as const;
const notDone = [1, 'the guard could not do it; the error says why'] as const;
const { done, notRunning, nothingToRead } = exitCodes;

export function register(program: Command): void {
  const accounts = program
    .command('accounts')
    .summary('list, show, bound, suspend, release, allow, expect, import, may-write-as')
    .description(
      'Mail is counted by account: a login (joe@example.org), a host that relays without a login ' +
        '(client:10.0.0.7), or mail of this machine by its sender (local:www-data@host). Where ' +
        'Postern replaces sendmail, it is a script (script:/var/www/shop/contact.php) or a user ' +
        '(user:backup).',
    );
  list(accounts);
  show(accounts);
  registerBound(accounts);
  suspend(accounts);
  registerRelease(accounts);
  allow(accounts);
  registerExpect(accounts);
  registerContactImport(accounts);
  registerAuthors(accounts);
}

function list(accounts: Command): void {
  accounts
    .command('list')
    .summary('accounts and their state, newest mail first')
    .description(
      'Lists accounts, newest mail first: state, evidence (from 1 on a message is held; from 2.5 ' +
        'on, with a second kind of evidence, the account is suspended), messages and recipients ' +
        'today, and the strongest reason.',
    )
    .option('--only <state>', 'show only accounts that are suspended, watched or clear', onlyOption)
    .option('--state <dir>', stateHelp, stateOption)
    .option('--like <text>', 'show only names that contain this text')
    .option('--exempt', 'show the exemptions in force, also of accounts that never sent mail')
    .option('--limit <n>', 'show at most N accounts', listLimitOption, 100)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern accounts list --only suspended', ''],
          ['postern accounts list --like @example.org --limit 20', ''],
          [
            'postern accounts list --exempt',
            'accounts that may send anything, until when, and why',
          ],
        ],
        exits: [done, nothingToRead],
        notes: fromLedger,
      }),
    )
    .action((options: ListOptions, command: Command) => listAccounts(command, options));
}

async function listAccounts(command: Command, options: ListOptions): Promise<void> {
  const { exempt, like, limit, state } = options;
  const only = options.only ?? state?.only;
  if (state?.only !== undefined) {
    warn(command, `postern: --state ${state.only} is the old name of --only ${state.only}\n`);
  }
  if (exempt === true && only !== undefined) {
    throw new OperatorError('usage', '--exempt and --only cannot be combined: give one of them', {
      exit: sysexits.usage,
    });
  }
  using reads = await openReads(state?.folder, (text) => warn(command, text));
  if (exempt === true) {
    const part = (like ?? '').toLowerCase();
    const all = (await reads.exemptions()).filter(({ account }) => account.includes(part));
    const shown = all.slice(0, limit);
    print(command, options.json === true ? jsonLine(shown) : exemptionListText(shown));
    const cut = { shown: shown.length, total: all.length, what: 'exemptions' };
    if (shown.length < all.length) tellCut(command, options, cut);
    return;
  }
  const rows = await reads.accounts({
    limit: askedFor(limit),
    ...(only === undefined ? {} : { state: only }),
    ...(like === undefined ? {} : { like }),
  });
  const { isCut, shown } = cutAt(rows, limit);
  print(command, options.json === true ? jsonLine(shown) : accountListText(shown));
  if (!isCut) return;
  const isAll = only === undefined && like === undefined;
  const total = isAll ? (await reads.counts()).accounts : undefined;
  tellCut(command, options, { shown: shown.length, total, what: 'accounts' });
}

function onlyOption(text: string): AccountState {
  const found = accountStates.find((state) => state === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError('It must be suspended, watched or clear.');
}

/** In version 0.1 `--state` was the filter too: `--state suspended --state DIR`. */
function stateOption(text: string, before: StateWords = {}): StateWords {
  const only = accountStates.find((state) => state === text);
  return only === undefined ? { ...before, folder: text } : { ...before, only };
}

function show(accounts: Command): void {
  accounts
    .command('show')
    .summary('one account: state, reasons, incidents, history')
    .description(
      'Shows the state of an account, every reason with its numbers, its incidents (first ' +
        'sign, what got out, what was stopped), its latest held, delayed and refused messages, ' +
        'and the actions of operators.',
    )
    .argument('<name>', 'name of the account, as `accounts list` shows it')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern accounts show joe@example.org', '']],
        exits: [done, noSuch, nothingToRead],
        notes: fromLedger,
      }),
    )
    .action(async (name: string, options: Common, command: Command) => {
      using reads = await openReads(options.state, (text) => warn(command, text));
      const found = await reads.account(name);
      const [incident] = found.incidents;
      const latest = incident === undefined ? undefined : await reads.incident(incident.id);
      const whole = { ...found, latest };
      print(command, options.json === true ? jsonLine(whole) : accountText(found, latest));
    });
}

function suspend(accounts: Command): void {
  const command = accounts
    .command('suspend')
    .summary('stop an account')
    .description(
      'Stops an account: its mail is held, up to suspension.held_messages_max, and then ' +
        'answered with 451, so that its senders keep it. Its mail in the queue is put on hold, ' +
        'and its login is closed if Dovecot is configured. A notice is sent to the operator, as ' +
        'for each suspension. With --hijacked, also for an account that is suspended already, ' +
        'you say that it was hijacked: its mail is refused with 550 from then on (mail of this ' +
        'machine is held).',
    )
    .argument('<name>', 'name of the account')
    .option('--hijacked', 'it was hijacked: refuse its mail, do not hold it')
    .option('--unknown', unknownMeaning)
    .option('--note <text>', 'reason; kept in the history', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern accounts suspend joe@example.org --note "laptop stolen, owner called"', ''],
          ['postern accounts suspend joe@example.org --hijacked', 'its owner did not send it'],
        ],
        exits: [done, notDone, neverSeen, notRunning],
        notes: 'To undo: postern accounts release NAME --hijacked',
      }),
    );
  command.action(async (name: string, options: SuspendOptions) => {
    const { hijacked = false } = options;
    await mustBeMeant(name, options);
    return act(command, options, accountPath(name, 'suspend'), { ...note(options), hijacked });
  });
}

type AllowOptions = ActOptions & MeantOptions & { readonly until: number };

function allow(accounts: Command): void {
  const command = accounts
    .command('allow')
    .summary('exempt an account until a date')
    .description(
      'Lets all mail of an account pass until a date, ceilings included, for example for a ' +
        'planned newsletter. It does not end a suspension, and Postern learns from this mail as ' +
        'from any other.',
    )
    .argument('<name>', 'name of the account')
    .requiredOption(
      '--until <when>',
      '30d, 2026-12-31, tomorrow, or an RFC 3339 time; now ends an exemption',
      untilOption,
    )
    .option('--unknown', unknownMeaning)
    .option('--note <text>', 'reason; kept in the history', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern accounts allow billing@example.org --until tomorrow', ''],
          ['postern accounts allow billing@example.org --until now', 'end it'],
        ],
        exits: [done, notDone, neverSeen, notRunning],
        notes: 'A date counts until the end of that day (UTC).',
      }),
    );
  command.action(async (name: string, options: AllowOptions) => {
    await mustBeMeant(name, options);
    const body = { ...note(options), until: Math.round(options.until) };
    return act(command, options, accountPath(name, 'allow'), body);
  });
}

function note(options: ActOptions): { readonly note?: string } {
  return options.note === undefined ? {} : { note: options.note };
}
