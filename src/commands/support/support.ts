/** `postern support`: writes a file for a bug report, without secrets, people or mail. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { openRedactor, type Redactor } from '../../core/support/redact.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { openReads } from '../guard/reads.ts';
import { readRunFile, stateDirectory } from '../guard/run-file.ts';
import { otherOnPath, pathOfOther } from '../guard/trusted-path.ts';
import { helpAfter, stateHelp } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { type Section, supportSections } from './sections.ts';

type Options = {
  readonly out?: string;
  readonly dryRun?: true;
  readonly log?: string;
  readonly state?: string;
  readonly config?: string;
  readonly configDir?: string;
};

const leftOut =
  'Left out or replaced: passwords, tokens, keys, paths of URLs; mail addresses, names of\n' +
  'accounts, scripts and of this server, client addresses (the same name has the same\n' +
  'stand-in everywhere); subjects, recipients, texts of mail, notes. The ledger and mail\n' +
  'are not read.\n';

export function register(program: Command): void {
  program
    .command('support')
    .summary('a file for a bug report, without secrets')
    .description(
      'Writes one text file for a bug report: versions, settings, what doctor finds, status, ' +
        'the last lines of the log, metrics, and the settings of Postfix. Secrets, people and ' +
        'mail are removed. First it lists what is in it; read the file before you send it.',
    )
    .option('--out <file>', 'where to write (default: postern-support.txt in this folder)')
    .option('--dry-run', 'only list what would be in it')
    .option('--log <file>', 'the log of the guard, if it is not in the journal')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', 'the configuration (default: that of the service)')
    .option('--config-dir <dir>', 'configuration directory of Postfix')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['sudo postern support', 'as root it sees most'],
          ['postern support --log guard.log --out report.txt', 'a guard that is no service'],
        ],
        exits: [
          [0, 'done'],
          [73, 'the file exists, or cannot be made'],
          [77, 'as root: another user controls the folder'],
        ],
        notes: `${leftOut}Only its owner can read the file.`,
      }),
    )
    .action((options: Options, command: Command) => support(options, command));
}

async function support(options: Options, command: Command): Promise<void> {
  const out = resolve(options.out ?? 'postern-support.txt');
  const state = stateDirectory(options.state);
  const config = options.config ?? usualConfig();
  const loaded = loadConfig(config);
  const { configDir, log } = options;
  if (options.dryRun === undefined) mustDecide(out);
  const sections = await supportSections({ state, loaded, config, configDir, log });
  const redactor = openRedactor();
  redactor.hide(await secretsOf(state));
  redactor.learn([hostname(), loaded.config.host]);
  // As root: opened before this process becomes the owner of the state folder for the names.
  const file = options.dryRun === undefined ? openNew(out) : undefined;
  try {
    redactor.learn(await accountNames(options.state, (text) => warn(command, text)));
    const cleaned = sections.map(({ isPublic, text, title }) => ({
      title,
      text: isPublic === true ? text : redactor.clean(text),
    }));
    print(command, contents(cleaned, redactor));
    if (file === undefined) return;
    writeSync(file, bundle(cleaned));
  } finally {
    if (file !== undefined) closeSync(file);
  }
  print(command, `\nWritten to ${out}. Read it before you send it.\n`);
}

/** Root makes no file where another user may have put a link, or may do so. */
function mustDecide(out: string): void {
  if (process.geteuid?.() !== 0) return;
  const other = otherOnPath(dirname(out));
  if (other !== undefined) throw pathOfOther(dirname(out), other);
}

function openNew(out: string): number {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  try {
    return openSync(out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (cause) {
    throw new OperatorError('support-file', `cannot make ${out}`, {
      cause,
      hint: 'name another file with --out FILE; an existing one is never overwritten',
      exit: sysexits.cantCreate,
    });
  }
}

async function secretsOf(state: string): Promise<readonly string[]> {
  const run = await readRunFile(state).catch(() => undefined);
  return run === undefined ? [] : [run.token];
}

/** Names that every server has. They name no person, and stand in texts as words. */
const roles: ReadonlySet<string> = new Set([
  ...['abuse', 'admin', 'backup', 'contact', 'daemon', 'hostmaster', 'info', 'mail', 'news'],
  ...['nobody', 'noreply', 'office', 'postern', 'postfix', 'postmaster', 'root', 'sales'],
  ...['service', 'support', 'test', 'web', 'webmaster', 'www-data'],
]);

/** The most that the guard lists at once. */
const namesMax = 1_000;

async function accountNames(
  state: string | undefined,
  say: (text: string) => void,
): Promise<readonly string[]> {
  try {
    using reads = await openReads(state, say);
    const accounts = await reads.accounts({ limit: namesMax });
    // A login may stand in a log without its domain.
    return accounts.flatMap(({ account }) => {
      const login = account.replace(/@.*$/, '');
      return roles.has(login) ? [account] : [account, login];
    });
  } catch (error) {
    if (error instanceof OperatorError) return []; // no guard, no ledger: no account
    throw error;
  }
}

function contents(sections: readonly Section[], redactor: Redactor): string {
  const lines = sections.map(({ text, title }) => {
    const size = text.startsWith('left out: ') ? text.split('\n')[0] : `${text.length} characters`;
    return `  ${title.padEnd(20)}${size}`;
  });
  const counts = Object.entries(redactor.counts()).map(([kind, count]) => `${count} ${kind}`);
  const replaced = counts.length === 0 ? 'nothing' : counts.sort().join(', ');
  return `What is in it:\n${lines.join('\n')}\n\n${leftOut}Replaced: ${replaced}.\n`;
}

function bundle(sections: readonly Section[]): string {
  return sections.map(({ text, title }) => `==== ${title} ====\n\n${text}\n\n`).join('');
}
