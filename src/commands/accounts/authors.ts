/** `postern accounts may-write-as`: addresses an account may use in From, declared or suggested. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import { type Declaration, declaredAddress } from '../../core/authors/declaration.ts';
import type { SuggestedPair } from '../../core/authors/suggest.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { dayMs } from '../../lib/time.ts';
import { mayGoOn } from '../connect/question.ts';
import { act } from '../guard/act.ts';
import { openReads } from '../guard/reads.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { noteOption } from '../terminal/options.ts';
import { print, printExactly, warn } from '../terminal/print.ts';
import { declarationListText, suggestionsText } from './authors-text.ts';

type Options = {
  readonly remove?: true;
  readonly list?: true;
  readonly suggest?: true;
  /** True without a file. */
  readonly accept?: string | true;
  readonly observe?: number;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly note?: string;
  readonly state?: string;
  readonly json?: true;
};

/** Pairs in one request to the guard. */
const pairsPerCall = 500;
const linesMax = 20_000;
const { done, notRunning } = exitCodes;

export function registerAuthors(accounts: Command): void {
  const command = accounts
    .command('may-write-as')
    .summary('addresses that an account may use in From')
    .description(
      'A domain’s DKIM key signs only mail of accounts that may write as the address in From. ' +
        'An account may use its own domain, and what the tables of the mail server give it ' +
        '(aliases, smtpd_sender_login_maps). This command declares the rest. Postern suggests ' +
        'declarations from what it saw in a time of observation; you confirm them.',
    )
    .argument(
      '[name]',
      'account as `accounts list` shows it; @DOMAIN (all its logins), client:NETWORK, ' +
        'script:PATTERN, local:*',
    )
    .argument(
      '[address]',
      'an address, @DOMAIN, @*.DOMAIN for all names below it, or * for every address',
    )
    .option('--remove', 'take the declaration back')
    .addOption(
      new Option('--list', 'list the declarations, or those of NAME').conflicts([
        'suggest',
        'accept',
      ]),
    )
    .option('--suggest', 'show what was seen without a right, as commands to type')
    .option(
      '--accept [file]',
      'declare all that --suggest shows without a doubt, or the commands in a file (- is ' +
        'standard input)',
    )
    .addOption(
      new Option(
        '--observe <time>',
        'for this time (such as 14d) sign mail of known accounts that write as others, and note ' +
          'it; off ends it',
      ).argParser(observeOption),
    )
    .option('--dry-run', 'say what would be declared, and change nothing')
    .option('-y, --yes', 'do not ask')
    .option('--note <text>', 'reason; kept in the history', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern accounts may-write-as joe@example.org sales@example.com', ''],
          ['postern accounts may-write-as joe@example.org sales@example.com --remove', ''],
          [
            'postern accounts may-write-as client:192.0.2.0/28 @example.org',
            'a host without login',
          ],
          ["postern accounts may-write-as 'script:/var/www/shop/**' @shop.example", ''],
          ['postern accounts may-write-as --list', ''],
          ['postern accounts may-write-as --suggest > list.txt', 'look at it, change it, then:'],
          ['postern accounts may-write-as --accept list.txt --dry-run', ''],
          ['postern accounts may-write-as --accept list.txt', ''],
        ],
        exits: [done, [1, 'the guard could not do it; the error says why'], notRunning],
        notes:
          'The last lines of the output are the commands that undo this one. --list and\n' +
          '--suggest read the ledger if the guard is not running.',
      }),
    );
  command.action((name: string | undefined, address: string | undefined, options: Options) =>
    run(command, { name, address }, options),
  );
}

async function run(
  command: Command,
  { name, address }: { readonly name: string | undefined; readonly address: string | undefined },
  options: Options,
): Promise<void> {
  const { accept, list, observe, remove, suggest } = options;
  const ways = [list, suggest, accept, observe].filter((way) => way !== undefined).length;
  const listsOne = list === true && address === undefined;
  if (ways > 1 || (ways === 1 && name !== undefined && !listsOne)) throw wrongWords();
  if (observe !== undefined) return act(command, options, '/authors/observe', { ms: observe });
  if (accept !== undefined) return acceptList(command, accept, options);
  if (list === true || suggest === true) return show(command, options, name);
  if (name === undefined || address === undefined) throw wrongWords();
  const pairs = [{ account: name, address }];
  if (remove === true) return act(command, options, '/authors/remove', { pairs });
  return act(command, options, '/authors/declare', { pairs, ...how(options) });
}

function how({ dryRun, note }: Options) {
  return {
    ...(note === undefined ? {} : { note }),
    ...(dryRun === undefined ? {} : { dry: true }),
  };
}

async function show(command: Command, options: Options, name?: string): Promise<void> {
  using reads = await openReads(options.state, (text) => warn(command, text));
  const view = await reads.authors();
  const { observation, suggestions } = view;
  const declarations = view.declarations.filter(
    ({ account }) => name === undefined || account.toLowerCase() === name.toLowerCase(),
  );
  if (options.list === true) {
    print(
      command,
      options.json === true ? jsonLine(declarations) : declarationListText({ declarations }),
    );
    return;
  }
  const whole = { observation, suggestions };
  printExactly(command, options.json === true ? jsonLine(whole) : suggestionsText(whole));
}

async function acceptList(
  command: Command,
  accept: string | true,
  options: Options,
): Promise<void> {
  const pairs = accept === true ? await suggestedNow(command, options) : pairsIn(textOf(accept));
  if (pairs.length === 0) {
    print(command, options.json === true ? jsonLine([]) : 'Nothing to declare.\n');
    return;
  }
  if (accept === true && options.dryRun === undefined) {
    const text = pairs.map((pair) => `${pair.account} may write as ${pair.address}\n`).join('');
    if (options.json === undefined) print(command, text);
    await mayGoOn(options);
  }
  for (let at = 0; at < pairs.length; at += pairsPerCall) {
    const some = pairs.slice(at, at + pairsPerCall);
    await act(command, options, '/authors/declare', { pairs: some, ...how(options) });
  }
}

/** What nothing speaks against: the rest needs a look, and its command typed. */
async function suggestedNow(command: Command, options: Options): Promise<readonly Declaration[]> {
  using reads = await openReads(options.state, (text) => warn(command, text));
  const { suggestions } = await reads.authors();
  return suggestions.filter(isClear).map(({ account, address }) => ({ account, address }));
}

const isClear = ({ doubt, isSuggested }: SuggestedPair): boolean => isSuggested && doubt === '';

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new OperatorError('no-file', `cannot read ${file}: ${faultText(cause)}`, {
      exit: sysexits.noInput,
    });
  }
}

/** The pairs of a list as --suggest prints it: commands, and lines that begin with #. */
function pairsIn(text: string): readonly Declaration[] {
  const lines = text.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim());
  const commands = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (commands.length > linesMax) throw badLine(`more than ${linesMax} lines`);
  return commands.map((line) => {
    const rest =
      /^(?:(?:\S*\/)?postern\s+)?(?:accounts\s+may-write-as\s+)?(.+)$/.exec(line)?.[1] ?? '';
    const [account = '', address = '', ...more] = rest.match(/'[^']*'|\S+/g)?.map(unquoted) ?? [];
    const isPair = declaredAddress(address) !== undefined && more.length === 0;
    if (!isPair || account.startsWith('-')) throw badLine(line);
    return { account, address };
  });
}

const unquoted = (word: string): string => word.replace(/^'(.*)'$/, '$1');

function badLine(line: string): OperatorError {
  return new OperatorError('bad-line', `this line is not a declaration: ${line.slice(0, 200)}`, {
    hint: 'a line is: postern accounts may-write-as NAME ADDRESS',
    exit: sysexits.dataErr,
  });
}

function wrongWords(): OperatorError {
  return new OperatorError(
    'usage',
    'give NAME and ADDRESS, or one of --list, --suggest, --accept, --observe',
    {
      hint: 'see: postern accounts may-write-as --help',
      exit: sysexits.usage,
    },
  );
}

function observeOption(text: string): number {
  if (text === 'off') return 0;
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= dayMs && ms <= 30 * dayMs) return ms;
  throw new InvalidArgumentError('It must be 1d to 30d, or off.');
}
