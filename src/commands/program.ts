/**
 * The command line: the list of commands, how a command is found, and how a run ends. Each command
 * has its own file, loaded only when that command runs, so that others cost no time at start.
 */
import { Command, CommanderError } from 'commander';
import { type OwnCommand, ownCommands } from '../core/own-command.ts';
import { sysexits } from '../lib/operator-error.ts';
import { version } from '../version.ts';
import { commandHere } from './guard/called.ts';
import { failureJson, failureOf, failureText } from './terminal/failure.ts';
import { ownCommand, setOwnCommand } from './terminal/own-command.ts';
import { harmless, type OwnOutput } from './terminal/print.ts';

/** `whole`: opens the program with every command, for those that describe all of them. */
type Module = { register(program: Command, whole: () => Promise<Command>): void };

/** Name of the command, its line in `postern --help`, and its file. */
const commands: readonly (readonly [string, string, () => Promise<Module>])[] = [
  ['up', 'start the guard in the foreground', () => import('./up/up.ts')],
  ['status', 'what the guard does right now', () => import('./status.ts')],
  ['mode', 'observe or guard: what would change, and switch', () => import('./mode.ts')],
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
  ['listed', 'are we on blocklists? what to do', () => import('./listed/listed.ts')],
  ['audit', 'who did what: operators, and Postern itself', () => import('./audit.ts')],
  ['explain', 'why a message got its verdict', () => import('./explain.ts')],
  ['brake', 'whether Postern doubts its own verdicts', () => import('./brake.ts')],
  ['forget', "remove a person's address from all records", () => import('./forget.ts')],
  ['try', 'play a hijack, or send a test notice', () => import('./try/try.ts')],
  ['drill', 'live fire: is a hijacked account stopped?', () => import('./drill/drill.ts')],
  ['replay', 'judge recorded mail: what would have happened', () => import('./replay/replay.ts')],
  ['passwords', 'find weak passwords, have them changed', () => import('./passwords/passwords.ts')],
  [
    'connect',
    'connect Postfix, sendmail, a scanner; declare authors',
    () => import('./connect.ts'),
  ],
  ['install', 'make Postern a service of this machine', () => import('./install/install.ts')],
  ['dns', 'plan, check and watch the DNS records of mail', () => import('./dns/dns.ts')],
  ['check', 'one line for Nagios and other monitors', () => import('./check/check.ts')],
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
  ['support', 'a file for a bug report, without secrets', () => import('./support/support.ts')],
  ['config', 'check and show the configuration', () => import('./config/config.ts')],
  ['man', 'print a manual page', () => import('./man/man.ts')],
  ['completion', 'completion for bash, zsh and fish', () => import('./completion/completion.ts')],
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

/**
 * Runs one command line (without node and script) and answers with the exit code. `own`: how
 * commands are called where the output is read.
 */
export async function runCommandLine(
  words: readonly string[],
  output: Output,
  own: OwnCommand = commandHere(words),
): Promise<number> {
  setOwnCommand(own);
  const { leading, rest } = withoutLeading(helpAsOption(words));
  let printed = false;
  const counted: Output = {
    ...output,
    out(text) {
      printed = true;
      output.out(text);
    },
  };
  let help = 'postern --help';
  try {
    const program = await openProgram(rest, counted);
    const { command, depth } = leafOf(program, rest);
    help = ['postern', ...rest.slice(0, depth), '--help'].join(' ');
    await program.parseAsync([...withLeading(command, depth, { leading, rest })], { from: 'user' });
    return sysexits.ok;
  } catch (error) {
    const failure = failureOf(error, help);
    if (failure === undefined) return sysexits.ok;
    // Commander has said its part already.
    const isSaid = error instanceof CommanderError;
    output.err(harmless(isSaid ? `postern: ${failure.hint}\n` : failureText(failure)));
    // Only where nothing was printed: standard output stays one JSON value.
    if (asksForJson(rest) && !printed) output.out(failureJson(failure));
    return failure.exit;
  }
}

function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end === -1 ? words : words.slice(0, end)).includes('--json');
}

/** The program with the wanted command, or without one with the summaries of all. */
export async function openProgram(words: readonly string[], output: Output): Promise<Command> {
  const program = bareProgram(output);
  const wanted = helpAsOption(words)[0];
  const one = commands.find(([name]) => name === wanted);
  if (one === undefined) {
    for (const [name, summary] of commands)
      program.command(name).summary(summary).allowUnknownOption();
    if (wanted === undefined) program.help({ error: true });
  } else {
    (await one[2]()).register(program, wholeProgram);
    for (const command of program.commands) inherit(command, program);
  }
  return program;
}

function bareProgram(output: Output): Command {
  return new Command('postern')
    .description(about)
    .version(version, '-V, --version')
    .configureHelp({ helpWidth: 100 })
    .helpCommand(false)
    .addHelpText('after', more)
    .exitOverride()
    .configureOutput(outputConfiguration(output));
}

/** The program with every command and its subcommands, to be read and not to be run. */
export async function wholeProgram(): Promise<Command> {
  const program = bareProgram({ out: () => {}, err: () => {} });
  for (const [, , load] of commands) (await load()).register(program, wholeProgram);
  for (const command of program.commands) {
    inherit(command, program);
    command.summary(commands.find(([name]) => name === command.name())?.[1] ?? '');
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

/** The command that the words name, and how many of them its name has. */
function leafOf(program: Command, words: readonly string[]): { command: Command; depth: number } {
  let command = program;
  let depth = 0;
  for (;;) {
    const next = command.commands.find((one) => one.name() === words[depth]);
    if (next === undefined) return { command, depth };
    command = next;
    depth++;
  }
}

/** Puts the options behind the words of the command; one that the command lacks has no meaning. */
function withLeading(
  command: Command,
  depth: number,
  { leading, rest }: ReturnType<typeof withoutLeading>,
): readonly string[] {
  const known = leading.flatMap((name, at) =>
    at % 2 === 0 && command.options.some(({ long }) => long === name)
      ? [name, leading[at + 1] ?? '']
      : [],
  );
  return [...rest.slice(0, depth), ...known, ...rest.slice(depth)];
}

function outputConfiguration(output: Output): OwnOutput {
  return {
    // JSON is data; its advice was made to work here when it was made (jsonLine).
    writeOut: (text) => output.out(isJson(text) ? text : shownHere(text)),
    writeData: output.out,
    writeErr: (text) => output.err(shownHere(text)),
    outputError: (text, write) => write(text.replace(/^error: /, 'postern: ')),
  };
}

/** JSON has no raw control characters but line ends. */
function isJson(text: string): boolean {
  return /^[{[]/.test(text) && !/[^\P{Cc}\n]/u.test(text);
}

function shownHere(text: string): string {
  return harmless(ownCommands(text, ownCommand()));
}

/** Subcommands print and end in the same way as the program. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent).helpCommand(false);
  for (const sub of command.commands) inherit(sub, command);
}
