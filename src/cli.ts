/**
 * `postern …`: picks a command and runs it. Each command lives in src/commands and is loaded only when it is asked for,
 * so that the rest costs nothing at start.
 */
import { Command, CommanderError } from 'commander';
import { OperatorError, sysexits } from './lib/operator-error.ts';
import { version } from './version.ts';

type Module = { register(program: Command): void };

/** Name, and where it is. The first line of its help is kept here too, since `postern --help` lists all. */
const commands: readonly (readonly [string, string, () => Promise<Module>])[] = [
  ['up', 'start the guard in the foreground', () => import('./commands/up.ts')],
  ['status', 'what the guard does right now', () => import('./commands/status.ts')],
  ['accounts', 'list, show, suspend, release, allow', () => import('./commands/accounts.ts')],
  ['held', 'list, show, release, drop held messages', () => import('./commands/held.ts')],
  ['explain', 'why a message got its verdict', () => import('./commands/explain.ts')],
  ['try', 'play a hijack against the running guard', () => import('./commands/try.ts')],
  ['replay', 'what would have been done to recorded mail', () => import('./commands/replay.ts')],
  ['connect', 'put the guard into Postfix, and take it out', () => import('./commands/connect.ts')],
  ['install', 'as a service of this machine', () => import('./commands/install.ts')],
  ['doctor', 'check everything around the guard', () => import('./commands/doctor.ts')],
  ['config', 'check, show, defaults', () => import('./commands/config.ts')],
];

const about = `The gate that a mail server's mail leaves through: catches a hijacked account after a handful of
messages, stops it, and tells you.`;

const more = `
Files:
  ./.state, or --state DIR    the ledger and run.json, which tells commands where the guard is
  /etc/postern/postern.toml   the configuration of an installed guard; ./postern config defaults

Exit codes (sysexits(3)):
  0 done   1 something is wrong and was said   64 usage   65 bad data   66 no such file
  69 not running or not reachable   73 cannot create   77 not allowed   78 configuration

Start with:
  ./postern up                and in another terminal:
  ./postern try hijack        watch it being stopped
  ./postern connect postfix   put it into your mail server (shows the change first)
`;

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('postern')
    .description(about)
    .version(version, '-V, --version')
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .addHelpText('after', more)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'postern: ')),
    });
  const wanted = argv[2];
  const one = commands.find(([name]) => name === wanted);
  if (one === undefined) {
    for (const [name, summary] of commands)
      program.command(name).summary(summary).allowUnknownOption();
    if (wanted === undefined) program.help({ error: true });
  } else {
    (await one[2]()).register(program);
    for (const command of program.commands) inherit(command, program);
  }
  await program.parseAsync([...argv]);
}

/** Sub-commands end the same way as the program does. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const sub of command.commands) inherit(sub, command);
}

/** One clear line, and the exit code that goes with it. */
function fail(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : sysexits.usage;
  if (error instanceof OperatorError) {
    process.stderr.write(`postern: ${error.message}${because(error.cause)}\n`);
    if (error.hint !== undefined) process.stderr.write(`postern: ${error.hint}\n`);
    return error.exit;
  }
  process.stderr.write(`postern: our mistake: ${error instanceof Error ? error.stack : error}\n`);
  return sysexits.software;
}

function because(cause: unknown): string {
  if (cause === undefined) return '';
  return `: ${cause instanceof Error ? cause.message : String(cause)}`;
}

try {
  await main(process.argv);
} catch (error) {
  process.exitCode = fail(error);
}
