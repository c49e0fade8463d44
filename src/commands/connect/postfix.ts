/**
 * `postern connect postfix`: puts Postern's doors into main.cf and master.cf. Shows the difference first, asks, keeps
 * the bytes that were there, writes, lets Postfix check and reload, proves it with a real message,
 * and takes everything back by itself when a step fails. `--undo` takes it out again.
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
import { neededDoor, type RunFile, readRunFile, stateDirectory } from '../guard/run-file.ts';
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
    .description('connect the running Postern with a mail server, or a scanner with it');
  registerSpamAssassin(connect);
  registerSendmail(connect);
  connect
    .command('postfix')
    .description('put the doors into main.cf and master.cf; shows the change before it makes it')
    .option(
      '--config-dir <dir>',
      "Postfix's configuration (default: $MAIL_CONFIG, or what postconf says)",
    )
    .option('--state <dir>', stateHelp)
    .option('--dry-run', 'show the change, make none')
    .option('--undo', 'take it out again; byte for byte where nobody changed the files since')
    .option('--yes', 'do not ask; without a terminal nobody is asked')
    .option('--no-verify', 'do not send a letter to postmaster to prove it')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'Puts the milter door last in smtpd_milters and non_smtpd_milters, and the policy door first in the restrictions\n' +
          'of the services where people log in. Postfix checks and reloads; a letter to postmaster proves it. When a step\n' +
          'fails, everything is taken back. What was there before is kept in before-postern.json beside main.cf.',
        examples: [
          ['postern connect postfix --dry-run', 'show the change'],
          ['sudo postern connect postfix', 'show it, ask, make it, prove it'],
          ['sudo postern connect postfix --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [69, 'Postern does not run, or a door does not answer'],
          [70, 'a step failed; all is as it was'],
          [77, 'the files cannot be written; run this as root'],
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
  // MAIL_CONFIG is how Postfix's own commands are told of another instance.
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
    show(`Postern is taken out of ${configDirectory}.\n`);
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

/**
 * Tells the guard what it should know of this Postfix; shows and answers what the operator should.
 */
async function toldGuard(
  state: string,
  configDirectory: string,
  show: Show,
): Promise<readonly string[]> {
  const told = await tellGuard(state, configDirectory).catch((cause: unknown) => [
    `the guard could not be told the domains and networks of Postfix: ${faultText(cause)}`,
  ]);
  for (const note of told) show(`note: ${note}\n`);
  return told;
}

/**
 * What the undo should give back when somebody edited the files, or when no record is left: all but
 * ours.
 */
function planned(before: PostfixFiles): PostfixFiles {
  return planDisconnect(before);
}

function unchangedSince(kept: ConnectRecord, now: PostfixFiles): boolean {
  return untouched(kept, now, 'main') && untouched(kept, now, 'master');
}

function planUndo(now: PostfixFiles, kept: ConnectRecord | undefined): ConnectPlan {
  const cleaned = planDisconnect(now);
  if (kept === undefined) {
    const notes = ['no record of the connection is left; only lines that are ours are taken out'];
    return { files: cleaned, notes: cleaned.main === now.main ? [] : notes };
  }
  const notes: string[] = [];
  const pick = (key: 'main' | 'master'): string => {
    if (untouched(kept, now, key)) return kept.before[key];
    notes.push(`${key}.cf was changed since; only lines that are ours are taken out of it`);
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
  // By it the guard says what it has seen.
  if (options.verify !== false && options.dryRun !== true) neededDoor(live, 'http');
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

/** Done, or the error because of which everything is as it was. */
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
    return new OperatorError('not-connected', `not connected, all is as it was: ${why}`, {
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
      hint: 'the mail log says why; with --no-verify the change is made without this proof',
    });
  }
  return seen;
}

/** True when Postfix runs and has read its files again. */
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
    hint: 'settings for one milter alone (connect_timeout, default_action) came with 3.0',
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
