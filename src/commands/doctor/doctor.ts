/**
 * `postern doctor`: checks the guard, the mail server and the machine around it. For each check it
 * says what was found, what is wanted, and how to fix it. Exit 0 when nothing fails, else 1.
 *
 * core/checklist judges; the files beside this one collect the facts.
 */
import type { Command } from 'commander';
import { checkPasswords, passwordTitle } from '../../core/checklist/passwords.ts';
import { checkProviders } from '../../core/checklist/providers.ts';
import type { BadLane } from '../../core/deliverability/lane.ts';
import { type Finding, type FindingKind, findingJson, worst } from '../../core/finding.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import { loadConfig } from '../config/load-config.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { guardKnows } from '../connect/postfix-facts.ts';
import { readRunFile, stateDirectory } from '../guard/run-file.ts';
import { openPasswordStore } from '../passwords/store.ts';
import { dayText } from '../terminal/format.ts';
import { helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print } from '../terminal/print.ts';
import { authors } from './authors.ts';
import { checkDoors } from './doors.ts';
import { filters } from './filters.ts';
import { askGuard, guardRuns, isRun, keys, ledger, mode, notices, scripts } from './guard.ts';
import { forInstance } from './instance-fix.ts';
import { loginNames } from './login-names.ts';
import { clockState, diskSpace, nodeVersion } from './machine.ts';
import { bypass, logins, mailLog, mailServer, tools } from './mail-server.ts';
import { reflection } from './reflection.ts';
import { checkScanners } from './scanners.ts';

export type DoctorOptions = {
  readonly state?: string;
  readonly config?: string;
  readonly configDir?: string;
  readonly testNotice?: boolean;
  readonly testMessage?: boolean;
  readonly json?: boolean;
};

export function register(program: Command): void {
  program
    .command('doctor')
    .description(
      'Checks the guard, the mail server and this machine, and says how to fix what is wrong.',
    )
    .option('--state <dir>', stateHelp)
    .option(
      '--config <file>',
      `configuration of that guard (default: ${installedConfig}, if it is there)`,
    )
    .option('--config-dir <dir>', "Postfix's configuration folder (default: what postconf says)")
    .option('--test-message', 'send a test message to postmaster and see that it is judged once')
    .option('--test-notice', 'send a test notice to the operator through every channel')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['sudo postern doctor', 'as root it can also check Dovecot and the queue tools'],
          ['postern doctor --test-notice', 'do notices reach you?'],
          ['postern doctor --json | jq \'.findings[] | select(.kind != "ok")\'', ''],
        ],
        exits: [
          [0, 'nothing fails; there may be warnings'],
          [1, 'at least one check fails'],
          [78, 'the configuration has an error'],
        ],
      }),
    )
    .action(async (options: DoctorOptions, command: Command) => {
      const all = await examineServer(options);
      const { configDir } = options;
      const findings =
        configDir === undefined ? all : all.map((finding) => forInstance(finding, configDir));
      const json = { findings: findings.map(findingJson) };
      print(command, options.json === true ? jsonLine(json) : report(findings));
      if (worst(findings) === 'fail') process.exitCode = 1;
    });
}

export async function examineServer(options: DoctorOptions): Promise<readonly Finding[]> {
  const state = stateDirectory(options.state);
  const { config } = loadConfig(options.config ?? usualConfig());
  const configDir = options.configDir ?? (config.postfix.config_directory || undefined);
  const run = await readRunFile(state).catch((cause: unknown) => cause);
  const live = isRun(run) ? run : undefined;
  const status = live === undefined ? undefined : await askGuard(live, '/api/status');
  return [
    nodeVersion(),
    guardRuns(run, live, status),
    ...(status === undefined ? [] : [ledger(status), mode(status)]),
    ...(await mailServer(live, configDir)),
    ...(await filters(config, live, { configDir, test: options.testMessage === true })),
    ...(await reflection(config, configDir)),
    ...(await loginNames(config, state, configDir, live)),
    ...(await checkDoors({ config, state, live, configDir })),
    await tools(config.postfix, configDir, await guardKnows(state)),
    ...(await logins(config.dovecot)),
    await mailLog(config.mail_log.source, live, status),
    bypass(status),
    checkProviders((status?.['providers'] ?? 'unknown') as readonly BadLane[] | 'unknown'),
    ...(await keys(config, live, configDir)),
    ...(await authors(config, live, configDir)),
    ...(await scripts(config, live, configDir)),
    ...(await checkScanners(config, status)),
    await notices(config.notices, live, options.testNotice === true),
    await passwords(options.state),
    await diskSpace(state),
    await clockState(status),
  ];
}

async function passwords(state: string | undefined): Promise<Finding> {
  try {
    const { weak, last } = await (await openPasswordStore(state, '')).read();
    const day = last === undefined ? '' : dayText(last.at);
    const dated = last === undefined ? undefined : { ...last, day };
    return checkPasswords(dated, weak.length, Date.now() as Millis);
  } catch (error) {
    const found = faultText(error);
    const wanted = 'the result of the last audit';
    const fix = 'run doctor as root, or as the user that Postern runs as';
    return { id: 'passwords.audit', kind: 'unknown', title: passwordTitle, found, wanted, fix };
  }
}

const marks: Readonly<Record<FindingKind, string>> = {
  ok: 'ok     ',
  warn: 'warning',
  fail: 'FAIL   ',
  unknown: 'unknown',
};

function report(findings: readonly Finding[]): string {
  const lines: string[] = [];
  for (const { kind, title, found, wanted, fix } of findings) {
    lines.push(`${marks[kind]} ${title}: ${found}`);
    if (kind === 'ok') continue;
    if (wanted !== '') lines.push(`          wanted: ${wanted}`);
    lines.push(
      ...fix
        .split('\n')
        .map((line, n) => (n === 0 ? `          fix: ${line}` : `          ${line}`)),
    );
  }
  const counts = (['fail', 'warn', 'unknown'] as const).map(
    (kind) => `${findings.filter((one) => one.kind === kind).length} ${kind}`,
  );
  return `${lines.join('\n')}\n\n${findings.length} checks: ${counts.join(', ')}\n`;
}
