/**
 * `postern connect bounces`: lets Postfix show the notices that it writes itself to the milters of
 * non_smtpd_milters, so that the guard judges and holds them. Postfix warns against this, so it is
 * a choice of the operator. Shows the change, asks, makes it, proves it, and undoes it.
 */
import type { Command } from 'commander';
import { mainValue, parseMainCf, setParameter } from '../../../formats/postfix/main-cf.ts';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { unifiedDiff } from '../../../lib/unified-diff.ts';
import { wordsOf } from '../../../partners/postfix/lists.ts';
import { postconfValues } from '../../../partners/postfix/postconf.ts';
import { readRunFile, stateDirectory } from '../../guard/run-file.ts';
import { plain } from '../../terminal/format.ts';
import { helpAfter, stateHelp } from '../../terminal/help.ts';
import { printReport } from '../../terminal/print.ts';
import { commandFor, configDirectoryOf } from '../config-directory.ts';
import {
  checkAndReload,
  readPostfixFiles,
  readRecord,
  writePostfixFiles,
} from '../postfix-files.ts';
import { mayGoOn } from '../question.ts';
import { changeRecords, recordOn } from '../recipients/record.ts';
import { type FolderBefore, setAsBefore, undoChange } from '../recipients/set-back.ts';
import { noticeProof } from './proof.ts';

export type BounceOptions = {
  readonly configDir?: string;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  /** False: do not prove it. */
  readonly verify?: boolean;
  readonly state?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
};
export type BounceReport = {
  readonly changed: boolean;
  readonly diff: string;
  readonly notes: readonly string[];
  /** The guard saw a notice of Postfix. */
  readonly proved: boolean;
};

const parameter = 'internal_mail_filter_classes';
const shown = 'bounce';
/** postconf(5), internal_mail_filter_classes. */
const warning =
  "Postfix's manual says: It's generally not safe to enable content inspection of " +
  'Postfix-generated email messages. The user is warned.';
const records = changeRecords('before-postern-bounces.json');
const nothingDone: BounceReport = { changed: false, diff: '', notes: [], proved: false };

export function registerBounces(connect: Command): void {
  connect
    .command('bounces')
    .summary("let the guard judge Postfix's own notices")
    .description(
      'Lets Postfix show its own notices about undelivered mail to the guard, which holds them ' +
        'when they are unusually many. Postfix warns against this. First refuse unknown ' +
        'recipients: postern connect recipients',
    )
    .option(
      '--config-dir <dir>',
      "Postfix's configuration folder (default: $MAIL_CONFIG, or what postconf says)",
    )
    .option('--dry-run', 'show the change without making it')
    .option('--undo', 'restore the old file byte for byte if it was not changed since')
    .option('--yes', 'make the change without asking; this is also what happens without a terminal')
    .option('--no-verify', 'do not ask Postfix for a report to prove the change')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          `${warning}\n` +
          'Every milter in non_smtpd_milters sees the notices; header_checks and body_checks ' +
          'do\ntoo. What one of them refuses is not sent. Postern refuses none: it holds them.\n' +
          'Proof: Postfix writes a report about postmaster (sendmail -bv); the guard must see\n' +
          'it. The report is delivered to postmaster.',
        examples: [
          ['sudo postern connect bounces --dry-run', 'show the change'],
          ['sudo postern connect bounces --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [66, 'there is no such folder of Postfix'],
          [69, 'no guard is running, so nothing could be proved (or give --no-verify)'],
          [70, 'a step failed, or the proof; everything is as before'],
          [77, 'the files cannot be written; run this command as root'],
          [78, 'Postern is not in non_smtpd_milters'],
        ],
      }),
    )
    .action((options: BounceOptions, command: Command) =>
      printReport(command, options, (show) => connectBounces(options, show)),
    );
}

type Show = (text: string) => void;

export async function connectBounces(options: BounceOptions, show: Show): Promise<BounceReport> {
  const directory = await configDirectoryOf(options.configDir);
  const files = await readPostfixFiles(directory);
  const folder = { directory, files, record: await records.read(directory) };
  if (options.undo !== true) return connect(folder, options, show);
  const done = 'Postfix has its old setting again.\n';
  return { ...nothingDone, ...(await undoChange(folder, { records, done }, options, show)) };
}

async function connect(
  folder: FolderBefore,
  options: BounceOptions,
  show: Show,
): Promise<BounceReport> {
  const { directory, files } = folder;
  const values = await postconfValues([parameter, ...inspecting], directory);
  const classes = wordsOf(values[parameter]);
  if (classes.includes(shown)) {
    show('Postfix shows its own notices to its milters already.\n');
    return nothingDone;
  }
  await mustBeConnected(directory, wordsOf(values.non_smtpd_milters));
  const after = [...classes, shown].join(' ');
  const main = setParameter(files.main, parameter, after);
  const path = `${directory}/main.cf`;
  const diff = unifiedDiff(files.main, main, { before: path, after: `${path} (with bounces)` });
  const notes = [warning, ...others(values)];
  show(diff);
  for (const note of notes) show(`note: ${plain(note)}\n`);
  const report = { changed: true, diff, notes, proved: false };
  if (options.dryRun === true) return report;
  const guard =
    options.verify === false ? undefined : await readRunFile(stateDirectory(options.state));
  await mayGoOn(options);
  const before = mainValue(parseMainCf(files.main), parameter);
  const change = { main, set: [{ name: parameter, before, after }], made: [] };
  await records.keep(directory, recordOn(undefined, files.main, change));
  try {
    await writePostfixFiles(directory, { main, master: files.master });
    const runs = await checkAndReload(directory);
    const proved = runs && guard !== undefined;
    if (proved) {
      const why = await noticeProof(directory, guard);
      if (why !== undefined) throw new Error(why);
      show('ok  the guard saw a report that Postfix wrote (sendmail -bv postmaster)\n');
    } else show(`not proved: ${runs ? '--no-verify' : 'this Postfix does not run'}\n`);
    show(`To undo: ${commandFor(options.configDir, 'postern', 'connect', 'bounces', '--undo')}\n`);
    return { ...report, proved };
  } catch (cause) {
    throw await setAsBefore(folder, { records, made: [] }, cause);
  }
}

const inspecting = ['non_smtpd_milters', 'header_checks', 'body_checks'] as const;

/** Without a milter nothing would be judged, and other inspectors alone would see the notices. */
async function mustBeConnected(directory: string, milters: readonly string[]): Promise<void> {
  const isConnected = (await readRecord(directory)) !== undefined && milters.length > 0;
  if (isConnected) return;
  throw new OperatorError('not-connected-yet', 'Postern is not in non_smtpd_milters', {
    hint: 'first: sudo postern connect postfix',
    exit: sysexits.config,
  });
}

/** Who else will inspect the notices. */
function others(values: Readonly<Record<(typeof inspecting)[number], string>>): readonly string[] {
  const milters = wordsOf(values.non_smtpd_milters);
  const checks = (['header_checks', 'body_checks'] as const).filter((name) => values[name] !== '');
  return [
    ...(milters.length > 1
      ? [`all ${milters.length} milters will see the notices: ${milters.join(' ')}`]
      : []),
    ...(checks.length > 0
      ? [`${checks.join(' and ')} will see them too; what a rule refuses is not sent`]
      : []),
  ];
}
