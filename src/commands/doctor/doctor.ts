/**
 * `postern doctor`: checks the guard, the mail server and the machine around it. For each check it
 * says what was found, what is wanted, and how to fix it. Exit 0 when nothing fails, else 1.
 *
 * core/checklist judges; the files beside this one collect the facts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import type { SeenFinding } from '../../core/checklist/items/derive.ts';
import type { SourceName } from '../../core/checklist/items/measure.ts';
import { auditEnds, checkPasswords, passwordTitle } from '../../core/checklist/passwords.ts';
import { checkProviders } from '../../core/checklist/providers.ts';
import type { BadLane } from '../../core/deliverability/lane.ts';
import { type Finding, type FindingKind, findingJson, worst } from '../../core/finding.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import { loadConfig } from '../config/load-config.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { configDirectoryOf } from '../connect/config-directory.ts';
import { guardKnows } from '../connect/postfix-facts.ts';
import { mayLookInto, type RunFile, readRunFile, stateDirectory } from '../guard/run-file.ts';
import { openPasswordStore } from '../passwords/store.ts';
import { worstFirst } from '../terminal/findings.ts';
import { dayText } from '../terminal/format.ts';
import { helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print } from '../terminal/print.ts';
import { paint, printWidth, wrapped } from '../terminal/table.ts';
import { authors } from './authors.ts';
import { checkDoors } from './doors.ts';
import { filters } from './filters.ts';
import {
  brake,
  guardRuns,
  isRun,
  keys,
  ledger,
  mode,
  notices,
  scripts,
  statusOf,
} from './guard.ts';
import { forInstance } from './instance-fix.ts';
import { instances } from './instances.ts';
import { loginNames } from './login-names.ts';
import { clockState, diskSpace, nodeVersion } from './machine.ts';
import { bypass, logins, mailLog, mailServer, tools } from './mail-server.ts';
import { reflection } from './reflection.ts';
import { checkScanners } from './scanners.ts';
import { webmail } from './webmail.ts';

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
          [66, 'there is no such folder of Postfix'],
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

/** What doctor looks at, each part on its own. */
export type DoctorPart = {
  readonly name: SourceName;
  run(): Promise<readonly SeenFinding[]>;
};
export type DoctorParts = {
  readonly config: Config;
  /** Undefined: no guard runs, or it does not answer this user. */
  readonly asked: RunFile | undefined;
  readonly configDir: string | undefined;
  /** In the order in which doctor prints them. */
  readonly parts: readonly DoctorPart[];
};

export async function examineServer(options: DoctorOptions): Promise<readonly Finding[]> {
  const findings: SeenFinding[] = [];
  for (const part of (await doctorParts(options)).parts) findings.push(...(await part.run()));
  // What only the checklist needs is not printed.
  return withDenial(findings).map(({ id, kind, title, found, wanted, fix }) => {
    return { id, kind, title, found, wanted, fix };
  });
}

/** Findings that only the guard can tell: they say so themselves where the guard may be asked. */
const ofGuard = ['postfix', 'mail-log.read', 'bypass.meter', 'providers.lanes'];

/** Where this user may not ask the guard, the advice is not to start it. */
export function withDenial(findings: readonly SeenFinding[]): readonly SeenFinding[] {
  const alive = findings.find(({ id }) => id === 'daemon.alive');
  if (alive?.state !== 'unknown') return findings;
  const { found, fix } = alive;
  return findings.map((one) =>
    ofGuard.includes(one.id) && one.kind === 'unknown' ? { ...one, found, fix } : one,
  );
}

/** `patienceMs`: how long the guard may take to tell its state. */
export async function doctorParts(
  options: DoctorOptions,
  patienceMs = 70_000,
): Promise<DoctorParts> {
  const state = stateDirectory(options.state);
  const { config } = loadConfig(options.config ?? usualConfig());
  const configDir = options.configDir ?? (config.postfix.config_directory || undefined);
  if (options.configDir !== undefined) await configDirectoryOf(options.configDir);
  const run = await readRunFile(state).catch((cause: unknown) => cause);
  const live = isRun(run) ? run : undefined;
  const status = live === undefined ? undefined : await statusOf(live, patienceMs);
  // One that does not tell its state answers nothing else.
  const asked = status === undefined ? undefined : live;
  const test = options.testMessage === true;
  const part = (name: SourceName, look: () => Promise<readonly SeenFinding[]>): DoctorPart => ({
    name,
    run: look,
  });
  const one = (name: SourceName, look: () => Promise<SeenFinding> | SeenFinding): DoctorPart =>
    part(name, async () => [await look()]);
  const everRan = existsSync(join(state, 'ledger.db'));
  const guard = [guardRuns({ run, live, everRan }, status)];
  if (status !== undefined) guard.push(ledger(status), mode(status), brake(status));
  const lanes = (status?.['providers'] ?? 'unknown') as readonly BadLane[] | 'unknown';
  const parts = [
    one('node', nodeVersion),
    part('guard', async () => guard),
    part('postfix', async () => [
      ...(await mailServer(live, configDir)),
      ...(await instances(live, configDir)),
      ...(await webmail(config, asked)),
    ]),
    part('filters', () => filters(config, asked, { configDir, test })),
    part('reflection', () => reflection(config, configDir)),
    part('logins', () => loginNames(config, state, configDir, asked)),
    part('doors', () => checkDoors({ config, state, live, configDir })),
    one('tools', async () =>
      tools(config.postfix, configDir, { known: await guardKnows(state), live }),
    ),
    part('dovecot', () => logins(config.dovecot)),
    one('log', () => mailLog(config.mail_log.source, asked, status)),
    one('bypass', () => bypass(status)),
    one('providers', () => checkProviders(lanes)),
    part('keys', () => keys(config, asked, configDir)),
    part('authors', () => authors(config, asked, configDir)),
    part('scripts', () => scripts(config, asked, configDir)),
    part('scanners', () => checkScanners(config, status)),
    one('notices', () =>
      notices(config.notices, { live: asked, status, send: options.testNotice === true }),
    ),
    one('passwords', () => passwords(options.state, live !== undefined && asked === undefined)),
    one('disk', () => diskSpace(state)),
    one('clock', () => clockState(status)),
  ];
  return { config, asked, configDir, parts };
}

/** `hangs`: the guard has the ledger, and does not answer. */
async function passwords(state: string | undefined, hangs: boolean): Promise<SeenFinding> {
  try {
    if (hangs) throw new Error('the guard does not answer');
    mayLookInto(stateDirectory(state));
    const { weak, last } = await (await openPasswordStore(state, '')).read();
    const day = last === undefined ? '' : dayText(last.at);
    const dated = last === undefined ? undefined : { ...last, day };
    const finding = checkPasswords(dated, weak.length, Date.now() as Millis);
    if (last === undefined) return finding;
    return { ...finding, due: { at: auditEnds(last), what: 'the password audit' } };
  } catch (error) {
    const found = faultText(error);
    const wanted = 'the result of the last audit';
    const fix = 'run doctor as root, or as the user that Postern runs as';
    return { id: 'passwords.audit', kind: 'unknown', title: passwordTitle, found, wanted, fix };
  }
}

const marks: Readonly<Record<FindingKind, readonly [string, 'green' | 'yellow' | 'red' | 'dim']>> =
  {
    ok: ['ok     ', 'green'],
    warn: ['warning', 'yellow'],
    fail: ['FAIL   ', 'red'],
    unknown: ['unknown', 'dim'],
  };
const reportIndent = ' '.repeat(10);

function report(findings: readonly Finding[]): string {
  const lines: string[] = [];
  const room = printWidth() - reportIndent.length;
  const under = (text: string): void => {
    for (const line of wrapped(text, room)) lines.push(reportIndent + line);
  };
  for (const { kind, title, found, wanted, fix } of worstFirst(findings)) {
    const [mark, colour] = marks[kind];
    const [first = '', ...more] = wrapped(`${title}: ${found}`, room);
    lines.push(`${paint(colour, mark)} ${first}`, ...more.map((line) => reportIndent + line));
    if (kind === 'ok') continue;
    if (wanted !== '') under(`wanted: ${wanted}`);
    for (const [n, line] of fix.split('\n').entries()) under(n === 0 ? `fix: ${line}` : line);
  }
  const counts = (['fail', 'warn', 'unknown'] as const).map(
    (kind) => `${findings.filter((one) => one.kind === kind).length} ${kind}`,
  );
  return `${lines.join('\n')}\n\n${findings.length} checks: ${counts.join(', ')}\n`;
}
