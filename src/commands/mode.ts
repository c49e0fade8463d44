/**
 * `postern mode`: shows whether Postern acts, and what acting would have changed. With a mode it
 * changes the setting, and waits until the running guard uses it.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { withSetting } from '../config/edit.ts';
import { parseConfig } from '../config/load.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { unifiedDiff } from '../lib/unified-diff.ts';
import type { EnforcingView } from '../ports/admin.ts';
import {
  dropBefore,
  keepBefore,
  keptBefore,
  readConfigText,
  wasChangedSince,
  writeConfigText,
} from './config/config-file.ts';
import { warnOldNames } from './config/load-config.ts';
import { installedConfig, usualConfig } from './config/usual-config.ts';
import { mayGoOn } from './connect/question.ts';
import { connectToGuard } from './guard/client.ts';
import { openReads } from './guard/reads.ts';
import { guardTakesOver } from './guard/take-over.ts';
import { many, plain } from './terminal/format.ts';
import { fromLedger, helpAfter, jsonLine, stateHelp } from './terminal/help.ts';
import { print, printReport, warn } from './terminal/print.ts';
import { clock, paint, table } from './terminal/table.ts';

type Mode = EnforcingView['mode'];
type Options = {
  readonly config?: string;
  readonly state?: string;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly yes?: true;
  readonly json?: true;
};

const modes: readonly Mode[] = ['observe', 'guard'];
const place = { table: '', key: 'mode' } as const;

export function register(program: Command): void {
  program
    .command('mode')
    .summary('observe or guard: see what acting would change, and switch')
    .description(
      'Without an argument, shows the mode, and what mode guard would have changed in the last 7 ' +
        'days: how many messages of which accounts. With an argument, sets `mode` in the ' +
        'configuration, lets the running guard read it, waits until the guard uses it, and notes ' +
        'in the audit trail who switched.',
    )
    .argument('[mode]', 'observe: judge mail and report, let all pass; guard: act', modeArgument)
    .option('--config <file>', `the configuration to change (default: ${installedConfig})`)
    .option('--state <dir>', stateHelp)
    .option('--dry-run', 'show the change without making it')
    .option('--undo', 'restore the file byte for byte as it was before the last switch')
    .option('--yes', 'make the change without asking; this is also what happens without a terminal')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          `${fromLedger}\nWhat was only observed never becomes a suspension: a switch to guard ` +
          'ends those notes.\nSuspensions that are real outlast each switch.',
        examples: [
          ['postern mode', 'what would have been stopped, and the command that lets Postern act'],
          ['sudo postern mode guard', ''],
          ['sudo postern mode --undo', 'the file as it was before'],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [64, 'neither observe nor guard, or a mode together with --undo'],
          [69, 'to show: the guard is not running, and there is no ledger to read'],
          [70, 'the running guard did not apply the setting; the file is changed'],
          [77, 'the file cannot be written; run this command as root'],
          [78, 'there is no configuration, it has an error, or there is nothing to undo in it'],
        ],
      }),
    )
    .action((wanted: Mode | undefined, options: Options, command: Command) =>
      wanted === undefined && options.undo === undefined
        ? showMode(options, command)
        : printReport(command, options, (show) => switchMode(wanted, options, show)),
    );
}

function modeArgument(text: string): Mode {
  const mode = modes.find((one) => one === text);
  if (mode === undefined) throw new InvalidArgumentError('It must be observe or guard.');
  return mode;
}

async function showMode(options: Options, command: Command): Promise<void> {
  using reads = await openReads(options.state, (text) => warn(command, text));
  const view = await reads.enforcing();
  print(command, options.json === true ? jsonLine(view) : modeText(view));
}

/** The mode, what the other one would have changed, and the command that switches. */
export function modeText(view: EnforcingView): string {
  const { accounts, mode, most, text } = view;
  const doing = mode === 'guard' ? 'Postern acts' : 'nothing is stopped, all mail passes';
  const head = `Mode ${paint('bold', mode)}: ${doing}.\n`;
  const rows = table(
    [
      { title: 'ACCOUNT' },
      { title: 'MESSAGES', align: 'right' },
      { title: 'RECIPIENTS', align: 'right' },
      { title: 'LAST' },
      { title: 'SUSPENDED' },
    ],
    most.map((one) => [
      plain(one.account),
      String(one.messages),
      String(one.recipients),
      clock(one.lastAt),
      one.wouldBeSuspended ? 'would have been' : 'no',
    ]),
  );
  const more = accounts - most.length;
  const list =
    most.length === 0 ? '' : `\n${rows}${more > 0 ? `and ${many(more, 'more account')}\n` : ''}`;
  const why = most.length === 0 ? '' : '\nWhy, and what it sent: postern accounts show NAME\n';
  const next =
    mode === 'observe'
      ? '\nTo let Postern act:  sudo postern mode guard\n'
      : '\nTo only observe:     sudo postern mode observe\n';
  return `${head}${plain(text)}\n${list}${why}${next}`;
}

type Report = {
  readonly changed: boolean;
  readonly diff: string;
  readonly mode: Mode;
  /** False: no guard is running; it uses the mode from its next start on. */
  readonly takenOver: boolean;
};

async function switchMode(
  named: Mode | undefined,
  options: Options,
  show: (text: string) => void,
): Promise<Report> {
  if (named !== undefined && options.undo === true) {
    throw new OperatorError('usage', 'a mode and --undo cannot be combined: give one of them', {
      exit: sysexits.usage,
    });
  }
  const file = configFile(options);
  const before = readConfigText(file);
  const { config: old } = parseConfig(before, file);
  const { after, mode } =
    named === undefined ? undone(file, before) : changed(file, before, { from: old.mode, named });
  const as = named === undefined ? 'as before' : `mode ${mode}`;
  const diff = unifiedDiff(before, after, { before: file, after: `${file} (${as})` });
  show(diff);
  const report = { changed: diff !== '', diff, mode, takenOver: false };
  if (options.dryRun === true) return report;
  if (diff === '') show(`${file} has mode = "${mode}" already.\n`);
  else {
    await mayGoOn(options);
    await announce(options.state, mode);
    if (named !== undefined) keepBefore(file, 'mode', { before, after });
    writeConfigText(file, after);
    if (named === undefined) dropBefore(file, 'mode');
  }
  const takenOver = await guardTakesOver(
    options.state,
    (status) => status.mode === mode,
    'perhaps it was started with --mode, or with another file; see journalctl -u postern',
  );
  show(doneText(mode, takenOver, named === undefined));
  return { ...report, takenOver };
}

/** So that the audit trail of the guard names who changes the mode. A guard may not run. */
async function announce(state: string | undefined, mode: Mode): Promise<void> {
  try {
    await (await connectToGuard(state)).act('/mode', { mode });
  } catch (error) {
    // The change itself counts; a guard of an earlier version has no such route.
    if (!(error instanceof OperatorError)) throw error;
  }
}

type Changed = { readonly after: string; readonly mode: Mode };

/** The text with the mode that was named. Throws OperatorError if it cannot be set there. */
function changed(
  file: string,
  before: string,
  { from, named }: { readonly from: Mode; readonly named: Mode },
): Changed {
  const after = from === named ? before : withSetting(before, place, JSON.stringify(named));
  const { config, oldNames } = parseConfig(after, file);
  warnOldNames({ file, oldNames });
  if (config.mode === named) return { after, mode: named };
  throw new OperatorError(
    'config-not-changed',
    `${file} has mode in a form that cannot be changed`,
    {
      hint: `set mode = "${named}" in it yourself, then: systemctl reload postern`,
      exit: sysexits.config,
    },
  );
}

/** The bytes before the last switch. Throws OperatorError if there are none, or it was edited. */
function undone(file: string, now: string): Changed {
  const kept = keptBefore(file, 'mode');
  if (kept === undefined) {
    throw new OperatorError('nothing-to-undo', `this command has not changed ${file}`, {
      hint: 'to switch: postern mode observe, or postern mode guard',
      exit: sysexits.config,
    });
  }
  if (wasChangedSince(kept, now)) {
    throw new OperatorError('changed-since', `${file} was changed after the switch`, {
      hint: 'an undo would lose that change; switch back with: postern mode observe (or guard)',
      exit: sysexits.config,
    });
  }
  return { after: kept.before, mode: parseConfig(kept.before, file).config.mode };
}

function configFile({ config }: Options): string {
  const file = config ?? usualConfig();
  if (file !== undefined) return file;
  throw new OperatorError('config', `there is no configuration ${installedConfig} to change`, {
    hint:
      'name the file that the guard is started with: --config FILE; a guard without a file takes ' +
      'its mode from its command line: ./postern up --mode guard',
    exit: sysexits.config,
  });
}

function doneText(mode: Mode, takenOver: boolean, isUndone: boolean): string {
  const undo = isUndone ? '' : ' To undo: sudo postern mode --undo';
  if (!takenOver) {
    return (
      `The guard is not running; it starts with mode ${mode}. The audit trail has no entry of ` +
      `this switch, as only a running guard writes one.${undo}\n`
    );
  }
  const now =
    mode === 'guard'
      ? 'The guard acts now: it holds and refuses mail, and suspends accounts.'
      : 'The guard only observes now: nothing is stopped. Suspensions that are real stay.';
  return `${now}${undo}\n`;
}
