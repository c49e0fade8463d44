/**
 * `postern mode`: shows whether Postern acts, and what acting would have changed. With a mode it
 * changes the setting, and waits until the running guard uses it.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { withSetting } from '../config/edit.ts';
import { parseConfig } from '../config/load.ts';
import { enforcementOf, isEnforceEntry, reachesNobody } from '../core/enforcement/enforcement.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { unifiedDiff } from '../lib/unified-diff.ts';
import type { EnforcingView } from '../ports/acting/enforcing.ts';
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
import { accountPath, connectToGuard } from './guard/client.ts';
import { openReads } from './guard/reads.ts';
import { guardTakesOver, mustBeItsConfig } from './guard/take-over.ts';
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
  readonly enforce?: readonly string[];
  readonly yes?: true;
  readonly json?: true;
};

const modes: readonly Mode[] = ['observe', 'guard'];
const place = { table: '', key: 'mode' } as const;
const enforcePlace = { table: '', key: 'enforce' } as const;

export function register(program: Command): void {
  program
    .command('mode')
    .summary('observe or guard: see what acting would change, and switch')
    .description(
      'Without an argument, shows the mode, and what mode guard would have changed in the last 7 ' +
        'days: how many messages of which accounts. With an argument, sets `mode` in the ' +
        'configuration, lets the running guard read it, waits until the guard uses it, and notes ' +
        'in the audit trail who switched. --enforce lets Postern act on a part of the accounts ' +
        'while the mode is observe.',
    )
    .argument('[mode]', 'observe: judge mail and report, let all pass; guard: act', modeArgument)
    .option(
      '--enforce <list>',
      'with observe: act on this part all the same, separated by commas: domain:NAME, ' +
        'account:NAME, a share of all accounts such as 5%; none: on nobody',
      enforceArgument,
    )
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
          ['sudo postern mode observe --enforce 5%', 'act on one account in twenty'],
          ['sudo postern mode observe --enforce domain:a.example,20%', ''],
          ['sudo postern mode guard', ''],
          ['sudo postern mode --undo', 'the file as it was before'],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [64, 'neither observe nor guard, a mode together with --undo, or a wrong --enforce'],
          [69, 'to show: the guard is not running, and there is no ledger to read'],
          [70, 'the running guard did not apply the setting; the file is changed'],
          [77, 'the file cannot be written; run this command as root'],
          [78, 'no configuration, one with an error or of another guard, or nothing to undo in it'],
        ],
      }),
    )
    .action((wanted: Mode | undefined, options: Options, command: Command) =>
      wanted === undefined && options.undo === undefined && options.enforce === undefined
        ? showMode(options, command)
        : printReport(command, options, async (show) => {
            for (const text of await reachWarnings(options)) {
              warn(command, `postern: warning: ${text}\n`);
            }
            return switchMode(wanted, options, show);
          }),
    );
}

function modeArgument(text: string): Mode {
  const mode = modes.find((one) => one === text);
  if (mode === undefined) throw new InvalidArgumentError('It must be observe or guard.');
  return mode;
}

function enforceArgument(text: string): readonly string[] {
  if (text.trim() === 'none') return [];
  const entries = text.split(',').map((entry) => entry.trim());
  const wrong = entries.find((entry) => !isEnforceEntry(entry));
  if (wrong === undefined) return entries;
  throw new InvalidArgumentError(
    `"${wrong}" must be domain:NAME, account:NAME, or a share such as 5%.`,
  );
}

/** Accounts of a part that are looked for. */
const lookedForMax = 20;

/** A part with a slip in it looks as if Postern acted, and stops nobody. */
async function reachWarnings({ enforce = [], state }: Options): Promise<readonly string[]> {
  if (enforce.length === 0) return [];
  const part = enforcementOf(enforce);
  if (reachesNobody(part)) return [`${enforce.join(', ')} reaches no account`];
  const warnings: string[] = [];
  try {
    const guard = await connectToGuard(state);
    for (const name of [...part.accounts].slice(0, lookedForMax)) {
      const isKnown = await guard.read(accountPath(name)).then(
        () => true,
        (error) => !(error instanceof OperatorError && error.exit === sysexits.noUser),
      );
      if (!isKnown)
        warnings.push(`no account ${name} is known here; account:${name} reaches nobody`);
    }
  } catch (error) {
    // Without a guard nobody knows, and the change itself counts.
    if (!(error instanceof OperatorError)) throw error;
  }
  return warnings;
}

async function showMode(options: Options, command: Command): Promise<void> {
  using reads = await openReads(options.state, (text) => warn(command, text));
  const view = await reads.enforcing();
  print(command, options.json === true ? jsonLine(view) : modeText(view));
}

/** The mode, what the other one would have changed, and the command that switches. */
export function modeText(view: EnforcingView): string {
  const { accounts, mode, most, text } = view;
  const doing = mode === 'guard' ? 'Postern acts' : observing(view.enforce ?? []);
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
      ? '\nTo let Postern act:  sudo postern mode guard\n' +
        'On a part first:     sudo postern mode observe --enforce 5%\n'
      : '\nTo only observe:     sudo postern mode observe\n';
  return `${head}${plain(text)}\n${domainTable(view)}${list}${why}${next}`;
}

function observing(enforce: readonly string[]): string {
  if (enforce.length === 0) return 'nothing is stopped, all mail passes';
  return `Postern acts on ${plain(enforce.join(', '))}; all other mail passes`;
}

/** A guard of an earlier version does not say it. One domain alone is the sum above. */
function domainTable({ domains = [] }: EnforcingView): string {
  if (domains.length < 2) return '';
  const rows = table(
    [
      { title: 'DOMAIN' },
      { title: 'MESSAGES', align: 'right' },
      { title: 'ACCOUNTS', align: 'right' },
      { title: 'SUSPENDED', align: 'right' },
    ],
    domains.map((one) => [
      one.domain === '' ? '(no domain)' : plain(one.domain),
      String(one.messages),
      String(one.accounts),
      String(one.wouldBeSuspended),
    ]),
  );
  return `\n${rows}`;
}

type Report = {
  readonly changed: boolean;
  readonly diff: string;
  readonly mode: Mode;
  readonly enforce: readonly string[];
  /** False: no guard is running; it uses the mode from its next start on. */
  readonly takenOver: boolean;
};

async function switchMode(
  named: Mode | undefined,
  options: Options,
  show: (text: string) => void,
): Promise<Report> {
  const isChange = named !== undefined || options.enforce !== undefined;
  if (isChange && options.undo === true) {
    throw new OperatorError('usage', 'a mode and --undo cannot be combined: give one of them', {
      exit: sysexits.usage,
    });
  }
  const file = configFile(options);
  const before = readConfigText(file);
  const { config: old } = parseConfig(before, file);
  const wanted = wantedMode(old, named, options.enforce);
  const isUndo = options.undo === true;
  const { after, mode, enforce } =
    isUndo || wanted === undefined ? undone(file, before) : changed(file, before, old, wanted);
  const as = isUndo ? 'as before' : `mode ${mode}`;
  const diff = unifiedDiff(before, after, { before: file, after: `${file} (${as})` });
  show(diff);
  const report = { changed: diff !== '', diff, mode, enforce, takenOver: false };
  if (options.dryRun === true) return report;
  const answers = await mustBeItsConfig(options.state, file);
  if (diff === '') show(`${file} has ${settingText({ mode, enforce })} already.\n`);
  else {
    await mayGoOn(options);
    if (answers) await announce(options.state, mode);
    if (!isUndo) keepBefore(file, 'mode', { before, after });
    writeConfigText(file, after);
    if (isUndo) dropBefore(file, 'mode');
  }
  const takenOver = await guardTakesOver(
    { file, state: options.state },
    (status) => status.mode === mode && sameList(status.enforce ?? [], enforce),
    'perhaps it was started with --mode, or with another file; see journalctl -u postern',
  );
  show(doneText({ mode, enforce }, takenOver, isUndo));
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

type Wanted = { readonly mode: Mode; readonly enforce: readonly string[] };
type Changed = Wanted & { readonly after: string };

/** Undefined: nothing was named. Throws OperatorError for a part without the mode it belongs to. */
function wantedMode(
  old: Wanted,
  named: Mode | undefined,
  enforce: readonly string[] | undefined,
): Wanted | undefined {
  if (named === undefined && enforce === undefined) return undefined;
  const mode = named ?? old.mode;
  if (mode === 'guard' && enforce !== undefined) {
    throw new OperatorError('usage', 'the mode is guard: Postern acts on all accounts', {
      hint: 'to act on a part only: postern mode observe --enforce 5%',
      exit: sysexits.usage,
    });
  }
  return { mode, enforce: enforce ?? old.enforce };
}

function settingText({ enforce, mode }: Wanted): string {
  const part = enforce.length === 0 ? '' : ` and enforce = ${JSON.stringify(enforce)}`;
  return `mode = "${mode}"${part}`;
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The text with the mode that was named. Throws OperatorError if it cannot be set there. */
function changed(file: string, before: string, old: Wanted, { mode, enforce }: Wanted): Changed {
  const list = enforce.length === 0 ? undefined : `[${enforce.map(quoted).join(', ')}]`;
  const part = sameList(old.enforce, enforce) ? before : withSetting(before, enforcePlace, list);
  const after = old.mode === mode ? part : withSetting(part, place, JSON.stringify(mode));
  const { config, oldNames } = parseConfig(after, file);
  warnOldNames({ file, oldNames });
  if (config.mode === mode && sameList(config.enforce, enforce)) return { after, mode, enforce };
  throw new OperatorError(
    'config-not-changed',
    `${file} has mode or enforce in a form that cannot be changed`,
    {
      hint:
        `set mode = "${mode}"${list === undefined ? '' : ` and enforce = ${list}`} in it ` +
        'yourself, then: systemctl reload postern',
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
  const { enforce, mode } = parseConfig(kept.before, file).config;
  return { after: kept.before, mode, enforce };
}

const quoted = (text: string): string => JSON.stringify(text);

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

function doneText({ mode, enforce }: Wanted, takenOver: boolean, isUndone: boolean): string {
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
      : enforce.length > 0
        ? `The guard acts on ${enforce.join(', ')} now and observes all others.`
        : 'The guard only observes now: nothing is stopped. Suspensions that are real stay.';
  return `${now}${undo}\n`;
}
