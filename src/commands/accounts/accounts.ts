/** `postern accounts`: list and show accounts, suspend and release them, exempt one for a while. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type AccountState, accountStates } from '../../core/verdict.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { act } from '../guard/act.ts';
import { accountPath } from '../guard/client.ts';
import { openReads } from '../guard/reads.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { listLimitOption, noteOption, untilOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { accountListText, accountText, exemptionListText } from './accounts-text.ts';

type Common = { readonly state?: string; readonly json?: true };
type Wanted = { readonly folder?: string; readonly is?: AccountState };
type ListOptions = Omit<Common, 'state'> & {
  readonly state?: Wanted;
  readonly like?: string;
  readonly exempt?: true;
  readonly limit: number;
};
type ActOptions = Common & { readonly note?: string };

const noSuch = [67, 'there is no such account'] as const;
const notDone = [1, 'the guard could not do it, and said why'] as const;
const { done, notRunning } = exitCodes;

export function register(program: Command): void {
  const accounts = program
    .command('accounts')
    .summary('list, show, suspend, release, allow')
    .description(
      'An account is whose mail it is: a login (joe@example.org), a host that relays without one ' +
        '(client:10.0.0.7), mail of this machine itself by its sender (local:www-data@host), or where Postern is its sendmail ' +
        'by its script (script:/var/www/shop/contact.php) or user (user:backup).',
    );
  list(accounts);
  show(accounts);
  suspend(accounts);
  release(accounts);
  allow(accounts);
}

function list(accounts: Command): void {
  accounts
    .command('list')
    .summary('accounts and how they stand, newest mail first')
    .description(
      'Lists accounts, those with the newest mail first: their state, the evidence against them (1 holds a message, ' +
        '2.5 suspends), messages and recipients today, and the strongest reason.',
    )
    .option(
      '--state <state>',
      `suspended, watched or clear; with a / in it: ${stateHelp}`,
      stateOrFolder,
    )
    .option('--like <text>', 'only names that contain this')
    .option('--exempt', 'the exemptions in force, also of accounts that never sent mail')
    .option('--limit <n>', 'at most so many', listLimitOption, 100)
    .option('--json', 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern accounts list --state suspended', ''],
          ['postern accounts list --like @example.org --limit 20', ''],
          ['postern accounts list --exempt', 'who may send what he likes, until when, and why'],
        ],
        exits: [done, notRunning],
        notes: 'Where the guard does not run, its ledger is read instead.',
      }),
    )
    .action(async (options: ListOptions, command: Command) => {
      const { exempt, limit, like = '' } = options;
      if (exempt === true && options.state?.is !== undefined) {
        throw new OperatorError('usage', 'give --exempt or a state, not both', {
          exit: sysexits.usage,
        });
      }
      using reads = await openReads(options.state?.folder, (text) => warn(command, text));
      if (exempt === true) {
        const part = like.toLowerCase();
        const all = (await reads.exemptions()).filter(({ account }) => account.includes(part));
        const shown = all.slice(0, limit);
        print(command, options.json === true ? jsonLine(shown) : exemptionListText(shown));
        return;
      }
      const rows = await reads.accounts({
        limit: options.limit,
        ...(options.state?.is === undefined ? {} : { state: options.state.is }),
        ...(options.like === undefined ? {} : { like: options.like }),
      });
      print(command, options.json === true ? jsonLine(rows) : accountListText(rows));
    });
}

/**
 * `--state suspended` and `--state /var/lib/postern` are told apart by the slash, and may both be
 * given.
 */
function stateOrFolder(text: string, before: Wanted = {}): Wanted {
  const is = accountStates.find((state) => state === text);
  if (is !== undefined) return { ...before, is };
  if (text.includes('/')) return { ...before, folder: text };
  throw new InvalidArgumentError('It must be suspended, watched or clear (or a folder, with a /).');
}

function show(accounts: Command): void {
  accounts
    .command('show')
    .summary('one account: state, reasons, incidents, record')
    .description(
      'Shows how an account stands, every reason with its numbers, its incidents (first sign, what got out, what was ' +
        'stopped), its last messages that did not simply pass, and what people did.',
    )
    .argument('<name>', 'the account, as `accounts list` writes it')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern accounts show joe@example.org', '']],
        exits: [done, noSuch, notRunning],
        notes: 'Where the guard does not run, its ledger is read instead.',
      }),
    )
    .action(async (name: string, options: Common, command: Command) => {
      using reads = await openReads(options.state, (text) => warn(command, text));
      const found = await reads.account(name);
      print(command, options.json === true ? jsonLine(found) : accountText(found));
    });
}

function suspend(accounts: Command): void {
  const command = accounts
    .command('suspend')
    .summary('stop an account')
    .description(
      'Stops an account by hand: later mail is refused (mail of this machine is held), what it has in the queue is put ' +
        'on hold, and its login is closed where Dovecot is configured. The operator is told as for any suspension.',
    )
    .argument('<name>', 'the account')
    .option('--note <text>', 'why, for the record', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern accounts suspend joe@example.org --note "he called, his laptop is gone"', ''],
        ],
        exits: [done, notDone, notRunning],
        notes: 'To undo: postern accounts release NAME',
      }),
    );
  command.action((name: string, options: ActOptions) =>
    act(command, options, accountPath(name, 'suspend'), note(options)),
  );
}

type ReleaseOptions = ActOptions & { readonly falseAlarm?: true; readonly keepHeld?: true };

function release(accounts: Command): void {
  const command = accounts
    .command('release')
    .summary('let a suspended account mail again')
    .description(
      'Ends a suspension: the account may mail again, its login opens, and what the suspension took from the queue goes ' +
        'back into it, unless --keep-held is given. Mail that was held as it came stays held, unless --false-alarm is.',
    )
    .argument('<name>', 'the account')
    .option('--keep-held', 'it was hijacked: what was taken from the queue stays held too')
    .addOption(
      new Option(
        '--false-alarm',
        'it was honest mail: all of it goes out, and counts as usual from now on',
      ).conflicts('keepHeld'),
    )
    .option('--note <text>', 'what was found, for the record', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern accounts release joe@example.org --keep-held', 'its password is changed'],
          ['postern accounts release press@example.org --false-alarm', 'it was honest mail'],
          ['postern held list --account joe@example.org', 'what stayed held'],
          ['postern held drop --account joe@example.org', 'deletes it'],
          ['postern held release --account joe@example.org', 'or lets it go'],
        ],
        exits: [done, notDone, [64, '--keep-held and --false-alarm together'], notRunning],
        notes:
          'Without --false-alarm the hijack was real and is mended (the password is changed): nothing of it is learned,\n' +
          'and the same amount of mail to strangers would suspend the account again. Say --keep-held then, or the spam\n' +
          'that was still in the queue goes out after all. With --false-alarm that amount passes from now on, and all\n' +
          'its held mail goes out; never say so of mail that the owner did not send.',
      }),
    );
  command.action((name: string, options: ReleaseOptions) => {
    const { falseAlarm = false, keepHeld = false } = options;
    const body = { ...note(options), falseAlarm, keepHeld };
    return act(command, options, accountPath(name, 'release'), body);
  });
}

type AllowOptions = ActOptions & { readonly until: number };

function allow(accounts: Command): void {
  const command = accounts
    .command('allow')
    .summary('exempt an account until a date')
    .description(
      'Lets everything of an account pass until then, whatever is usual, ceilings included. For the newsletter of next ' +
        'week. A suspension is not lifted by it, and what passes meanwhile is learned as any mail is.',
    )
    .argument('<name>', 'the account')
    .requiredOption(
      '--until <when>',
      '30d, 2026-12-31, tomorrow, an RFC 3339 time; now ends an exemption',
      untilOption,
    )
    .option('--note <text>', 'why, for the record', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern accounts allow billing@example.org --until tomorrow', ''],
          ['postern accounts allow billing@example.org --until now', 'ends it'],
        ],
        exits: [done, notDone, notRunning],
        notes: 'Dates run to their last second, UTC.',
      }),
    );
  command.action((name: string, options: AllowOptions) => {
    const body = { ...note(options), until: Math.round(options.until) };
    return act(command, options, accountPath(name, 'allow'), body);
  });
}

function note(options: ActOptions): { readonly note?: string } {
  return options.note === undefined ? {} : { note: options.note };
}
