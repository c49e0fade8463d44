/** `postern brake`: shows whether Postern doubts its own verdicts, pulls that brake and ends it. */
import type { Command } from 'commander';
import type { BrakeView } from '../core/brake/view.ts';
import { act } from './guard/act.ts';
import { connectToGuard } from './guard/client.ts';
import { becomeOwnerOf } from './guard/owner.ts';
import { stateDirectory } from './guard/run-file.ts';
import { plain } from './terminal/format.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from './terminal/help.ts';
import { print } from './terminal/print.ts';
import { paint } from './terminal/table.ts';

type Common = { readonly state?: string; readonly json?: true };
type SetOptions = Common & { readonly note: string; readonly stopsWereRight?: true };
type ReleaseOptions = Common & { readonly dryRun?: true };

const { done, notRunning } = exitCodes;
const notDone = [1, 'not everything could be released; the error says why'] as const;

export function register(program: Command): void {
  const brake = program
    .command('brake')
    .summary('whether Postern doubts its own verdicts')
    .description(
      'When more accounts are stopped within an hour than ever before, Postern assumes that ' +
        'Postern is wrong: a scanner, the clock, the ledger, the DNS. While this brake is on, no ' +
        'account is suspended, and a message is held only if two kinds of evidence agree. Fixed ' +
        'ceilings hold as before. It ends automatically after an hour without more stops than ' +
        'usual.',
    );
  status(brake);
  on(brake);
  off(brake);
  release(brake);
}

function status(brake: Command): void {
  brake
    .command('status', { isDefault: true })
    .summary('whether it is on, and what the stops have in common')
    .description('Shows whether the brake is on, why it came on, and what helps.')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({ examples: [['postern brake', '']], exits: [done, notRunning] }),
    )
    .action(async (options: Common, command: Command) => {
      becomeOwnerOf(stateDirectory(options.state));
      const admin = await connectToGuard(options.state);
      const view = await admin.read<BrakeView>('/brake');
      print(command, options.json === true ? jsonLine(view) : brakeStatusText(view));
    });
}

function on(brake: Command): void {
  brake
    .command('on')
    .summary('pull it by hand')
    .description('Pulls the brake. It stays on until `postern brake off`.')
    .option('--note <text>', 'why, for the audit trail', '')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['sudo postern brake on --note "new scanner rules"', '']],
        exits: [done, notRunning],
      }),
    )
    .action(async (options: SetOptions, command: Command) => {
      await act(command, options, '/brake/on', { note: options.note });
    });
}

function off(brake: Command): void {
  brake
    .command('off')
    .summary('end it: judge as before')
    .description(
      'Ends the brake. What a scanner or replies said while it was on is forgotten, because it ' +
        'was wrong. It may come on again automatically.',
    )
    .option(
      '--stops-were-right',
      'the accounts are hijacked: forget nothing, suspend as before, and stay off for 24 hours',
    )
    .option('--note <text>', 'why, for the audit trail', '')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['sudo postern brake off', 'the cause is repaired'],
          ['sudo postern brake off --stops-were-right', 'these accounts are hijacked'],
        ],
        exits: [done, notRunning],
      }),
    )
    .action(async (options: SetOptions, command: Command) => {
      const right = options.stopsWereRight === true;
      await act(command, options, '/brake/off', { right, note: options.note });
    });
}

function release(brake: Command): void {
  brake
    .command('release')
    .summary('deliver what was held for a fault of ours')
    .description(
      'Releases mail that was held in the last time of the brake, or in the hour before it, and ' +
        'that has no other evidence than what the stops have in common. Mail of suspended ' +
        'accounts stays held; the answer names them.',
    )
    .option('--dry-run', 'only say how many messages of which accounts')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern brake release --dry-run', 'how much it is'],
          ['sudo postern brake release', ''],
        ],
        exits: [done, notDone, notRunning],
      }),
    )
    .action(async (options: ReleaseOptions, command: Command) => {
      await act(command, options, '/brake/release', { dryRun: options.dryRun === true });
    });
}

/** The brake as text, with what helps. */
export function brakeStatusText(view: BrakeView): string {
  const { accounts, on: isOn, suspended, text, why } = view;
  const head = `${isOn ? paint('red', text) : text}\n`;
  const reasons =
    why.length === 0 ? '' : `\nIn common:\n${why.map((one) => `  ${plain(one)}\n`).join('')}`;
  const stopped =
    accounts.length === 0 ? '' : `\nStopped in the last hour: ${accounts.map(plain).join(', ')}\n`;
  const before =
    suspended.length === 0
      ? ''
      : 'Suspended in the day before, or only noted in mode observe: ' +
        `${suspended.map(plain).join(', ')}\n`;
  const next = isOn
    ? '\nWhen the cause is repaired:         sudo postern brake off\n' +
      'To deliver what was held for it:    sudo postern brake release\n' +
      'If these accounts are hijacked:     sudo postern brake off --stops-were-right\n'
    : '\nTo pull it:  sudo postern brake on\n';
  return `${head}${reasons}${stopped}${before}${next}`;
}
