/**
 * `postern accounts release`: ends a suspension. The operator says what it was, which decides
 * whether held mail stays held or is delivered.
 */
import { type Command, Option } from 'commander';
import { releaseCommands } from '../../core/release-commands.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { act } from '../guard/act.ts';
import { accountPath } from '../guard/client.ts';
import { exitCodes, helpAfter, stateHelp } from '../terminal/help.ts';
import { noteOption } from '../terminal/options.ts';
import { warn } from '../terminal/print.ts';

type Options = {
  readonly state?: string;
  readonly json?: true;
  readonly note?: string;
  readonly hijacked?: true;
  readonly falseAlarm?: true;
  /** The name of `hijacked` in version 0.1. */
  readonly keepHeld?: true;
};

const { done, notRunning } = exitCodes;
const notDone = [1, 'the guard could not do it; the error says why'] as const;

export function registerRelease(accounts: Command): void {
  const command = accounts
    .command('release')
    .summary('let a suspended account send again')
    .description(
      'Ends a suspension: the account may send again and its login opens. Say what it was: with ' +
        '--hijacked, what is held and what was pulled back from the queue stays held; with ' +
        '--false-alarm, all held mail of the account is delivered.',
    )
    .argument('<name>', 'name of the account')
    .option('--hijacked', 'it was hijacked, and its password is changed: held mail stays held')
    .addOption(
      new Option(
        '--false-alarm',
        'it was honest mail: all held mail is delivered, and counts as normal from now on',
      ).conflicts(['hijacked', 'keepHeld']),
    )
    .addOption(new Option('--keep-held', 'the old name of --hijacked').hideHelp())
    .option('--note <text>', 'what you found; kept in the history', noteOption)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern accounts release joe@example.org --hijacked', 'once the password is changed'],
          ['postern accounts release press@example.org --false-alarm', 'it was honest mail'],
          ['postern held list --account joe@example.org', 'see what stayed held'],
          ['postern held drop --account joe@example.org', 'delete it'],
          ['postern held release --account joe@example.org', 'or deliver it'],
        ],
        exits: [
          done,
          notDone,
          [64, 'neither or both of --hijacked and --false-alarm; nothing was changed'],
          notRunning,
        ],
        notes:
          'After a hijack, change the password first. Postern learns nothing from the attack;\n' +
          'the same amount of mail to new recipients would suspend the account again. With\n' +
          '--false-alarm that amount passes from now on: never use it for mail that the owner\n' +
          'did not send. --keep-held is the old name of --hijacked.\n\n' +
          'Without one of them, a script that no terminal runs (cron) still gets what version\n' +
          '0.1 did, with a warning: what was pulled back from the queue is delivered. A later\n' +
          'version ends with 64 there too.',
      }),
    );
  command.action((name: string, options: Options) => {
    const { falseAlarm = false, note } = options;
    const keepHeld = options.hijacked === true || options.keepHeld === true;
    if (!keepHeld && !falseAlarm) mayStayUnsaid(command, name);
    // The guard of version 0.1 knows only this name, and may still run after an upgrade.
    const body = { ...(note === undefined ? {} : { note }), falseAlarm, keepHeld };
    return act(command, options, accountPath(name, 'release'), body);
  });
}

/** A person is asked to say what it was. What nobody reads gets a warning, in this version. */
function mayStayUnsaid(command: Command, name: string): void {
  const { falseAlarm, hijacked } = releaseCommands(name);
  if (process.stdin.isTTY) {
    throw new OperatorError('release-unsaid', 'say what it was; nothing was changed', {
      hint:
        'It was hijacked, and its password is changed (held mail stays held):\n' +
        `  ${hijacked}\nIt was honest mail (all held mail is delivered):\n  ${falseAlarm}`,
      exit: sysexits.usage,
    });
  }
  warn(
    command,
    'postern: warning: without --hijacked or --false-alarm, mail that was pulled back from the ' +
      `queue is delivered, also spam. A later version refuses this. Say: ${hijacked}\n`,
  );
}
