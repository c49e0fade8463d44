/**
 * `postern check`: one line and an exit code for Nagios, Icinga and the like. It always answers in
 * this form, also where other commands print an error.
 */
import type { Command } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { readSecretFile } from '../../partners/secret-file.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { helpAfter, stateHelp } from '../terminal/help.ts';
import { print } from '../terminal/print.ts';
import { askAtPage, askInFolder } from './ask.ts';
import type { CheckFacts } from './facts.ts';
import { answer, type CheckAnswer, type CheckLimits, judged } from './judge.ts';

const usualPage = 'http://127.0.0.1:9902';
const usualAge = '1d';

/** `true`: the option was given without a value. */
type Given = string | true | undefined;
type Options = {
  readonly warning?: Given;
  readonly critical?: Given;
  readonly ageWarning?: Given;
  readonly ageCritical?: Given;
  readonly state?: Given;
  readonly url?: Given;
  readonly tokenFile?: Given;
};

export function register(program: Command): void {
  program
    .command('check')
    .usage('[options]')
    // Takes what is wrong too, to answer in the form that monitors read.
    .argument('[words...]')
    .description(
      'Answers in one line whether the guard works and what waits for you, as monitors read it ' +
        '(Nagios, Icinga, Zabbix, Checkmk). It asks through the state folder if this user may ' +
        'read it, else at the address of the status page. It ends within 10 seconds, also if the ' +
        'guard hangs.',
    )
    .option('-w, --warning [n]', 'WARNING from this many held messages')
    .option('-c, --critical [n]', 'CRITICAL from this many held messages')
    .option('--age-warning [duration]', 'WARNING if a message is held this long', usualAge)
    .option('--age-critical [duration]', 'CRITICAL if a message is held this long')
    .option('--state [dir]', stateHelp)
    .option('--url [url]', `ask at this address, not through the folder (else ${usualPage})`)
    .option('--token-file [file]', 'file with a copy of metrics-token, to get numbers at --url')
    .allowUnknownOption()
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'CRITICAL: no guard runs, it does not answer, it shows a trouble, its ledger takes no ' +
          'writes, or a limit is reached. WARNING: an account is suspended, a scanner is down, a ' +
          'mail log is not read, a notice is not delivered, a DKIM key cannot be used, a ' +
          'provider blocks mail.',
        examples: [
          ['postern check -w 20 -c 200 --age-critical 3d', ''],
          ['postern check --state /var/lib/postern-2', 'another instance'],
          ['postern check --token-file /etc/nagios/postern-token', 'as a user without rights'],
        ],
        exits: [
          [0, 'OK'],
          [1, 'WARNING'],
          [2, 'CRITICAL'],
          [3, 'UNKNOWN: a wrong option, or this user may not ask'],
        ],
      }),
    )
    .action(async (words: readonly string[], options: Options, command: Command) => {
      const { state, line } = await checked(options, words).catch(failure);
      print(command, line);
      process.exitCode = state;
    });
}

async function checked(options: Options, rest: readonly string[]): Promise<CheckAnswer> {
  const [unknown] = rest;
  if (unknown !== undefined) return answer(3, [`unknown option or argument ${unknown}`]);
  const bare = Object.entries(options).find(([, value]) => value === true);
  if (bare !== undefined) {
    const name = bare[0].replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
    return answer(3, [`option --${name} needs a value`]);
  }
  const limits: CheckLimits = {
    heldWarning: countOf('--warning', options.warning),
    heldCritical: countOf('--critical', options.critical),
    ageWarningMs: durationOf('--age-warning', options.ageWarning),
    ageCriticalMs: durationOf('--age-critical', options.ageCritical),
  };
  return judged(await facts(options), limits);
}

/** `true` cannot come here. */
function textOf(given: Given): string | undefined {
  return given === true ? undefined : given;
}

async function facts(options: Options): Promise<CheckFacts> {
  const url = textOf(options.url);
  const tokenFile = textOf(options.tokenFile);
  const token = tokenFile === undefined ? '' : readSecretFile(tokenFile);
  if (url !== undefined) return askAtPage(pageOf(url), token);
  const state = stateDirectory(textOf(options.state));
  becomeOwnerOf(state);
  try {
    return await askInFolder(state);
  } catch (error) {
    if (!isDenied(error) || options.state !== undefined) throw error;
    return askAtPage(usualPage, token);
  }
}

/** The folder is there, and this user may not read it. */
function isDenied(error: unknown): boolean {
  const { cause } = error instanceof OperatorError ? error : { cause: undefined };
  return cause instanceof Error && 'code' in cause && cause.code === 'EACCES';
}

function pageOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw usage(`--url must be http://HOST:PORT`);
  return url.origin;
}

function countOf(option: string, given: Given): number | undefined {
  const text = textOf(given);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw usage(`${option} must be a whole number`);
  return Number(text);
}

function durationOf(option: string, given: Given): number | undefined {
  const text = textOf(given);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) throw usage(`${option} must be a duration such as 90s, 1h or 2d`);
  return ms;
}

function usage(text: string): OperatorError {
  return new OperatorError('check-usage', text, { exit: 3 });
}

/** What this user may not ask is unknown; that nobody answers is what a monitor must report. */
function failure(error: unknown): CheckAnswer {
  const isOurs = error instanceof OperatorError;
  if (isOurs && ['check-usage', 'check-token', 'secret-file'].includes(error.code)) {
    return answer(3, [faultText(error)]);
  }
  if (isDenied(error)) return answer(3, ['this user may not read the state folder of the guard']);
  if (isOurs && error.code === 'not-running') return answer(2, ['no guard is running']);
  if (isTimeout(error)) return answer(2, ['the guard does not answer in time']);
  return answer(2, [`the guard cannot be asked: ${faultText(error)}`]);
}

function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /^(?:TimeoutError|AbortError)$/.test(error.name) || isTimeout(error.cause);
}
