/**
 * `postern install`: makes this Postern a service of the machine. `--undo` removes exactly what it
 * made, and keeps the configuration and the ledger unless `--purge` is given.
 */
import { existsSync } from 'node:fs';
import { stdout } from 'node:process';
import { type Command, Option } from 'commander';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { postconfPath } from '../../partners/postfix/postconf.ts';
import { programOutput } from '../../partners/program.ts';
import { guardKnows } from '../connect/postfix-facts.ts';
import { sendmailMustBeFree } from '../connect/sendmail.ts';
import { installedState } from '../guard/run-file.ts';
import { helpAfter } from '../terminal/help.ts';
import { type InstallPlace, installSteps, undoSteps } from './steps.ts';

export type InstallOptions = {
  readonly undo?: boolean;
  readonly purge?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  /** A folder used instead of `/`, for packages and tests. No user is made, no service started. */
  readonly root?: string;
};

export function register(program: Command, whole: () => Promise<Command>): void {
  program
    .command('install')
    .description(
      'Makes Postern a service: own user, /etc/postern, /var/lib/postern, systemd units (as root).',
    )
    .option('--undo', 'remove what install made; keeps /etc/postern and /var/lib/postern')
    .option('--purge', 'with --undo: also remove these two folders and the user postern')
    .option('--dry-run', 'show the steps without doing them')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'The service runs as its own user, without any capability. Commands that need root\n' +
          '(postsuper, doveadm kick) are made by postern-root, a short script behind a\n' +
          'socket that only this user may open.',
        examples: [
          ['sudo ./postern install', 'starts it too, in mode observe; or upgrades it'],
          ['postern install --dry-run', 'show every step'],
          ['sudo postern install --undo', ''],
        ],
        exits: [
          [0, 'done'],
          [71, 'a system tool failed'],
          [77, 'not root'],
          [78, 'an error in the configuration; with --undo: Postfix is still connected'],
        ],
      }),
    )
    .addOption(new Option('--root <dir>', 'a folder used instead of / (packages, tests)'))
    .action(async (options: InstallOptions) => {
      const say = (line: string): void => {
        if (options.json !== true) stdout.write(`${line}\n`);
      };
      const done = await install(options, say, whole);
      if (options.json === true) stdout.write(`${JSON.stringify({ done })}\n`);
    });
}

/**
 * Does the steps and says each one; answers with what was done. `whole`: opens the program with
 * every command, for its manual pages.
 */
export async function install(
  options: InstallOptions,
  say: (line: string) => void,
  whole: () => Promise<Command>,
): Promise<readonly string[]> {
  if (options.purge === true && options.undo !== true) {
    throw new OperatorError('usage', '--purge works only together with --undo', {
      exit: sysexits.usage,
    });
  }
  const place: InstallPlace = { root: options.root ?? '', staging: options.root !== undefined };
  if (!place.staging && options.dryRun !== true && process.getuid?.() !== 0) {
    throw new OperatorError('not-root', 'installing a service needs root', {
      hint: 'run: sudo ./postern install',
      exit: sysexits.noPerm,
    });
  }
  if (options.undo === true) {
    if (!place.staging) await sendmailMustBeFree();
    await mustBeDisconnected(place);
  }
  const steps =
    options.undo === true
      ? undoSteps(place, { purge: options.purge === true })
      : installSteps(place, whole);
  const done: string[] = [];
  for (const step of steps) {
    const happened = options.dryRun === true ? step.text : ((await step.run()) ?? step.text);
    say(happened);
    done.push(happened);
  }
  if (options.undo !== true && options.dryRun !== true) {
    say('Next: postern connect postfix, then postern checklist');
  }
  return done;
}

/** A Postfix that is still connected would answer "try again later" (451) to all mail. */
async function mustBeDisconnected(place: InstallPlace): Promise<void> {
  if (place.staging || !existsSync(postconfPath)) return;
  const known = (await guardKnows(installedState))?.instances ?? [];
  for (const directory of [undefined, ...known.map((one) => one.configDirectory)]) {
    if (!(await namesPostern(directory))) continue;
    const which = directory === undefined ? '' : ` --config-dir ${directory}`;
    const undo = `postern connect postfix --undo${which}`;
    throw new OperatorError('still-connected', 'Postfix is still connected to Postern', {
      hint: `disconnect Postfix first, otherwise all mail waits: ${undo}`,
      exit: sysexits.config,
    });
  }
}

/** `directory`: undefined for the machine's own Postfix. */
async function namesPostern(directory: string | undefined): Promise<boolean> {
  const at = directory === undefined ? [] : ['-c', directory];
  const args = [...at, '-h', 'smtpd_milters', 'non_smtpd_milters'];
  const signal = AbortSignal.timeout(10_000);
  const call = { program: postconfPath, args, signal, errors: 'complaint' } as const;
  const lines = await programOutput(call).catch(() => []);
  return lines.join(' ').includes('postern');
}
