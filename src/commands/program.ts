/**
 * The command line as a whole: which commands there are, how they are found, and how a run ends.
 * Each command lives in a file of its own and is loaded only when it is asked for, so that the rest
 * costs nothing at start.
 */
import { getSystemErrorMessage } from 'node:util';
import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { version } from '../version.ts';

type Module = { register(program: Command): void };

/** Name, first line of its help (`postern --help` lists all), and where it is. */
const commands: readonly (readonly [string, string, () => Promise<Module>])[] = [
  ['up', 'start the guard in the foreground', () => import('./up.ts')],
  ['status', 'what the guard does right now', () => import('./status.ts')],
  ['accounts', 'list, show, suspend, release, allow', () => import('./accounts/accounts.ts')],
  ['held', 'list, show, release, drop held messages', () => import('./held/held.ts')],
  ['explain', 'why a message got its verdict', () => import('./explain.ts')],
  ['try', 'play a hijack against the running guard', () => import('./try/try.ts')],
  ['replay', 'what would have been done to recorded mail', () => import('./replay/replay.ts')],
  ['passwords', 'find weak passwords, have them changed', () => import('./passwords/passwords.ts')],
  ['connect', 'put the guard into Postfix, and take it out', () => import('./connect/postfix.ts')],
  ['install', 'as a service of this machine', () => import('./install/install.ts')],
  ['dns', 'plan, check and watch the DNS records of mail', () => import('./dns/dns.ts')],
  ['doctor', 'check everything around the guard', () => import('./doctor/doctor.ts')],
  ['scan', 'what scanners say of a message', () => import('./scan/scan.ts')],
  [
    'scripts',
    'which web scripts send mail, and what each may',
    () => import('./scripts/scripts.ts'),
  ],
  ['stats', 'numbers of mail that left, by whom and by day', () => import('./stats/stats.ts')],
  ['dkim', 'keys, and signatures of mail', () => import('./dkim/dkim.ts')],
  ['spf', 'what SPF says about mail from an address', () => import('./dns/spf.ts')],
  ['config', 'check, show, defaults', () => import('./config/config.ts')],
];

export const commandNames: readonly string[] = commands.map(([name]) => name);

const about = `The gate that a mail server's mail leaves through: catches a hijacked account after a handful of
messages, stops it, and tells you.`;

const more = `
Files:
  ./.state, or --state DIR    the ledger and run.json, which tells commands where the guard is
  /etc/postern/postern.toml   the configuration of an installed guard; see postern config defaults

Exit codes (sysexits(3)):
  0 done   1 something is wrong and was said   64 usage   65 bad data   66 no such file
  67 no such account or message   69 not running or not reachable   73 cannot create
  77 not allowed   78 configuration

Start with:
  ./postern up                and in another terminal:
  ./postern try hijack        watch it being stopped
  ./postern connect postfix   put it into your mail server (shows the change first)
`;

/** Where the text of a run goes. */
export type Output = { out(text: string): void; err(text: string): void };

/** Runs one command line (without node and script) and answers with the exit code. */
export async function runCommandLine(words: readonly string[], output: Output): Promise<number> {
  try {
    const program = await openProgram(words, output);
    await program.parseAsync([...helpAsOption(words)], { from: 'user' });
    return sysexits.ok;
  } catch (error) {
    return failed(error, output);
  }
}

/** The program with the command that is asked for, or with the first lines of all. */
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

/** `postern help held` is `postern held --help`. */
function helpAsOption(words: readonly string[]): readonly string[] {
  return words[0] === 'help' ? [...words.slice(1), '--help'] : words;
}

function outputConfiguration(output: Output): OutputConfiguration {
  return {
    writeOut: output.out,
    writeErr: output.err,
    outputError: (text, write) => write(text.replace(/^error: /, 'postern: ')),
  };
}

/** Sub-commands end the same way as the program does. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent).helpCommand(false);
  for (const sub of command.commands) inherit(sub, command);
}

/** One clear line for each thing that is wrong, and the exit code that goes with it. */
function failed(error: unknown, output: Output): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : sysexits.usage;
  if (error instanceof OperatorError) {
    for (const line of `${error.message}${because(error.cause)}`.split('\n')) {
      output.err(`postern: ${line}\n`);
    }
    if (error.hint !== undefined && error.hint !== '') output.err(`postern: ${error.hint}\n`);
    return error.exit;
  }
  output.err(`postern: our mistake: ${error instanceof Error ? error.stack : error}\n`);
  return sysexits.software;
}

function because(cause: unknown): string {
  if (cause === undefined) return '';
  const { errno, message } = { errno: undefined, message: String(cause), ...errorOf(cause) };
  // Node's own text repeats the path, which the message names already.
  return `: ${errno === undefined ? message : getSystemErrorMessage(errno)}`;
}

function errorOf(cause: unknown): { readonly errno?: number; readonly message?: string } {
  if (!(cause instanceof Error)) return {};
  const { errno, message } = cause as NodeJS.ErrnoException;
  return errno === undefined || 'address' in cause ? { message } : { message, errno };
}
