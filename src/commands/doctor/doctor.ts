/**
 * `postern doctor`: looks at everything around the guard and says, for each thing, what was found, what is wanted and
 * how to mend it. Exit 0 when nothing fails, else 1. The judgements are in core/checklist; here is
 * what they look at.
 */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stdout } from 'node:process';
import type { Command } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import {
  checkDkimKeys,
  checkQueueLifetime,
  type DkimKeyFacts,
} from '../../core/checklist/dkim-keys.ts';
import { checkDovecot } from '../../core/checklist/dovecot.ts';
import { checkClock, checkDisk, checkNode } from '../../core/checklist/machine.ts';
import { checkMailLog } from '../../core/checklist/mail-log.ts';
import { checkPasswords } from '../../core/checklist/passwords.ts';
import { checkPostfix } from '../../core/checklist/postfix.ts';
import { type Finding, type FindingKind, fine, worst } from '../../core/finding.ts';
import { mainValue, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { postfix } from '../../partners/postfix/queue.ts';
import { helperTools, ownTools } from '../../partners/privileged-tools.ts';
import { programOutput } from '../../partners/program.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { readPostfixFiles } from '../connect/postfix-files.ts';
import { guardAnswer, guardMetrics } from '../guard/answer.ts';
import { type RunFile, readRunFile, stateDirectory } from '../guard/run-file.ts';
import { openPasswordStore } from '../passwords/store.ts';
import { dayText } from '../terminal/format.ts';
import { helpAfter, stateHelp } from '../terminal/help.ts';
import { checkScanners } from './scanners.ts';
import { checkScripts } from './scripts.ts';

export type DoctorOptions = {
  readonly state?: string;
  readonly config?: string;
  readonly configDir?: string;
  readonly testNotice?: boolean;
  readonly json?: boolean;
};

/** Where `postern install` lets Postern write the list of closed logins. */
const installedDenyFile = '/var/lib/postern-dovecot/suspended';

export function register(program: Command): void {
  program
    .command('doctor')
    .description('check the guard, its connections and its machine; says how to mend what is wrong')
    .option('--state <dir>', stateHelp)
    .option(
      '--config <file>',
      `configuration of that Postern (default: ${installedConfig}, if it is there)`,
    )
    .option('--config-dir <dir>', "Postfix's configuration (default: what postconf says)")
    .option('--test-notice', 'send a test notice to the operator by every road')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['sudo postern doctor', 'as root it sees more: Dovecot, the queue tools'],
          ['postern doctor --test-notice', 'is the operator really told?'],
          ['postern doctor --json | jq \'.findings[] | select(.kind != "ok")\'', ''],
        ],
        exits: [
          [0, 'nothing fails; there may be warnings'],
          [1, 'something fails'],
          [78, 'the configuration is wrong'],
        ],
      }),
    )
    .action(async (options: DoctorOptions) => {
      const findings = await examineServer(options);
      stdout.write(options.json === true ? `${JSON.stringify({ findings })}\n` : report(findings));
      if (worst(findings) === 'fail') process.exitCode = 1;
    });
}

export async function examineServer(options: DoctorOptions): Promise<readonly Finding[]> {
  const state = stateDirectory(options.state);
  const { config } = loadConfig(options.config ?? usualConfig());
  const configDir = options.configDir ?? (config.postfix.config_directory || undefined);
  const run = await readRunFile(state).catch((cause: unknown) => cause);
  const live = isRun(run) ? run : undefined;
  const status = live === undefined ? undefined : await ask(live, '/api/status');
  const findings = [
    checkNode(process.versions.node),
    alive(run, live, status),
    ...(status === undefined ? [] : [ledger(status), mode(status)]),
    ...(await mailServer(live, configDir)),
    await tools(config.postfix, configDir),
    ...(await logins(config.dovecot)),
    await mailLog(config.mail_log.source, live, status),
    ...(await keys(config, live, configDir)),
    ...(await scripts(config, live, configDir)),
    ...(await checkScanners(config, status)),
    await notices(config.notices, live, options.testNotice === true),
    await passwords(options.state),
    await disk(state),
    await clock(status),
  ];
  return findings;
}

function isRun(value: unknown): value is RunFile {
  return typeof value === 'object' && value !== null && 'doors' in value;
}

function alive(
  run: unknown,
  live: RunFile | undefined,
  status: Record<string, unknown> | undefined,
): Finding {
  const id = 'daemon.alive';
  const title = 'Postern runs and answers';
  if (status !== undefined) return fine(id, title, `version ${String(status['version'])}`);
  if (live?.doors.http === 'off') {
    const found = 'its http door is off: nobody can ask it';
    const mend = 'set doors.http in postern.toml';
    return { id, kind: 'warn', title, found, wanted: 'an http door on loopback', mend };
  }
  const found = run instanceof Error ? run.message : 'it does not answer by HTTP';
  const mend = run instanceof OperatorError ? (run.hint ?? '') : 'restart it';
  return { id, kind: 'fail', title, found, wanted: 'a running daemon', mend };
}

function ledger(status: Record<string, unknown>): Finding {
  const id = 'daemon.ledger';
  const title = 'the ledger takes writes';
  const { state, why, path } = { ...(status['ledger'] as Record<string, unknown> | undefined) };
  if (state === 'ok') return fine(id, title, String(path));
  const mend = 'most often the disk is full; make room, it mends itself';
  return { id, kind: 'fail', title, found: String(why), wanted: 'a ledger that works', mend };
}

function mode(status: Record<string, unknown>): Finding {
  const id = 'daemon.mode';
  const title = 'hijacked accounts are stopped';
  if (status['mode'] === 'guard') return fine(id, title, 'mode = "guard"');
  const mend = 'when you trust what it says: set mode = "guard" in postern.toml';
  const found = 'mode = "observe": it only says what it would do';
  return { id, kind: 'warn', title, found, wanted: 'mode = "guard"', mend };
}

async function mailServer(
  live: RunFile | undefined,
  configDir: string | undefined,
): Promise<readonly Finding[]> {
  const id = 'postfix';
  const title = 'Postfix is connected';
  try {
    const configDirectory = configDir ?? (await postconf('config_directory', undefined));
    const files = await readPostfixFiles(configDirectory);
    if (live?.doors.milter === 'off') {
      const found = 'the milter door is off: no mail is judged';
      const mend = 'set doors.milter in postern.toml';
      return [{ id, kind: 'fail', title, found, wanted: 'a milter door', mend }];
    }
    if (live !== undefined) return checkPostfix({ ...files, doors: live.doors });
    const mend = 'start Postern first';
    return [
      { id, kind: 'unknown', title, found: 'its doors are not known', wanted: 'a run', mend },
    ];
  } catch (cause) {
    const found = faultText(cause);
    return [
      { id, kind: 'unknown', title, found, wanted: 'Postfix', mend: 'apt-get install postfix' },
    ];
  }
}

/**
 * Held mail can be held and released: through the helper where it is installed, else by ourselves
 * as root.
 */
async function tools(settings: Config['postfix'], configDir: string | undefined): Promise<Finding> {
  const id = 'tools.privileged';
  const title = "Postfix's queue tools can be used";
  const socket = settings.helper_socket;
  if (settings.queue === 'off') {
    const mend = 'set postfix.queue = "auto" in postern.toml';
    const found = 'postfix.queue = "off": what is queued already is not stopped';
    return { id, kind: 'warn', title, found, wanted: 'auto, helper or direct', mend };
  }
  try {
    if (settings.queue !== 'direct' && existsSync(socket)) {
      const lines: string[] = [];
      const tools = helperTools(socket);
      for await (const line of tools.run('check', [], AbortSignal.timeout(10_000)))
        lines.push(line);
      const missing = lines.filter((line) => line.endsWith(' missing') && !/doveadm/.test(line));
      if (missing.length === 0) return fine(id, title, `through ${socket}`);
      const mend = 'apt-get install postfix';
      return { id, kind: 'fail', title, found: missing.join(', '), wanted: 'both', mend };
    }
    if (process.getuid?.() === 0) {
      const where = configDir === undefined ? {} : { postfixConfig: configDir };
      await postfix({ tools: ownTools(where), deadlineMs: 10_000 }).queue(1);
      return fine(id, title, 'as root');
    }
    const found = `no helper at ${socket}, and I am not root`;
    const mend = 'sudo ./postern install (or run postern as root, on a test machine)';
    return { id, kind: 'warn', title, found, wanted: 'postern-root', mend };
  } catch (cause) {
    const found = faultText(cause);
    const mend =
      cause instanceof OperatorError && cause.hint !== undefined
        ? cause.hint
        : 'systemctl status postern-root.socket; is Postfix running?';
    return { id, kind: 'fail', title, found, wanted: 'an answer', mend };
  }
}

async function logins(settings: Config['dovecot']): Promise<readonly Finding[]> {
  const program = '/usr/bin/doveconf';
  if (!existsSync(program)) return [];
  if (settings.deny_file === '') {
    const mend = `set dovecot.deny_file = "${installedDenyFile}" in postern.toml; doctor then says what Dovecot needs`;
    const found = 'dovecot.deny_file is not set: a thief can still read mail and try again';
    const title = 'a suspended account cannot log in';
    return [{ id: 'dovecot.deny', kind: 'warn', title, found, wanted: 'a deny file', mend }];
  }
  const more = settings.config === '' ? [] : ['-c', settings.config];
  try {
    const signal = AbortSignal.timeout(10_000);
    const args = [...more, '-n'];
    const lines = await programOutput({ program, args, signal, errors: 'complaint' });
    return [checkDovecot(lines.join('\n'), settings.deny_file)];
  } catch (cause) {
    const found = faultText(cause);
    const mend = 'run doctor as root: doveconf reads private keys';
    const title = 'a suspended account cannot log in';
    return [{ id: 'dovecot.deny', kind: 'unknown', title, found, wanted: 'doveconf -n', mend }];
  }
}

/** The guard itself says what it reads: root, who runs this, may read everything. */
async function mailLog(
  source: string,
  live: RunFile | undefined,
  status: Record<string, unknown> | undefined,
): Promise<Finding> {
  const sample = live === undefined ? undefined : await guardMetrics(live);
  if (sample === undefined) return checkMailLog('unknown');
  const { log } = { ...(status?.['doors'] as Record<string, unknown> | undefined) };
  return checkMailLog({
    source,
    names: typeof log === 'string' && log !== 'none found' ? log : '',
    reading: sample('postern_mail_log_reading'),
    wanted: sample('postern_mail_log_wanted'),
    lines: sample('postern_mail_log_lines_total'),
  });
}

async function scripts(
  config: Config,
  live: RunFile | undefined,
  configDir: string | undefined,
): Promise<readonly Finding[]> {
  try {
    return await checkScripts(
      config,
      live,
      configDir ?? (await postconf('config_directory', undefined)),
    );
  } catch {
    return []; // that there is no Postfix to be read is a finding of its own
  }
}

/** The guard's own keys; and whether Postfix keeps mail for longer than their records stay. */
async function keys(
  { signing }: Config,
  live: RunFile | undefined,
  configDir: string | undefined,
): Promise<readonly Finding[]> {
  const answer = live === undefined ? undefined : await ask(live, '/api/dkim');
  const all = answer?.['keys'];
  if (!Array.isArray(all) || all.length === 0) return [];
  const found = checkDkimKeys(all as readonly DkimKeyFacts[], Date.now() as Millis);
  try {
    const { main } = await readPostfixFiles(
      configDir ?? (await postconf('config_directory', undefined)),
    );
    const lifetime = mainValue(parseMainCf(main), 'maximal_queue_lifetime');
    const withdrawAfterMs = parseDuration(signing.rotation.withdraw_after) ?? 0;
    return [...found, ...checkQueueLifetime(lifetime, withdrawAfterMs)];
  } catch {
    return found; // that there is no Postfix to be read is a finding of its own
  }
}

async function notices(
  settings: Config['notices'],
  live: RunFile | undefined,
  send: boolean,
): Promise<Finding> {
  const id = 'notices';
  const title = 'notices reach the operator';
  const wanted = 'mail and a second road, that a blocked mail road does not silence';
  const roads = [...settings.mail_to, ...(settings.webhook === '' ? [] : ['a webhook'])];
  if (roads.length === 0) {
    const mend = 'set notices.mail_to and notices.webhook in postern.toml';
    return { id, kind: 'fail', title, found: 'nobody is told', wanted, mend };
  }
  const tried =
    live === undefined || !send ? undefined : ((await ask(live, '/api/test-notice', 'POST')) ?? {});
  if (tried !== undefined && tried['ok'] !== true) {
    const mend = String(tried['hint'] ?? 'see [notices] in postern.toml');
    const found = String(tried['text'] ?? 'no answer');
    return { id, kind: 'fail', title, found, wanted, mend };
  }
  if (settings.webhook === '' || settings.mail_to.length === 0) {
    const mend = 'set both notices.mail_to and notices.webhook';
    return { id, kind: 'warn', title, found: `one road only: ${roads.join(', ')}`, wanted, mend };
  }
  if (tried !== undefined) return fine(id, title, String(tried['text']));
  const mend = 'postern doctor --test-notice';
  return { id, kind: 'unknown', title, found: `not tried: ${roads.join(', ')}`, wanted, mend };
}

async function passwords(state: string | undefined): Promise<Finding> {
  try {
    const { weak, last } = await (await openPasswordStore(state, '')).read();
    const day = last === undefined ? '' : dayText(last.at);
    const dated = last === undefined ? undefined : { ...last, day };
    return checkPasswords(dated, weak.length, Date.now() as Millis);
  } catch (error) {
    const id = 'passwords.audit';
    const title = 'no password can be guessed';
    return { id, kind: 'unknown', title, found: faultText(error), wanted: '', mend: '' };
  }
}

async function disk(state: string): Promise<Finding> {
  const path = existsSync(state) ? state : dirname(state);
  try {
    const { bavail, blocks, bsize } = await statfs(path);
    return checkDisk(path, { freeBytes: bavail * bsize, totalBytes: blocks * bsize });
  } catch (cause) {
    const title = 'there is room for the ledger';
    const found = String(cause);
    const mend = 'name it with --state';
    return { id: 'machine.disk', kind: 'unknown', title, found, wanted: 'a state folder', mend };
  }
}

async function clock(status: Record<string, unknown> | undefined): Promise<Finding> {
  const now = Number(status?.['now'] ?? Date.now());
  return checkClock({ synchronised: await synchronised(), daemonAheadMs: now - Date.now() });
}

async function synchronised(): Promise<boolean | undefined> {
  if (!existsSync('/run/systemd/system')) return undefined;
  try {
    const args = ['show', '--property=NTPSynchronized', '--value'];
    const call = { program: '/usr/bin/timedatectl', args, errors: 'complaint' } as const;
    const [line] = await programOutput({ ...call, signal: AbortSignal.timeout(5_000) });
    return line === 'yes';
  } catch {
    return undefined;
  }
}

/** As guardAnswer, where it is an object. A test notice by a slow road may take a minute. */
async function ask(
  run: RunFile,
  path: string,
  method: 'GET' | 'POST' = 'GET',
): Promise<Record<string, unknown> | undefined> {
  const body = await guardAnswer(run, path, { method, deadlineMs: 70_000 });
  return typeof body === 'object' && body !== null ? { ...body } : undefined;
}

const marks: Readonly<Record<FindingKind, string>> = {
  ok: 'ok     ',
  warn: 'warning',
  fail: 'FAIL   ',
  unknown: 'unknown',
};

function report(findings: readonly Finding[]): string {
  const lines: string[] = [];
  for (const { kind, title, found, wanted, mend } of findings) {
    lines.push(`${marks[kind]} ${title}: ${found}`);
    if (kind === 'ok') continue;
    if (wanted !== '') lines.push(`          wanted: ${wanted}`);
    lines.push(
      ...mend
        .split('\n')
        .map((line, n) => (n === 0 ? `          mend: ${line}` : `          ${line}`)),
    );
  }
  const counts = (['fail', 'warn', 'unknown'] as const).map(
    (kind) => `${findings.filter((one) => one.kind === kind).length} ${kind}`,
  );
  return `${lines.join('\n')}\n\n${findings.length} checks: ${counts.join(', ')}\n`;
}
