/** `postern drill`: live fire. Shows on the real mail server that a hijacked account is stopped. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { drillText } from '../../core/drill/report.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { act } from '../guard/act.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print } from '../terminal/print.ts';
import { keepDrill, lastDrill } from './last-report.ts';
import { runDrill } from './run-drill.ts';
import { registerSetup } from './setup.ts';

type LastOptions = { readonly state?: string; readonly json?: true };
type RunOptions = LastOptions & { readonly config?: string; readonly undo?: true };

export function register(program: Command): void {
  const drill = program
    .command('drill')
    .summary('live fire: is a hijacked account really stopped?')
    .description(
      'Lets a canary account send through the real submission port, and looks at each link of ' +
        'the chain: hold, suspension, queue, login, release, and every channel for notices. ' +
        'Nothing leaves this server.',
    );
  run(drill);
  last(drill);
  registerSetup(drill);
}

function run(drill: Command): void {
  const command = drill
    .command('run')
    .summary('run a drill now')
    .description(
      'Tries each link, and says first which one is broken and how to fix it. A link that ' +
        'another broken one hides is shown as not reached, and never counts as working. You get ' +
        'one notice by each channel, which says DRILL.',
    )
    .option('--config <file>', 'configuration of the guard (default: /etc/postern/postern.toml)')
    .option('--state <dir>', stateHelp)
    .option('--undo', 'run nothing; remove what a drill left: mail of the canary, a closed login')
    .option('--json', 'one JSON object: the report')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'Accounts, statistics, providers and the baseline learn nothing from a drill. The\n' +
          'guard removes what is left, even if this command is killed. In mode observe the\n' +
          'drill stops the canary all the same: it is nobody’s account.',
        examples: [
          ['sudo postern drill run', 'takes some 10 seconds'],
          ['sudo postern drill run --json | jq \'.links[] | select(.state != "fine")\'', ''],
        ],
        exits: [
          [0, 'every link works'],
          [1, 'a link is broken, or was not reached'],
          [69, 'with --undo: the guard is not running'],
          [75, 'another drill runs'],
          [78, 'no canary is set in [drill]'],
        ],
      }),
    );
  command.action(async (options: RunOptions) => {
    if (options.undo === true) {
      await act(command, options, '/drill/end');
      return;
    }
    const state = stateDirectory(options.state);
    becomeOwnerOf(state);
    const { config } = loadConfig(options.config ?? usualConfig());
    if (config.drill.account === '') throw noCanary();
    const host = config.host === '' ? hostname() : config.host;
    const report = await runDrill({ config, state, host });
    keepDrill(state, report);
    print(command, options.json === true ? jsonLine(report) : drillText(report));
    if (!report.fine) process.exitCode = 1;
  });
}

function last(drill: Command): void {
  const command = drill
    .command('last')
    .summary('show the report of the last drill')
    .description('Shows when the last drill ran, and which links worked.')
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object: the report')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern drill last', '']],
        exits: [
          [0, 'every link worked'],
          [1, 'a link was broken, or was not reached'],
          [66, 'no drill was run yet'],
        ],
      }),
    );
  command.action((options: LastOptions) => {
    const state = stateDirectory(options.state);
    becomeOwnerOf(state);
    const report = lastDrill(state);
    if (report === undefined) {
      throw new OperatorError('no-drill', 'no drill was run yet', {
        hint: 'sudo postern drill run',
        exit: sysexits.noInput,
      });
    }
    const when = `At ${new Date(report.at).toISOString()}.\n`;
    print(command, options.json === true ? jsonLine(report) : when + drillText(report));
    if (!report.fine) process.exitCode = 1;
  });
}

function noCanary(): OperatorError {
  return new OperatorError('no-canary', 'no canary account is set in [drill]', {
    hint: 'what a drill needs: postern drill setup --help',
    exit: sysexits.config,
  });
}
