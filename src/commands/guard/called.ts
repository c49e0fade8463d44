/** Finds out how this run of the program was called, for the hints that it prints. */
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type OwnCommand, usualCommand } from '../../core/own-command.ts';
import { installedConfig } from '../config/usual-config.ts';
import { home, installedHome, stateDirectory } from './run-file.ts';

/** Options that a hint repeats if they were given. */
const repeated = ['--state', '--config', '--config-dir'] as const;

/**
 * For texts that are read elsewhere, such as notices: nothing depends on the current folder.
 * `config`: the configuration that the guard was started with.
 */
export function commandAnywhere(state: string, config?: string): OwnCommand {
  const launcher = process.env['POSTERN_LAUNCHER'];
  const program = launcher === undefined || isOnPath(launcher) ? 'postern' : launcher;
  const isUsual = config === undefined || resolve(config) === installedConfig;
  const options = [
    ...(isUsualState(state) ? [] : [['--state', resolve(state)] as const]),
    ...(isUsual ? [] : [['--config', resolve(config)] as const]),
  ];
  return { program, options, sudo: 'as-said' };
}

/** For texts in this terminal. `words`: the command line after the program. */
export function commandHere(words: readonly string[]): OwnCommand {
  const launcher = process.env['POSTERN_LAUNCHER'];
  const options = repeated.flatMap((name) => {
    const value = optionValue(words, name);
    const isUsual = value === undefined || (name === '--state' && isUsualState(value));
    return isUsual ? [] : [[name, value] as const];
  });
  const state = options.find(([name]) => name === '--state')?.[1];
  const sudo = process.geteuid?.() === 0 ? 'never' : mayAsk(state) ? 'as-said' : 'always';
  if (launcher === undefined) return { ...usualCommand, options, sudo };
  const isHere = dirname(launcher) === process.cwd();
  const program = isOnPath(launcher) ? 'postern' : isHere ? './postern' : launcher;
  return { program, options, sudo };
}

/** The last one counts; undefined if it was not given, or in the words after `--`. */
function optionValue(words: readonly string[], name: string): string | undefined {
  const end = words.indexOf('--');
  const before = end === -1 ? words : words.slice(0, end);
  const at = before.findLastIndex((word) => word === name || word.startsWith(`${name}=`));
  const word = before[at];
  return word === name ? before[at + 1] : word?.slice(name.length + 1);
}

/** True if a command finds this folder without --state. */
function isUsualState(state: string): boolean {
  return resolve(state) === resolve(stateDirectory(undefined));
}

/** Is there a `postern` on the path that is this very program? */
function isOnPath(launcher: string): boolean {
  if (home === installedHome) return true;
  return (process.env['PATH'] ?? '').split(':').some((folder) => {
    const path = join(folder, 'postern');
    return folder.startsWith('/') && existsSync(path) && realpathSync(path) === launcher;
  });
}

/** False if the folder's owner is another user, who lets nobody look in. */
function mayAsk(state: string | undefined): boolean {
  const folder = stateDirectory(state);
  if (!existsSync(folder)) return true;
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
