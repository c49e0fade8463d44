/**
 * `postern drill setup`: puts the sink of the drills into Postfix, and says what else a drill
 * needs. Shows the change, asks, makes it, proves it, and undoes it byte for byte.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { mainValue, parseMainCf, setParameter } from '../../formats/postfix/main-cf.ts';
import { unifiedDiff } from '../../lib/unified-diff.ts';
import { systemctl, systemdRuns } from '../../partners/systemctl.ts';
import { commandFor, configDirectoryOf } from '../connect/config-directory.ts';
import { checkAndReload, readPostfixFiles, writePostfixFiles } from '../connect/postfix-files.ts';
import { mayGoOn } from '../connect/question.ts';
import { changeRecords, recordOn } from '../connect/recipients/record.ts';
import { type FolderBefore, setAsBefore, undoChange } from '../connect/recipients/set-back.ts';
import { home, installedHome } from '../guard/run-file.ts';
import { drillTimer } from '../install/service.ts';
import { unitFolder } from '../install/sockets.ts';
import { helpAfter } from '../terminal/help.ts';
import { printReport } from '../terminal/print.ts';
import { sinkFault, sinkParameter, withSink } from './sink.ts';

type SetupOptions = {
  readonly configDir?: string;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
};
export type SetupReport = {
  readonly changed: boolean;
  readonly diff: string;
  readonly notes: readonly string[];
  /** Postfix routes mail of a drill to the sink. */
  readonly proved: boolean;
};

const records = changeRecords('before-postern-drill.json');
const nothingDone: SetupReport = { changed: false, diff: '', notes: [], proved: false };

const canarySteps = `A drill also needs an account of its own, the canary:
  1. make an account such as drill-canary@example.org, as you make any other one,
     with a long random password that nobody else has
  2. write the password to /etc/postern/drill-password:
     umask 027; openssl rand -hex 24 > /etc/postern/drill-password
     chgrp postern /etc/postern/drill-password
  3. write to /etc/postern/postern.toml, then restart Postern:
     [drill]
     account = "drill-canary@example.org"
     password_file = "/etc/postern/drill-password"
`;

export function registerSetup(drill: Command): void {
  drill
    .command('setup')
    .summary('let Postfix keep mail of drills in its queue')
    .description(
      'Puts the sink in front of transport_maps in main.cf: mail for postern-drill.invalid then ' +
        'waits in the queue, whatever else is configured, so mail of a drill cannot leave.',
    )
    .option(
      '--config-dir <dir>',
      "Postfix's configuration folder (default: $MAIL_CONFIG, or what postconf says)",
    )
    .option('--dry-run', 'show the change without making it')
    .option('--undo', 'restore the old file byte for byte if it was not changed since')
    .option('--yes', 'make the change without asking; this is also what happens without a terminal')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes: canarySteps.trimEnd(),
        examples: [
          ['sudo postern drill setup --dry-run', 'show the change'],
          ['sudo postern drill setup --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [66, 'there is no such folder of Postfix'],
          [70, 'a step failed, or the proof; everything is as before'],
          [77, 'the files cannot be written; run this command as root'],
        ],
      }),
    )
    .action((options: SetupOptions, command: Command) =>
      printReport(command, options, (show) => setupDrill(options, show)),
    );
}

type Show = (text: string) => void;

async function setupDrill(options: SetupOptions, show: Show): Promise<SetupReport> {
  const directory = await configDirectoryOf(options.configDir);
  const files = await readPostfixFiles(directory);
  const folder = { directory, files, record: await records.read(directory) };
  if (options.undo !== true) return setup(folder, options, show);
  const done = 'Postfix has its old setting again.\n';
  const undone = await undoChange(folder, { records, done }, options, show);
  if (options.dryRun !== true) await setTimer('disable');
  return { ...nothingDone, ...undone };
}

/** Starts or stops the monthly drill of an installed Postern; says what it did. */
async function setTimer(what: 'enable' | 'disable'): Promise<string | undefined> {
  // A checkout leaves the services of this machine alone.
  const isInstalled = home === installedHome && existsSync(join(unitFolder, drillTimer));
  if (!systemdRuns() || !isInstalled) return undefined;
  await systemctl([what, '--now', drillTimer]);
  return `ok  ${drillTimer} is ${what}d\n`;
}

async function setup(
  folder: FolderBefore,
  options: SetupOptions,
  show: Show,
): Promise<SetupReport> {
  const { directory, files } = folder;
  if ((await sinkFault(directory)) === undefined) {
    show('Mail of drills stays in the queue of this Postfix already.\n');
    return { ...nothingDone, proved: true };
  }
  const before = mainValue(parseMainCf(files.main), sinkParameter);
  const after = withSink(before ?? '');
  const main = setParameter(files.main, sinkParameter, after);
  const path = `${directory}/main.cf`;
  const diff = unifiedDiff(files.main, main, { before: path, after: `${path} (with the sink)` });
  show(diff);
  const report = { changed: true, diff, notes: [], proved: false };
  if (options.dryRun === true) return report;
  await mayGoOn(options);
  const change = { main, set: [{ name: sinkParameter, before, after }], made: [] };
  await records.keep(directory, recordOn(folder.record, files.main, change));
  try {
    await writePostfixFiles(directory, { main, master: files.master });
    await checkAndReload(directory);
    const why = await sinkFault(directory);
    if (why !== undefined) throw new Error(why);
    show('ok  Postfix keeps mail for postern-drill.invalid in its queue\n');
    const timer = await setTimer('enable');
    if (timer !== undefined) show(timer);
    show(`To undo: ${commandFor(options.configDir, 'postern', 'drill', 'setup', '--undo')}\n\n`);
    show(canarySteps);
    return { ...report, proved: true };
  } catch (cause) {
    throw await setAsBefore(folder, { records, made: [] }, cause);
  }
}
