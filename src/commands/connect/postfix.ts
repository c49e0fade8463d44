/**
 * `postern connect postfix`: puts Postern's doors into main.cf and master.cf. It shows the
 * difference, asks, keeps the old bytes, writes, lets Postfix check and reload, and proves the
 * connection with a real message. When a step fails, it undoes everything automatically. `--undo`
 * removes the connection.
 */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { ConnectedPostfix } from '../../daemon/base/connected.ts';
import { type MainCf, mainValue, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { override, parseMasterCf } from '../../formats/postfix/master-cf.ts';
import { type SmtpdService, smtpdServices } from '../../formats/postfix/services.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { unifiedDiff } from '../../lib/unified-diff.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { otherOwnerOf } from '../guard/owner.ts';
import { type RunFile, stateDirectory } from '../guard/run-file.ts';
import { helpAfter, stateHelp } from '../terminal/help.ts';
import { printReport } from '../terminal/print.ts';
import {
  guardKnows,
  knows,
  mailFacts,
  restoreKnown,
  tellGuard,
  untellGuard,
} from './postfix-facts.ts';
import {
  type ConnectRecord,
  checkAndReload,
  dropRecord,
  keepRecord,
  readPostfixFiles,
  readRecord,
  untouched,
  writePostfixFiles,
} from './postfix-files.ts';
import {
  type ConnectPlan,
  type PostfixFiles,
  planConnect,
  planDisconnect,
} from './postfix-plan.ts';
import { isProof, type Seen, verifyLocal, verifySmtpd } from './postfix-proof.ts';
import {
  type ConnectTarget,
  connectedInstance,
  isProved,
  openTargetDoors,
  removeDoors,
  type TargetOptions,
  targetOf,
} from './postfix-target.ts';
import { mayGoOn } from './question.ts';
import { sendmailMustBeFree } from './sendmail.ts';

export type ConnectOptions = TargetOptions & {
  readonly configDir?: string;
  readonly state?: string;
  readonly undo?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
};
export type ConnectReport = {
  readonly changed: boolean;
  /** What is made on the machine for the sockets of the doors. */
  readonly steps: readonly string[];
  readonly diff: string;
  readonly notes: readonly string[];
  readonly reloaded: boolean;
  readonly seen: readonly Seen[];
};

export function registerPostfix(connect: Command): void {
  connect
    .command('postfix')
    .summary('put the doors into main.cf and master.cf')
    .description(
      'Connects Postfix: puts the doors into main.cf and master.cf. Shows the change first.',
    )
    .option(
      '--config-dir <dir>',
      "Postfix's configuration folder (default: $MAIL_CONFIG, or what postconf says)",
    )
    .option('--state <dir>', stateHelp)
    .option('--dry-run', 'show the change without making it')
    .option(
      '--undo',
      'remove it; restores the old files byte for byte if they were not changed since',
    )
    .option('--yes', 'make the change without asking; this is also what happens without a terminal')
    .option('--no-verify', 'do not send a test message to postmaster')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'Puts the milter door last in smtpd_milters and non_smtpd_milters, and the policy\n' +
          'door first in the restrictions of the services where users log in. The doors of\n' +
          "an installed guard are sockets in Postfix's queue directory; the first connection\n" +
          'of another instance restarts the service once. Postfix checks and reloads; a test\n' +
          'message to postmaster proves it. When a step fails, everything is undone.\n' +
          'before-postern.json beside main.cf keeps the old files.',
        examples: [
          ['postern connect postfix --dry-run', 'show the change'],
          ['sudo postern connect postfix', 'show the change, ask, make it, prove it'],
          ['sudo postern connect postfix --config-dir /etc/postfix-out', 'another instance'],
          ['sudo postern connect postfix --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [69, 'the guard is not running, or a door does not answer'],
          [70, 'a step failed; everything is as before'],
          [77, 'the files cannot be written; run this command as root'],
          [78, 'users log in where smtpd_proxy_filter hides the content of mail from Postern'],
        ],
      }),
    )
    .addOption(new Option('--milter <address>', 'address of the milter door').hideHelp())
    .addOption(new Option('--policy <address>', 'address of the policy door').hideHelp())
    .action((options: ConnectOptions, command: Command) =>
      printReport(command, options, (show) => connectPostfix(options, show)),
    );
}

type Show = (text: string) => unknown;

export async function connectPostfix(options: ConnectOptions, show: Show): Promise<ConnectReport> {
  const state = stateDirectory(options.state);
  otherOwnerOf(resolve(state)); // refuses a folder that a third user can replace
  // Postfix's own commands find another instance by MAIL_CONFIG too.
  const named = options.configDir ?? process.env['MAIL_CONFIG'];
  const configDirectory = named ?? (await postconf('config_directory', undefined));
  await needsVersion3(configDirectory);
  const job = {
    options,
    state,
    show,
    configDirectory,
    before: await readPostfixFiles(configDirectory),
    kept: await readRecord(configDirectory),
  };
  if (options.undo !== true) return connect(job);
  if (named === undefined) await sendmailMustBeFree();
  return disconnect(job);
}

type Job = {
  readonly options: ConnectOptions;
  readonly state: string;
  readonly show: Show;
  readonly configDirectory: string;
  readonly before: PostfixFiles;
  readonly kept: ConnectRecord | undefined;
};

async function connect(job: Job): Promise<ConnectReport> {
  const { options, state, show, before, kept } = job;
  const target = await targetOf(options, { state, configDirectory: job.configDirectory });
  mustSeeContent(before);
  const plan = planConnect(before, target.doors);
  const report = shown(job, plan, target.work.steps);
  const known = await guardKnows(state);
  if (!report.changed) show('Postfix is connected already.\n');
  if (options.dryRun === true) return report;
  const proved = isProved(known, target);
  if (!report.changed && (proved || target.live === undefined || options.verify === false)) {
    const told = await renewFacts(job, target, proved);
    return { ...report, notes: [...plan.notes, ...told] };
  }
  if (report.changed) await mayGoOn(options);
  const { facts, notes } = await mailFacts(job.configDirectory);
  for (const note of notes) show(`note: ${note}\n`);
  const about = connectedInstance(target, facts);
  // The record keeps what was there before the first connection, not before this one.
  const origin =
    kept !== undefined && unchangedSince(kept, before) ? kept.before : planDisconnect(before);
  try {
    const live = await openTargetDoors(target, { state, about, known });
    await keepRecord(job.configDirectory, { before: origin, after: plan.files });
    const done = await apply(job, plan, live);
    await tellGuard(state, { ...about, proved: isProof(done.seen) });
    for (const { what, ok, text, twice } of done.seen) {
      show(`${ok ? (twice === true ? 'note' : 'ok  ') : 'FAIL'} ${what}: ${text}\n`);
    }
    const which = options.configDir === undefined ? '' : ` --config-dir ${options.configDir}`;
    show(`Postfix is connected. To undo: postern connect postfix --undo${which}\n`);
    show(`For hosts, scripts and lists, see next: postern connect authors --dry-run${which}\n`);
    return { ...report, ...done, notes: [...plan.notes, ...notes] };
  } catch (cause) {
    await allAsBefore(job, { target, known });
    throw notConnected(cause);
  }
}

/** Throws where people with a login would not be judged, whatever is connected. */
function mustSeeContent({ main, master }: PostfixFiles): void {
  const services = smtpdServices(parseMainCf(main), parseMasterCf(master));
  const blind = services.filter(({ login, proxied }) => login && proxied);
  if (blind.length === 0) return;
  const names = blind.map(({ service }) => service.name).join(', ');
  throw new OperatorError(
    'proxy-filter',
    `smtpd_proxy_filter is set for ${names}, so Postfix shows Postern no content there and no ` +
      'mail of these users would be judged',
    {
      hint: 'use content_filter there in place of smtpd_proxy_filter, then connect again',
      exit: sysexits.config,
    },
  );
}

/** Shows the change, and answers with the report before anything is done. */
function shown(job: Job, plan: ConnectPlan, steps: readonly string[]): ConnectReport {
  const diff = differences(job.configDirectory, job.before, plan.files);
  for (const step of steps) job.show(`${step}\n`);
  job.show(diff);
  for (const note of plan.notes) job.show(`note: ${note}\n`);
  const changed = diff !== '' || steps.length > 0;
  return { changed, steps, diff, notes: plan.notes, reloaded: false, seen: [] };
}

/** Gives the guard the facts about this Postfix; shows and answers notes for the operator. */
async function renewFacts(
  job: Job,
  target: ConnectTarget,
  proved: boolean,
): Promise<readonly string[]> {
  const told = await mailFacts(job.configDirectory)
    .then(async ({ facts, notes }) => {
      await tellGuard(job.state, { ...connectedInstance(target, facts), proved });
      return notes;
    })
    .catch((cause: unknown) => [
      `the guard did not get the domains and networks of Postfix: ${faultText(cause)}`,
    ]);
  for (const note of told) job.show(`note: ${note}\n`);
  return told;
}

async function disconnect(job: Job): Promise<ConnectReport> {
  const { options, state, show, configDirectory, before, kept } = job;
  const plan = planUndo(before, kept);
  const report = shown(job, plan, []);
  const isKnown = await guardKnows(state).then((known) => knows(known, configDirectory));
  if (!report.changed) show('Postfix is not connected.\n');
  if (options.dryRun === true || !(report.changed || isKnown)) return report;
  if (report.changed) await mayGoOn(options);
  await writePostfixFiles(configDirectory, plan.files);
  const reloaded = report.changed && (await checkAndReload(configDirectory));
  await dropRecord(configDirectory);
  await untellGuard(state, configDirectory);
  await removeDoors(configDirectory);
  show(`Postern is removed from ${configDirectory}.\n`);
  return { ...report, reloaded };
}

function unchangedSince(kept: ConnectRecord, now: PostfixFiles): boolean {
  return untouched(kept, now, 'main') && untouched(kept, now, 'master');
}

function planUndo(now: PostfixFiles, kept: ConnectRecord | undefined): ConnectPlan {
  const cleaned = planDisconnect(now);
  if (kept === undefined) {
    const notes = ['there is no record of the connection; only lines of Postern are removed'];
    return { files: cleaned, notes: cleaned.main === now.main ? [] : notes };
  }
  const notes: string[] = [];
  const pick = (key: 'main' | 'master'): string => {
    if (untouched(kept, now, key)) return kept.before[key];
    notes.push(`${key}.cf was changed since; only lines of Postern are removed from it`);
    return cleaned[key];
  };
  return { files: { main: pick('main'), master: pick('master') }, notes };
}

/** Throws if a step fails; `allAsBefore` then takes back what was done. */
async function apply(
  job: Job,
  plan: ConnectPlan,
  live: RunFile | undefined,
): Promise<{ readonly reloaded: boolean; readonly seen: readonly Seen[] }> {
  await writePostfixFiles(job.configDirectory, plan.files);
  const reloaded = await checkAndReload(job.configDirectory);
  const tested = job.options.verify !== false && reloaded ? live : undefined;
  return { reloaded, seen: tested === undefined ? [] : await verify(job, plan, tested) };
}

async function allAsBefore(
  { configDirectory, before, kept, state }: Job,
  done: { readonly target: ConnectTarget; readonly known: ConnectedPostfix | undefined },
): Promise<void> {
  const now = await readPostfixFiles(configDirectory);
  if (now.main !== before.main || now.master !== before.master) {
    await writePostfixFiles(configDirectory, before);
    await checkAndReload(configDirectory).catch(() => undefined);
  }
  if (kept === undefined) await dropRecord(configDirectory);
  else await keepRecord(configDirectory, { before: kept.before, after: before });
  await restoreKnown(state, done.known);
  if (done.target.work.steps.length > 0) await done.target.work.takeBack().catch(() => undefined);
}

function notConnected(cause: unknown): OperatorError {
  const why = faultText(cause);
  const hint = cause instanceof OperatorError ? cause.hint : undefined;
  return new OperatorError('not-connected', `not connected, everything is as before: ${why}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
    exit: sysexits.software,
  });
}

async function verify(
  job: Job,
  { files: { main, master } }: ConnectPlan,
  live: RunFile,
): Promise<readonly Seen[]> {
  const parsed = parseMainCf(main);
  const host = mainValue(parsed, 'myhostname') ?? 'localhost';
  const services = smtpdServices(parsed, parseMasterCf(master));
  const about = { host, once: hasFilter(parsed, services) };
  const proofs = services
    .filter(({ role }) => role !== 'reinjection')
    .map((service) => () => verifySmtpd(service, live));
  const seen: Seen[] = [];
  for (const proof of [...proofs, () => verifyLocal(job.configDirectory, live, about)]) {
    const one = await proof();
    seen.push(one);
    if (one.ok) continue;
    throw new OperatorError('not-verified', `${one.what}: ${one.text}`, {
      hint: 'look at the mail log; --no-verify makes the change without this test',
    });
  }
  return seen;
}

/** Whether mail may go through a filter, which could bring it back to Postern. */
function hasFilter(main: MainCf, services: readonly SmtpdService[]): boolean {
  return (
    (mainValue(main, 'content_filter') ?? '') !== '' ||
    services.some(
      ({ role, service }) =>
        role === 'reinjection' || override(service, 'content_filter') !== undefined,
    )
  );
}

async function needsVersion3(configDirectory: string): Promise<void> {
  const version = await postconf('mail_version', configDirectory);
  if (Number.parseInt(version, 10) >= 3) return;
  throw new OperatorError('postfix-too-old', `Postfix ${version} is older than 3.0`, {
    hint: 'Postern needs settings for a single milter, which came with Postfix 3.0',
    exit: sysexits.unavailable,
  });
}

function differences(configDirectory: string, before: PostfixFiles, after: PostfixFiles): string {
  return (['main', 'master'] as const)
    .map((key) => {
      const path = `${configDirectory}/${key}.cf`;
      return unifiedDiff(before[key], after[key], { before: path, after: `${path} (connected)` });
    })
    .join('');
}
