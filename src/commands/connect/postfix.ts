/**
 * `postern connect postfix`: puts Postern's doors into main.cf and master.cf. It shows the
 * difference, asks, keeps the old bytes, writes, lets Postfix check and reload, and proves the
 * connection with a real message. When a step fails, it undoes everything automatically. `--undo`
 * removes the connection.
 */
import { stdout } from 'node:process';
import { type Command, Option } from 'commander';
import { mainValue, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../formats/postfix/master-cf.ts';
import { smtpdServices } from '../../formats/postfix/services.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { unifiedDiff } from '../../lib/unified-diff.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { programOutput } from '../../partners/program.ts';
import {
  neededApi,
  neededDoor,
  type RunFile,
  readRunFile,
  stateDirectory,
} from '../guard/run-file.ts';
import { helpAfter, stateHelp } from '../terminal/help.ts';
import { tellGuard, untellGuard } from './postfix-facts.ts';
import {
  type ConnectRecord,
  dropRecord,
  keepRecord,
  readPostfixFiles,
  readRecord,
  untouched,
  writePostfixFiles,
} from './postfix-files.ts';
import {
  type ConnectDoors,
  type ConnectPlan,
  type PostfixFiles,
  planConnect,
  planDisconnect,
} from './postfix-plan.ts';
import { doorAnswers, type Seen, verifyLocal, verifySmtpd } from './postfix-proof.ts';
import { mayGoOn } from './question.ts';
import { registerSendmail, sendmailMustBeFree } from './sendmail.ts';
import { registerSpamAssassin } from './spamassassin.ts';

export type ConnectOptions = {
  readonly configDir?: string;
  readonly state?: string;
  readonly milter?: string;
  readonly policy?: string;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly verify?: boolean;
};
export type ConnectReport = {
  readonly changed: boolean;
  readonly diff: string;
  readonly notes: readonly string[];
  readonly reloaded: boolean;
  readonly seen: readonly Seen[];
};

export function register(program: Command): void {
  const connect = program
    .command('connect')
    .description('Connects Postfix, sendmail or a scanner to the running guard.');
  registerSpamAssassin(connect);
  registerSendmail(connect);
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
          'door first in the restrictions of the services where users log in. Postfix\n' +
          'checks and reloads; a test message to postmaster proves it. When a step fails,\n' +
          'everything is undone. before-postern.json beside main.cf keeps the old files.',
        examples: [
          ['postern connect postfix --dry-run', 'show the change'],
          ['sudo postern connect postfix', 'show the change, ask, make it, prove it'],
          ['sudo postern connect postfix --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [69, 'the guard is not running, or a door does not answer'],
          [70, 'a step failed; everything is as before'],
          [77, 'the files cannot be written; run this command as root'],
        ],
      }),
    )
    .addOption(new Option('--milter <address>', 'address of the milter door').hideHelp())
    .addOption(new Option('--policy <address>', 'address of the policy door').hideHelp())
    .action(async (options: ConnectOptions) => {
      const show = options.json === true ? () => undefined : (text: string) => stdout.write(text);
      const report = await connectPostfix(options, show);
      if (options.json === true) stdout.write(`${JSON.stringify(report)}\n`);
    });
}

type Show = (text: string) => unknown;

export async function connectPostfix(options: ConnectOptions, show: Show): Promise<ConnectReport> {
  const state = stateDirectory(options.state);
  // Postfix's own commands find another instance by MAIL_CONFIG too.
  const named = options.configDir ?? process.env['MAIL_CONFIG'];
  const configDirectory = named ?? (await postconf('config_directory', undefined));
  await needsVersion3(configDirectory);
  if (options.undo === true && named === undefined) await sendmailMustBeFree();
  const before = await readPostfixFiles(configDirectory);
  const kept = await readRecord(configDirectory);
  const run = options.undo === true ? undefined : await daemonOf(options, state);
  const plan = run === undefined ? planUndo(before, kept) : planConnect(before, run.doors);
  const diff = differences(configDirectory, before, plan.files);
  const report = { changed: diff !== '', diff, notes: plan.notes, reloaded: false, seen: [] };
  show(diff);
  for (const note of plan.notes) show(`note: ${note}\n`);
  if (diff === '') {
    show(options.undo === true ? 'Postfix is not connected.\n' : 'Postfix is connected already.\n');
    if (run === undefined || options.dryRun === true) return report;
    const told = await toldGuard(state, configDirectory, show);
    return { ...report, notes: [...plan.notes, ...told] };
  }
  if (options.dryRun === true) return report;
  await mayGoOn(options);
  if (run === undefined) {
    await writePostfixFiles(configDirectory, plan.files);
    const reloaded = await checkAndReload(configDirectory);
    await dropRecord(configDirectory);
    await untellGuard(state);
    show(`Postern is removed from ${configDirectory}.\n`);
    return { ...report, reloaded };
  }
  // The record keeps what was there before the first connection, not before this one.
  const origin = kept !== undefined && unchangedSince(kept, before) ? kept.before : planned(before);
  await keepRecord(configDirectory, { before: origin, after: plan.files });
  const done = await applyOrTakeBack({ configDirectory, before, plan, run, options });
  if (done instanceof Error) {
    if (kept === undefined) await dropRecord(configDirectory);
    else await keepRecord(configDirectory, { before: kept.before, after: before });
    throw done;
  }
  for (const { what, ok, text } of done.seen) show(`${ok ? 'ok  ' : 'FAIL'} ${what}: ${text}\n`);
  const told = await toldGuard(state, configDirectory, show);
  show(`Postfix is connected. To undo: postern connect postfix --undo\n`);
  return { ...report, ...done, notes: [...plan.notes, ...told] };
}

/** Gives the guard the facts about this Postfix; shows and answers notes for the operator. */
async function toldGuard(
  state: string,
  configDirectory: string,
  show: Show,
): Promise<readonly string[]> {
  const told = await tellGuard(state, configDirectory).catch((cause: unknown) => [
    `the guard did not get the domains and networks of Postfix: ${faultText(cause)}`,
  ]);
  for (const note of told) show(`note: ${note}\n`);
  return told;
}

/** The files without Postern, for an undo after edits or without a record. */
function planned(before: PostfixFiles): PostfixFiles {
  return planDisconnect(before);
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

type Daemon = { readonly doors: ConnectDoors; readonly live?: RunFile };

async function daemonOf(options: ConnectOptions, state: string): Promise<Daemon> {
  const { milter, policy } = options;
  if (milter !== undefined && policy !== undefined) return { doors: { milter, policy } };
  const live = await readRunFile(state);
  neededDoor(live, 'milter');
  // The guard reports over it which mail it has seen.
  if (options.verify !== false && options.dryRun !== true) neededApi(live);
  for (const door of [live.doors.milter, live.doors.policy]) {
    if (door !== 'off') await doorAnswers(door);
  }
  return { doors: live.doors, live };
}

type Application = {
  readonly configDirectory: string;
  readonly before: PostfixFiles;
  readonly plan: ConnectPlan;
  readonly run: Daemon;
  readonly options: ConnectOptions;
};

/** The result, or the error after which everything is as before. */
async function applyOrTakeBack(
  work: Application,
): Promise<{ readonly reloaded: boolean; readonly seen: readonly Seen[] } | Error> {
  const { configDirectory, before, plan } = work;
  await writePostfixFiles(configDirectory, plan.files);
  try {
    const reloaded = await checkAndReload(configDirectory);
    return { reloaded, seen: await verify(work, reloaded) };
  } catch (cause) {
    await writePostfixFiles(configDirectory, before);
    await checkAndReload(configDirectory).catch(() => undefined);
    const why = faultText(cause);
    const hint = cause instanceof OperatorError ? cause.hint : undefined;
    return new OperatorError('not-connected', `not connected, everything is as before: ${why}`, {
      cause,
      ...(hint === undefined ? {} : { hint }),
      exit: sysexits.software,
    });
  }
}

async function verify(work: Application, reloaded: boolean): Promise<readonly Seen[]> {
  const { live } = work.run;
  if (work.options.verify === false || live === undefined || !reloaded) return [];
  const { main, master } = work.plan.files;
  const parsed = parseMainCf(main);
  const host = mainValue(parsed, 'myhostname') ?? 'localhost';
  const proofs = smtpdServices(parsed, parseMasterCf(master))
    .filter(({ role }) => role !== 'reinjection')
    .map((service) => () => verifySmtpd(service, live));
  const seen: Seen[] = [];
  for (const proof of [...proofs, () => verifyLocal(work.configDirectory, live, host)]) {
    const one = await proof();
    seen.push(one);
    if (one.ok) continue;
    throw new OperatorError('not-verified', `${one.what}: ${one.text}`, {
      hint: 'look at the mail log; --no-verify makes the change without this test',
    });
  }
  return seen;
}

/** True if Postfix is running and has read its files again. */
async function checkAndReload(configDirectory: string): Promise<boolean> {
  const signal = AbortSignal.timeout(60_000);
  const call = (args: readonly string[]) =>
    programOutput({
      program: '/usr/sbin/postfix',
      args: ['-c', configDirectory, ...args],
      signal,
      errors: 'lines',
    });
  await call(['check']);
  const runs = await call(['status']).then(
    () => true,
    () => false,
  );
  if (runs) await call(['reload']);
  return runs;
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
