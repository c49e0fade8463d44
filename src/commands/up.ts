/** `postern up`: the guard in the foreground. */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import pino from 'pino';
import { type LoadedConfig, readConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { serviceManager } from '../partners/systemd.ts';
import type { Log } from '../ports/world.ts';
import { home, makeState } from './guard/run-file.ts';
import { helpAfter } from './terminal/help.ts';
import { portOption } from './terminal/options.ts';
import { paint } from './terminal/table.ts';

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
/** What is not done by then is left: systemd would kill us a little later. */
const closeMs = 10_000;

export function register(program: Command): void {
  program
    .command('up')
    .summary('start the guard in the foreground')
    .description(
      'Starts the guard in the foreground, on loopback, with its ledger in a file: a milter door and a policy door ' +
        'for Postfix, and a status page. Ends with Ctrl-C or SIGTERM, reads its configuration again on SIGHUP.',
    )
    .option('--state <dir>', 'where it keeps things', defaultState)
    .option('--config <file>', 'a TOML file; see `postern config defaults`')
    .addOption(
      new Option('--mode <mode>', 'observe: judge, tell, let pass; guard: act').choices([
        'observe',
        'guard',
      ]),
    )
    .option(
      '--port <n>',
      'first of three ports: milter, policy, page; 0 picks free ones',
      portOption,
    )
    .option('--milter <address>', `milter door: ${door}`)
    .option('--policy <address>', `policy door: ${door}`)
    .option('--http <address>', 'status page: inet:HOST:PORT or off')
    .option('--json', 'one JSON line when ready; the log goes to standard error')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'Doors that nobody set move to a free port where theirs is taken: 9900 milter, 9901 policy, 9902 status page.\n' +
          'The log is a JSON object a line on standard error.',
        examples: [
          ['./postern up', 'guarding, on loopback, ledger in ./.state'],
          ['./postern up --mode observe --port 0 --json', 'free ports, told as JSON'],
          ['postern up --config /etc/postern/postern.toml --state /var/lib/postern', ''],
        ],
        exits: [
          [0, 'ended by a signal'],
          [64, 'an unknown option or a bad value'],
          [69, 'a door cannot be opened'],
          [73, 'the state folder or the ledger cannot be made'],
          [75, 'another guard uses this ledger'],
          [78, 'the configuration or the ledger is not fit for this version'],
        ],
      }),
    )
    .action((options: Options) => up(options));
}

async function up(options: Options): Promise<void> {
  const began = performance.now();
  const loaded = readConfig(options.config);
  const { config, set } = loaded;
  apply(config, options);
  const movable =
    ![...set].some((key) => key.startsWith('doors.')) &&
    options.milter === undefined &&
    options.policy === undefined &&
    options.http === undefined &&
    options.port === undefined;
  const state = resolve(options.state);
  const log = openLog(config.log.level);
  logOldNames(loaded, log);
  const manager = serviceManager(process.env, (cause) =>
    log('warn', 'systemd.unreached', { why: String(cause) }),
  );
  const stop = stopSignal();
  makeState(state);
  const token = keepToken(state);
  const daemon = await startDaemon({ state, config, movable, token, log });
  const runFile = join(state, 'run.json');
  writePrivate(runFile, JSON.stringify({ pid: process.pid, doors: daemon.doors, token }));
  process.on('SIGHUP', () => reload(daemon, options, log));
  say(daemon, { token, config, state, json: options.json === true, ms: performance.now() - began });
  await manager?.ready(`guarding on ${daemon.doors.milter}`);
  log('info', 'guard.ready', { ...daemon.doors, mode: config.mode, pid: process.pid });

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

/** The command line's words over the file's. */
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

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, resolve);
  });
}

/** One token for the life of the state folder: sessions and bookmarks outlive a restart. */
function keepToken(state: string): string {
  const path = join(state, 'token');
  try {
    const kept = readFileSync(path, 'utf8').trim();
    if (kept.length >= 22) return kept;
  } catch {
    // The first start.
  }
  const token = randomBytes(24).toString('base64url');
  writePrivate(path, `${token}\n`);
  return token;
}

function writePrivate(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

function openLog(level: Config['log']['level']): Log {
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
 * Lines to standard error. Its disk may be full, or its reader gone: then lines are lost and
 * counted, and the guard goes on, since mail must not wait for a log.
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

function say(
  daemon: Daemon,
  about: { token: string; config: Config; state: string; json: boolean; ms: number },
): void {
  const { doors } = daemon;
  if (about.json) {
    process.stdout.write(`${JSON.stringify({ ready: true, doors, token: about.token })}\n`);
    return;
  }
  // Elsewhere than on a terminal it would end up in a log that others read.
  const token = process.stdout.isTTY ? `/?token=${about.token}` : '/';
  const page = doors.http === 'off' ? 'off' : `${doors.http}${token}`;
  const call = callOf(about.state);
  const mode =
    about.config.mode === 'guard'
      ? 'guarding: verdicts are acted on'
      : 'observing: everything passes, verdicts are only told';
  process.stdout.write(
    `${paint('bold', 'Postern is up')} (${about.ms.toFixed(0)} ms), ${mode}

  milter       ${doors.milter}
  policy       ${doors.policy}
  status page  ${page}
  token        ${join(about.state, 'token')}
  ledger       ${join(about.state, 'ledger.db')}
${daemon.queue ? '' : '\nIt has no hand on a mail queue here, so it cannot take back what is queued: see `postern install`.\n'}
Now, in another terminal:
  ${call('try hijack')}
      watch a hijacked account being stopped
  ${call('connect postfix')}
      put the guard into your Postfix (shows the change first)

`,
  );
}

/** How this very program is called from where the operator is, for this state folder. */
function callOf(state: string): (words: string) => string {
  const launcher = process.env['POSTERN_LAUNCHER'] ?? 'postern';
  const here = launcher === join(process.cwd(), 'postern');
  const onPath = (process.env['PATH'] ?? '').split(':').includes(dirname(launcher));
  const name = here ? './postern' : onPath ? 'postern' : launcher;
  const more = state === defaultState ? '' : ` --state ${state}`;
  return (words) => `${name} ${words}${more}`;
}
