/** `postern up`: starts the guard in the foreground. */
import { renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import pino from 'pino';
import { type LoadedConfig, readConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { DaemonOptions, DoorAddresses, DoorOptions } from '../../daemon/base/options.ts';
import { keepToken } from '../../daemon/base/token-file.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { activatedSockets } from '../../daemon/doors/activation.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { systemdRuns } from '../../partners/systemctl.ts';
import { serviceManager } from '../../partners/systemd.ts';
import type { Log } from '../../ports/world.ts';
import { commandAnywhere } from '../guard/called.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { home, installedHome, makeState } from '../guard/run-file.ts';
import { helpAfter } from '../terminal/help.ts';
import { logText } from '../terminal/log-line.ts';
import { portOption } from '../terminal/options.ts';
import { own } from '../terminal/own-command.ts';
import { paint } from '../terminal/table.ts';
import { watchTerminal } from './closed-terminal.ts';
import { withLedgerHolder } from './ledger-holder.ts';

type Options = {
  readonly state: string;
  readonly config?: string;
  readonly mode?: 'observe' | 'guard';
  readonly port?: number;
  readonly milter?: string;
  readonly policy?: string;
  readonly http?: string;
  readonly json?: true;
};

const defaultState = join(home, '.state');
const door = 'inet:HOST:PORT, unix:/PATH or off';
/** Time for an orderly end. After it the guard ends anyway; systemd would soon kill it. */
const closeMs = 10_000;

export function register(program: Command): void {
  program
    .command('up')
    .summary('start the guard in the foreground')
    .description(
      'Starts the guard in the foreground, on loopback, with its ledger in a file: a milter ' +
        'door and a policy door for Postfix, and a status page. Ctrl-C, SIGTERM or the end of ' +
        'its terminal ends it; on SIGHUP it reads its configuration again.',
    )
    .option('--state <dir>', 'state folder: ledger, token, run.json', defaultState)
    .option('--config <file>', 'configuration, a TOML file; see `postern config defaults`')
    .addOption(
      new Option(
        '--mode <mode>',
        'observe: judge mail and report, let all pass; guard: act',
      ).choices(['observe', 'guard']),
    )
    .option(
      '--port <n>',
      'first of three ports: milter, policy, status page; 0 takes free ports',
      portOption,
    )
    .option('--milter <address>', `address of the milter door: ${door}`)
    .option('--policy <address>', `address of the policy door: ${door}`)
    .option('--http <address>', 'address of the status page: inet:HOST:PORT or off')
    .option('--json', 'one JSON line when ready; the log goes to standard error')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'Without --config the doors are at 9900 (milter), 9901 (policy) and 9902 (status\n' +
          'page), or at a free port if that is taken. With --config the doors for Postfix are\n' +
          'Unix sockets in its queue folder, unless the file sets others, and no door ever\n' +
          'moves. The log is on standard error: one JSON object a line, or lines for people if\n' +
          'that is a terminal.',
        examples: [
          ['./postern up', 'mode guard, on loopback, ledger in ./.state'],
          ['./postern up --mode observe --port 0 --json', 'free ports, printed as JSON'],
          ['postern up --config /etc/postern/postern.toml --state /var/lib/postern', ''],
        ],
        exits: [
          [0, 'ended by a signal'],
          [64, 'an unknown option or a wrong value'],
          [69, 'a door cannot be opened'],
          [73, 'the state folder or the ledger cannot be made'],
          [75, 'another guard uses this ledger'],
          [78, 'the configuration has an error, or the ledger is of a newer version'],
        ],
      }),
    )
    .action((options: Options) => up(options));
}

async function up(options: Options): Promise<void> {
  const began = performance.now();
  const loaded = readConfig(options.config);
  const { config } = loaded;
  apply(config, options);
  const state = resolve(options.state);
  const log = openLog(config.log.level);
  logOldNames(loaded, log);
  const manager = serviceManager(process.env, (cause) =>
    log('warn', 'systemd.unreached', { why: String(cause) }),
  );
  const isTerminalGone = watchTerminal();
  const stop = stopSignal(isTerminalGone);
  const owner = becomeOwnerOf(state);
  if (owner !== undefined) log('warn', 'guard.not-root', { uid: owner.uid, state });
  makeState(state);
  const token = keepToken(join(state, 'token'), log);
  const how = doorOptions(options);
  const runFile = join(state, 'run.json');
  const tell = (doors: DoorAddresses): void => {
    writePrivate(runFile, JSON.stringify({ pid: process.pid, doors, token }));
  };
  const daemon = await startGuard(state, {
    state,
    config,
    movable: isMovable(options),
    doors: { ...how, changed: tell },
    token,
    own: commandAnywhere(state, options.config),
    log,
    checklist: { words: checklistWords(state, options.config) },
  });
  const { doors } = daemon;
  tell(doors);
  process.on('SIGHUP', () => {
    if (!isTerminalGone()) reload(daemon, options, log);
  });
  const allowed = mayConnect(config, how.ownUser);
  say(daemon, {
    token,
    config,
    state,
    allowed,
    json: options.json === true,
    ms: performance.now() - began,
  });
  await manager?.ready(`guarding on ${doors.milter}`);
  log('info', 'guard.ready', { ...doors, mode: config.mode, pid: process.pid });

  const signal = await stop;
  log('info', 'guard.stopping', { signal });
  void manager?.stopping();
  const late = setTimeout(() => {
    log('error', 'guard.late', { afterMs: closeMs });
    process.exit(sysexits.software);
  }, closeMs);
  await daemon[Symbol.asyncDispose]();
  rmSync(runFile, { force: true });
  manager?.stop();
  clearTimeout(late);
  log('info', 'guard.stopped', {});
}

/** How the guard runs the checklist: without a probe, which is for the night. */
function checklistWords(state: string, config: string | undefined): readonly string[] {
  const program = [process.execPath, '--disable-warning=ExperimentalWarning'];
  const about = ['--state', state, ...(config === undefined ? [] : ['--config', resolve(config)])];
  return [...program, join(home, 'src/cli.ts'), 'checklist', '--store', '--no-probe', ...about];
}

/** Nobody chose the ports, and no service manager would look for the guard there. */
function isMovable(options: Options): boolean {
  const isService = ['NOTIFY_SOCKET', 'INVOCATION_ID'].some((name) => name in process.env);
  const { config, http, milter, policy, port } = options;
  const chosen = [config, http, milter, policy, port].some((word) => word !== undefined);
  return !isService && !chosen;
}

/** Takes the sockets that systemd passed, and their variables, so that no child looks for them. */
function doorOptions({ config }: Options): Omit<DoorOptions, 'changed'> {
  const activated = activatedSockets(process.env, process.pid);
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name];
  const installed = config !== undefined;
  return { installed, ownUser: !installed || home !== installedHome, activated };
}

/** Options of the command line override the file. */
function apply(config: Config, options: Options): void {
  const { doors } = config;
  if (options.mode !== undefined) config.mode = options.mode;
  if (options.port !== undefined) {
    const { port } = options;
    const at = (offset: number): string => `inet:127.0.0.1:${port === 0 ? 0 : port + offset}`;
    Object.assign(doors, { milter: at(0), policy: at(1), http: at(2) });
  }
  for (const name of ['milter', 'policy', 'http'] as const) {
    const address = options[name];
    if (address === undefined) continue;
    if (!/^(?:inet:(?:[^\s:[\]]+|\[[0-9a-f:]+\]):\d{1,5}|unix:\/\S+|off)$/i.test(address)) {
      throw new OperatorError('usage', `--${name} must be ${door}`, { exit: sysexits.usage });
    }
    doors[name] = address;
  }
}

function reload(daemon: Daemon, options: Options, log: Log): void {
  try {
    const loaded = readConfig(options.config);
    const { config } = loaded;
    apply(config, options);
    logOldNames(loaded, log);
    const restart = daemon.reload(config);
    log('info', 'config.reloaded', { mode: config.mode, needRestart: restart });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log('error', 'config.not-reloaded', { why, kept: 'the configuration that was in force' });
  }
}

function logOldNames({ file, oldNames }: LoadedConfig, log: Log): void {
  for (const why of oldNames) log('warn', 'config.old-name', { file, why });
}

/** SIGHUP ends the guard only if it comes because its terminal was closed. */
function stopSignal(isTerminalGone: () => boolean): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, resolve);
    process.on('SIGHUP', (signal) => {
      if (isTerminalGone()) resolve(signal);
    });
  });
}

/** Starts the daemon; if another has the ledger, the error names it. */
async function startGuard(state: string, options: DaemonOptions): Promise<Daemon> {
  try {
    return await startDaemon(options);
  } catch (error) {
    throw withLedgerHolder(error, join(state, 'ledger.db'));
  }
}

function writePrivate(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

/** JSON for programs and for journald; lines that a person can read for a terminal. */
function openLog(level: Config['log']['level']): Log {
  const { values } = pino.levels;
  if (process.stderr.isTTY) {
    const least = values[level] ?? 0;
    const write = logWriter();
    return (at, event, fields) => {
      if ((values[at] ?? 0) < least) return;
      write(`${logText(Date.now(), at, { event, fields: { ...fields } })}\n`);
    };
  }
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: logWriter() },
  );
  return (at, event, fields) => logger[at]({ event, ...fields });
}

/**
 * Writes lines to standard error. If its disk is full or its reader is gone, lines are lost and
 * counted, and the guard continues: mail must not wait for a log.
 */
function logWriter(): (line: string) => void {
  let lost = 0;
  let cut = false;
  const write = (text: string): boolean => {
    try {
      const bytes = Buffer.from(cut ? `\n${text}` : text);
      const written = writeSync(2, bytes);
      cut = written < bytes.length;
      return !cut;
    } catch {
      return false;
    }
  };
  return (line) => {
    if (lost > 0) {
      const said = { level: 'warn', time: new Date(), event: 'log.lost', lines: lost };
      if (!write(`${JSON.stringify(said)}\n`)) {
        lost++;
        return;
      }
      lost = 0;
    }
    if (!write(line)) lost++;
  };
}

const noQueueTools = `
Postern cannot use Postfix's queue tools here, so it cannot hold mail that is already queued.
${
  home === installedHome
    ? systemdRuns()
      ? 'Start the root helper: systemctl start postern-root.socket'
      : 'The root helper needs systemd; without it, release held mail with: postsuper -H ID'
    : 'To change that: sudo ./postern install'
}
`;

function say(
  daemon: Daemon,
  about: {
    readonly token: string;
    readonly config: Config;
    readonly state: string;
    readonly allowed: string;
    readonly json: boolean;
    readonly ms: number;
  },
): void {
  const { doors } = daemon;
  if (about.json) {
    process.stdout.write(`${JSON.stringify({ ready: true, doors, token: about.token })}\n`);
    return;
  }
  // Only on a terminal: anywhere else the token would end up in a log that others read.
  const token = process.stdout.isTTY ? `/?token=${about.token}` : '/';
  const page = doors.http === 'off' ? 'off' : `${doors.http}${token}`;
  const mode =
    about.config.mode === 'guard'
      ? 'mode guard: Postern acts on its verdicts'
      : about.config.enforce.length > 0
        ? `mode observe: Postern acts on ${about.config.enforce.join(', ')} only`
        : 'mode observe: everything passes, Postern only reports its verdicts';
  process.stdout.write(
    `${paint('bold', 'Postern is up')} (${about.ms.toFixed(0)} ms), ${mode}

  milter       ${doors.milter}
  policy       ${doors.policy}
               only programs of ${about.allowed} may connect to these two
  status page  ${page}
  token        ${join(about.state, 'token')}
  ledger       ${join(about.state, 'ledger.db')}
${daemon.queue ? '' : noQueueTools}
Now, in another terminal:
  ${own('try', 'hijack')}
      watch a hijacked account being stopped
  ${own('connect', 'postfix')}
      connect your Postfix to the guard (shows the change first)
  ${own('checklist')}
      what is done, what is missing, and the next step

`,
  );
}

/** The users of this machine that the doors for Postfix take connections from. */
function mayConnect({ doors }: Config, ownUser: boolean): string {
  const own = ownUser ? (process.getuid?.() ?? 0) : 0;
  const others = doors.allowed_users.map((user) => (/^\d/.test(user) ? `uid ${user}` : user));
  const users = [...new Set(['root', ...others, ...(own === 0 ? [] : [`uid ${own}`])])].join(', ');
  const machines = doors.allowed_clients.join(', ');
  return machines === '' ? users : `${users}, and those on ${machines},`;
}
