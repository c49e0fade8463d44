/**
 * The command line: the list of commands, how a command is found, and how a run ends. Each command
 * has its own file, loaded only when that command runs, so that others cost no time at start.
 */
import { getSystemErrorMessage } from 'node:util';
import { Command, CommanderError } from 'commander';
import { ownCommands } from '../core/own-command.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { version } from '../version.ts';
import { commandHere } from './guard/called.ts';
import { ownCommand, setOwnCommand } from './terminal/own-command.ts';
import type { OwnOutput } from './terminal/print.ts';

type Module = { register(program: Command): void };

/** Name of the command, its line in `postern --help`, and its file. */
const commands: readonly (readonly [string, string, () => Promise<Module>])[] = [
  ['up', 'start the guard in the foreground', () => import('./up.ts')],
  ['status', 'what the guard does right now', () => import('./status.ts')],
  [
    'accounts',
    'list, show, suspend, release, allow, may-write-as',
    () => import('./accounts/accounts.ts'),
  ],
  ['held', 'list, show, release, drop held messages', () => import('./held/held.ts')],
  [
    'inbound',
    'mail that comes in: what waited, who never waits',
    () => import('./inbound/inbound.ts'),
  ],
  ['quarantine', 'incoming mail in quarantine', () => import('./inbound/quarantine.ts')],
  ['find', 'find messages, and what became of them', () => import('./find/find.ts')],
  ['incidents', 'hijacks, and the mail that got out', () => import('./incidents/incidents.ts')],
  ['bounces', 'why mail did not arrive, from its bounces', () => import('./bounces/bounces.ts')],
  ['providers', 'how each provider treats our mail', () => import('./providers/providers.ts')],
  ['explain', 'why a message got its verdict', () => import('./explain.ts')],
  ['forget', "remove a person's address from all records", () => import('./forget.ts')],
  ['try', 'play a hijack, or send a test notice', () => import('./try/try.ts')],
  ['replay', 'judge recorded mail: what would have happened', () => import('./replay/replay.ts')],
  ['passwords', 'find weak passwords, have them changed', () => import('./passwords/passwords.ts')],
  [
    'connect',
    'connect Postfix, sendmail, a scanner; declare authors',
    () => import('./connect.ts'),
  ],
  ['install', 'make Postern a service of this machine', () => import('./install/install.ts')],
  ['dns', 'plan, check and watch the DNS records of mail', () => import('./dns/dns.ts')],
  [
    'checklist',
    'every measure that helps: done, broken, next',
    () => import('./checklist/checklist.ts'),
  ],
  ['doctor', 'check guard, mail server and machine', () => import('./doctor/doctor.ts')],
  ['probe', 'your mail server as a stranger sees it', () => import('./probe/probe.ts')],
  ['scan', 'what scanners say about a message', () => import('./scan/scan.ts')],
  [
    'scripts',
    'which web scripts send mail, and rules for them',
    () => import('./scripts/scripts.ts'),
  ],
  ['stats', 'numbers of outgoing mail, by account or day', () => import('./stats/stats.ts')],
  ['dkim', 'DKIM keys, and signatures of messages', () => import('./dkim/dkim.ts')],
  ['spf', 'what SPF says about mail from an address', () => import('./dns/spf.ts')],
  ['config', 'check and show the configuration', () => import('./config/config.ts')],
];

export const commandNames: readonly string[] = commands.map(([name]) => name);

const about = `Postern watches the mail that leaves your mail server. It stops a hijacked account
after a few messages, and tells you.`;

const more = `
Files:
  ./.state, or --state DIR    the ledger, and run.json with the guard's addresses
  /etc/postern/postern.toml   the configuration of an installed guard; see postern config defaults

Exit codes (sysexits(3)):
  0 done   1 a problem was found and reported   64 usage   65 bad data   66 no such file
  67 no such account or message   69 not running or not reachable   70 a step failed
  71 a system tool failed   73 cannot create a file   74 cannot read or write a file
  75 try again later   77 not allowed (run it as root)   78 error in the configuration

Start with:
  ./postern up                start the guard; then, in another terminal:
  ./postern try hijack        watch Postern stop a made-up hijacked account
  ./postern connect postfix   connect your mail server to it (shows the change first)
  ./postern checklist         what is done, what is missing, and the next step
`;

/** Takes the text of a run. */
export type Output = { out(text: string): void; err(text: string): void };

/** Runs one command line (without node and script) and answers with the exit code. */
export async function runCommandLine(words: readonly string[], output: Output): Promise<number> {
  try {
    setOwnCommand(commandHere(words));
    const { leading, rest } = withoutLeading(helpAsOption(words));
    const program = await openProgram(rest, output);
    await program.parseAsync([...withLeading(program, rest, leading)], { from: 'user' });
    return sysexits.ok;
  } catch (error) {
    return failed(error, output);
  }
}

/** The program with the wanted command, or without one with the summaries of all. */
export async function openProgram(words: readonly string[], output: Output): Promise<Command> {
  const program = new Command('postern')
    .description(about)
    .version(version, '-V, --version')
    .configureHelp({ helpWidth: 100 })
    .helpCommand(false)
    .addHelpText('after', more)
    .exitOverride()
    .configureOutput(outputConfiguration(output));
  const wanted = helpAsOption(words)[0];
  const one = commands.find(([name]) => name === wanted);
  if (one === undefined) {
    for (const [name, summary] of commands)
      program.command(name).summary(summary).allowUnknownOption();
    if (wanted === undefined) program.help({ error: true });
  } else {
    (await one[2]()).register(program);
    for (const command of program.commands) inherit(command, program);
  }
  return program;
}

/** `postern help held` means `postern held --help`. */
function helpAsOption(words: readonly string[]): readonly string[] {
  return words[0] === 'help' ? [...words.slice(1), '--help'] : words;
}

/** Options that may stand in front of the command: hints have them there. */
const leadingOptions: ReadonlySet<string> = new Set(['--state', '--config', '--config-dir']);

function withoutLeading(words: readonly string[]): {
  readonly leading: readonly string[];
  readonly rest: readonly string[];
} {
  let at = 0;
  while (leadingOptions.has(words[at] ?? '') && at + 2 < words.length) at += 2;
  return { leading: words.slice(0, at), rest: words.slice(at) };
}

/** Puts the options behind the words of the command; one that the command lacks has no meaning. */
function withLeading(
  program: Command,
  words: readonly string[],
  leading: readonly string[],
): readonly string[] {
  if (leading.length === 0) return words;
  let command = program;
  let depth = 0;
  for (;;) {
    const next = command.commands.find((one) => one.name() === words[depth]);
    if (next === undefined) break;
    command = next;
    depth++;
  }
  const known = leading.flatMap((name, at) =>
    at % 2 === 0 && command.options.some(({ long }) => long === name)
      ? [name, leading[at + 1] ?? '']
      : [],
  );
  return [...words.slice(0, depth), ...known, ...words.slice(depth)];
}

function outputConfiguration(output: Output): OwnOutput {
  return {
    // JSON is data; its advice was made to work here when it was made (jsonLine).
    writeOut: (text) => output.out(/^[{[]/.test(text) ? text : ownCommands(text, ownCommand())),
    writeData: output.out,
    writeErr: (text) => output.err(ownCommands(text, ownCommand())),
    outputError: (text, write) => write(text.replace(/^error: /, 'postern: ')),
  };
}

/** Subcommands print and end in the same way as the program. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent).helpCommand(false);
  for (const sub of command.commands) inherit(sub, command);
}

/** Prints one clear line for each error, and answers with the exit code. */
function failed(error: unknown, output: Output): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : sysexits.usage;
  if (error instanceof OperatorError) {
    const here = (text: string): string => ownCommands(text, ownCommand());
    for (const line of `${error.message}${because(error)}`.split('\n')) {
      output.err(`postern: ${here(line)}\n`);
    }
    if (error.hint !== undefined && error.hint !== '') {
      output.err(`postern: ${here(error.hint)}\n`);
    }
    return error.exit;
  }
  output.err(
    'postern: an error in Postern, please report it: ' +
      `${error instanceof Error ? error.stack : error}\n`,
  );
  return sysexits.software;
}

function because({ cause, message: said }: OperatorError): string {
  if (cause === undefined) return '';
  const { errno, message } = { errno: undefined, message: String(cause), ...errorOf(cause) };
  // Node's own text repeats the path, which the message already names.
  const why = errno === undefined ? message : getSystemErrorMessage(errno);
  // The message may have it already.
  return said.includes(why) || (errno !== undefined && said.includes(message)) ? '' : `: ${why}`;
}

function errorOf(cause: unknown): { readonly errno?: number; readonly message?: string } {
  if (!(cause instanceof Error)) return {};
  const { errno, message } = cause as NodeJS.ErrnoException;
  return errno === undefined || 'address' in cause ? { message } : { message, errno };
}
